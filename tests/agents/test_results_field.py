"""The Authentication-Results field (RFC 8601)."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.agents.results_field import results_field, without_forged
from daptinmail.interfaces.screening import Check
from daptinmail.mail.header import find_fields, header_end

OURS = ("mx.example.com", "mail.example.com")


class StampTests(SynchronousTestCase):
    """Ours."""

    def test_field(self) -> None:
        """Each result begins a line; values that are no plain words are quoted."""
        field = results_field(
            "mx.example.com",
            (
                Check("spf", "pass", "", (("smtp.mailfrom", "ann@example.org"),)),
                Check("dkim", "fail", 'body "hash"', (("header.d", "example.org"), ("header.s", "d 1"))),
                Check("iprev", "pass", "", (("policy.iprev", "2001:db8::1"),)),
            ),
        )
        self.assertEqual(
            field,
            b"Authentication-Results: mx.example.com;\r\n"
            b" spf=pass smtp.mailfrom=ann@example.org;\r\n"
            b' dkim=fail reason="body \\"hash\\"" header.d=example.org header.s="d 1";\r\n'
            b" iprev=pass policy.iprev=2001:db8::1\r\n",
        )
        self.assertEqual(results_field("mx.example.com", ()), b"Authentication-Results: mx.example.com;\r\n none\r\n")

    def test_long(self) -> None:
        """Long results are folded, and what a stranger made long is cut."""
        check = Check("spf", "fail", "x" * 5000, (("smtp.mailfrom", "y" * 5000 + "@example.org"), ("smtp.helo", "h")))
        lines = results_field("mx.example.com", (check,)).split(b"\r\n")
        self.assertLess(max(map(len, lines)), 300)

    @given(st.text(), st.text(), st.text())
    def test_no_injection(self, reason: str, value: str, name: str) -> None:
        """Whatever a stranger wrote, the field is one field, and nothing begins a result that is not ours."""
        field = results_field(name, (Check("spf", "fail", reason, (("smtp.mailfrom", value),)),))
        found = list(find_fields(field))
        self.assertEqual([(one.start, one.end) for one in found], [(0, len(field))])
        self.assertEqual(header_end(field + b"\r\nbody"), len(field) + 2)
        field.decode()


class ForgeryTests(SynchronousTestCase):
    """Those of others that claim to be ours."""

    def assert_removed(self, *values: bytes) -> None:
        """A field with such a value goes, and nothing else does."""
        for value in values:
            header = b"Received: x\r\nAuthentication-Results:" + value + b"\r\nFrom: a@b\r\n\r\n"
            self.assertEqual(without_forged(header, OURS), b"Received: x\r\nFrom: a@b\r\n\r\n", value)

    def test_removed(self) -> None:
        """In any spelling that a reader of the field would take for our name."""
        self.assert_removed(
            b" mx.example.com; spf=pass",
            b"mail.example.com;none",
            b" MX.EXAMPLE.COM 1; spf=pass",
            b" (hello) mx.example.com (x) ; spf=pass",
            b' "mx.example.com"; spf=pass',
            b' "mx\\.example.com"; spf=pass',
            b"\r\n mx.example.com;\r\n spf=pass",
            b" mx.example.com.; spf=pass",
            b" mx.example.com",
            b" (nested (comment)) mx.example.com; x",
            b" (never closed mx.example.com; x",
            b"",
            b" ; spf=pass",
            b" " + b"(" * 500_000 + b")" * 500_000 + b" mx.example.com; spf=pass",
            b" " * 500_000 + b"mx.example.com; spf=pass",
        )

    def test_kept(self) -> None:
        """Results of others stay, as do fields that only look alike."""
        for line in (
            b"Authentication-Results: mx.other.example; spf=pass",
            b"Authentication-Results: mx.example.com.evil.example; spf=pass",
            b"Authentication-Results: xmx.example.com; spf=pass",
            b"ARC-Authentication-Results: i=1; mx.example.com; spf=pass",
            b"X-Authentication-Results: mx.example.com; spf=pass",
        ):
            header = b"Received: x\r\n" + line + b"\r\n\r\n"
            self.assertEqual(without_forged(header, OURS), header)

    def test_several(self) -> None:
        """All of them go, the order of the rest stays."""
        forged = b"authentication-results: mx.example.com; spf=pass\r\n"
        header = forged + b"A: 1\r\n" + forged + forged + b"B: 2\r\n" + forged + b"\r\n"
        self.assertEqual(without_forged(header, OURS), b"A: 1\r\nB: 2\r\n\r\n")
