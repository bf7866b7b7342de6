"""Trace fields, and what must never get into them."""

from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.mail.address import Address
from daptinmail.mail.trace import count_received, format_date, received_field, return_path_field

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
TRAIL = UUID("01980000-0000-7000-8000-000000000001")


def stamped(helo: str = "client.test", ip: str = "192.0.2.1", protocol: str = "ESMTPS", cipher: str = "X") -> bytes:
    """A Received field."""
    return received_field(
        helo=helo, ip=ip, by="mx.test", protocol=protocol, trail=TRAIL, now=NOW, tls="TLSv1.3", cipher=cipher
    )


class ReceivedTests(SynchronousTestCase):
    """``received_field``."""

    def test_full(self) -> None:
        """All clauses, in the order of RFC 5321 §4.4."""
        field = received_field(
            helo="client.test",
            ip="2001:db8::1",
            by="mx.test",
            protocol="ESMTPSA",
            trail=TRAIL,
            now=NOW,
            recipient=Address("bob", "example.test"),
            tls="TLSv1.3",
            cipher="TLS_AES_256_GCM_SHA384",
        )
        self.assertEqual(
            field,
            b"Received: from client.test ([IPv6:2001:db8::1])\r\n"
            b" by mx.test with ESMTPSA (version=TLSv1.3 cipher=TLS_AES_256_GCM_SHA384)\r\n"
            b" id 01980000000070008000000000000001\r\n"
            b" for <bob@example.test>;\r\n"
            b" Fri, 02 Jan 2026 03:04:05 +0000\r\n",
        )

    def test_least(self) -> None:
        """Without greeting, address and TLS the field still says what is known."""
        field = received_field(helo="", ip="", by="mx.test", protocol="HTTP", trail="abc", now=NOW)
        self.assertEqual(
            field,
            b"Received: from unknown\r\n by mx.test with HTTP\r\n id abc;\r\n Fri, 02 Jan 2026 03:04:05 +0000\r\n",
        )

    def test_header_injection(self) -> None:
        """A greeting, protocol or cipher cannot add a field, a line or a comment."""
        clean = message_from_bytes(stamped())
        for evil in ("a\r\nBcc: x@y.test", "a\nX: y", "a\rb", "a\0b", "a) (b", "a; b", "ä\u2028b"):
            for field in (stamped(helo=evil), stamped(ip=evil), stamped(protocol=evil), stamped(cipher=evil)):
                message = message_from_bytes(field)
                self.assertEqual(message.keys(), clean.keys())
                self.assertEqual(field.count(b"\r\n"), stamped().count(b"\r\n"))
                self.assertEqual((field.count(b"("), field.count(b";")), (field.count(b")"), 1))

    def test_address_with_controls_is_refused(self) -> None:
        """An address that was not parsed cannot carry a line end into a field."""
        evil = Address("a\r\nX: y", "b.test")
        self.assertRaises(ValueError, return_path_field, evil)
        self.assertRaises(
            ValueError,
            received_field,
            helo="a",
            ip="",
            by="b",
            protocol="SMTP",
            trail=TRAIL,
            now=NOW,
            recipient=evil,
        )

    @given(st.text(max_size=300), st.text(max_size=60), st.text(max_size=60))
    def test_any_text(self, helo: str, ip: str, protocol: str) -> None:
        """Whatever the client says, the field is one field of short ASCII lines."""
        field = stamped(helo, ip, protocol)
        self.assertTrue(field.isascii())
        lines = field.split(b"\r\n")
        self.assertEqual(len(lines), 5)
        self.assertTrue(all(line.startswith(b" ") for line in lines[1:-1]))
        self.assertLess(max(map(len, lines)), 500)


class OtherTraceTests(SynchronousTestCase):
    """Return-Path, hop count, dates."""

    def test_return_path(self) -> None:
        """The return-path in angle brackets; empty for bounces."""
        self.assertEqual(return_path_field(None), b"Return-Path: <>\r\n")
        self.assertEqual(return_path_field(Address("a b", "c.test")), b'Return-Path: <"a b"@c.test>\r\n')
        self.assertEqual(return_path_field(Address("jörg", "c.test")), "Return-Path: <jörg@c.test>\r\n".encode())

    def test_count_received(self) -> None:
        """Hops are counted whatever the case; look-alikes are not."""
        header = b"Received: a\r\nreceived : b\r\n\tReceived: folded\r\nX-Received: c\r\nReceived-SPF: d\r\n\r\n"
        self.assertEqual(count_received(header), 2)

    def test_dates(self) -> None:
        """Dates keep their zone; one without a zone is a fault."""
        self.assertEqual(format_date(NOW.astimezone(timezone(timedelta(hours=-7)))), "Thu, 01 Jan 2026 20:04:05 -0700")
        self.assertRaises(ValueError, format_date, NOW.replace(tzinfo=None))
