"""Signatures of ``Signer``, checked by dkimpy against the published key."""

import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import dkim
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from daptinmail.dkim.selection import IF_PRESENT
from daptinmail.dkim.signer import Signer, read_content
from daptinmail.interfaces.storage import Content
from daptinmail.interfaces.tls import ISigner, SigningKey
from tests.dkim.support import Keys, pem_of, published, rsa_key
from tests.support.runtime import SteadyClock, SynchronousBlocking

MESSAGE = (
    b"Return-Path: <ann@example.test>\r\nReceived: from a by b; Fri, 02 Jan 2026 03:04:05 +0000\r\n"
    b"From: Ann <ann@example.test>\r\nTo: bob@example.net\r\nSubject: Tea\r\n"
    b"Date: Fri, 02 Jan 2026 03:04:05 +0000\r\nMessage-ID: <1@example.test>\r\n\r\nAt  five.  \r\n\r\n\r\n"
)


def in_memory(octets: bytes) -> Content:
    """A small content."""
    return Content(len(octets), octets)


class SignerTests(SynchronousTestCase):
    """``Signer.sign``."""

    def setUp(self) -> None:
        self.keys = Keys({"example.test": SigningKey("example.test", "d1", pem_of(rsa_key()))})
        self.signer = Signer(self.keys, SynchronousBlocking(), SteadyClock(datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)))
        self.asked: list[bytes] = []

    def sign(self, content: Content, domain: str = "example.test") -> bytes:
        """The signature field."""
        return self.successResultOf(Deferred.fromCoroutine(self.signer.sign(domain, content)))

    def verifies(self, message: bytes) -> bool:
        """What a receiver finds."""
        return bool(dkim.verify(message, dnsfunc=published(rsa_key(), self.asked)))

    def assert_signed(self, message: bytes) -> bytes:
        """Sign, check, and answer the field."""
        signature = self.sign(in_memory(message))
        self.assertTrue(self.verifies(signature + message), message[:200])
        return signature

    def test_provides(self) -> None:
        """It is a signer."""
        verifyObject(ISigner, self.signer)

    def test_small(self) -> None:
        """A receiver can verify a small message with the published key of the selector."""
        self.assert_signed(MESSAGE)
        self.assertEqual(self.asked, [b"d1._domainkey.example.test."])

    def test_form(self) -> None:
        """The field names domain, selector, time and algorithm, in lines that any hop takes."""
        signature = self.assert_signed(MESSAGE)
        self.assertTrue(signature.startswith(b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n"))
        self.assertIn(b" d=example.test; s=d1; t=1577934245;", signature)
        self.assertTrue(signature.endswith(b"\r\n"))
        self.assertLessEqual(max(map(len, signature.split(b"\r\n"))), 78)

    def test_eight_bit(self) -> None:
        """8-bit header and body are signed as they are."""
        self.assert_signed("From: Jörg <j@example.test>\r\nSubject: Grüße\r\n\r\nüber\r\n".encode())
        self.assert_signed(b"From: a@example.test\r\nSubject: \xff\xfe\r\n\r\n\xff\xfe\r\n")

    def test_no_body(self) -> None:
        """A message that ends with its header can be verified."""
        self.assert_signed(b"From: a@example.test\r\n\r\n")
        self.assert_signed(b"From: a@example.test\r\n")

    def test_empty_lines(self) -> None:
        """Empty lines at the end do not count."""
        self.assert_signed(b"From: a@example.test\r\n\r\n\r\n\r\n")
        self.assert_signed(b"From: a@example.test\r\n\r\n\r\nx \r\n \r\n\r\n")

    def test_long_folds(self) -> None:
        """Fields of many folded lines can be verified."""
        addresses = b",\r\n\t ".join(b"someone%d@example.net" % number for number in range(500))
        self.assert_signed(
            b"From: a@example.test\r\nTo: " + addresses + b"\r\nSubject:\r\n folded\r\n\tonce\r\n\r\nx\r\n"
        )

    def test_last_line_without_end(self) -> None:
        """A body that does not end in CRLF can be verified."""
        self.assert_signed(b"From: a@example.test\r\n\r\nx ")

    def test_every_listed_field(self) -> None:
        """Mailing list and MIME fields are covered; a long list of names is folded."""
        message = b"From: a@example.test\r\n" + b"".join(name.title() + b": x\r\n" for name in IF_PRESENT) + b"\r\n"
        signature = self.assert_signed(message)
        for name in IF_PRESENT:
            self.assertIn(name, signature)
        self.assertLessEqual(max(map(len, signature.split(b"\r\n"))), 78)

    def test_many_domains(self) -> None:
        """Signing for more domains than keys are kept loaded works all the same."""
        self.signer.private_keys.max_keys = 2
        for number in range(4):
            pem = pem_of(rsa_key()) + b"\n" * number
            self.keys.keys["example.test"] = SigningKey("example.test", "d1", pem)
            self.assertNotEqual(self.sign(in_memory(MESSAGE)), b"")

    def test_bad_selector(self) -> None:
        """A domain or selector that DNS cannot hold sends unsigned."""
        for domain, selector in (("example..test", "d1"), ("example.test", "x" * 64), ("example.test", "")):
            self.keys.keys["example.test"] = SigningKey(domain, selector, pem_of(rsa_key()))
            self.assertEqual(self.sign(in_memory(MESSAGE)), b"", (domain, selector))

    def test_selector_injection(self) -> None:
        """A selector from the configuration cannot add tags or fields."""
        for selector in ("d1; d=bank.test", "d1\r\nBcc: x", "d 1", "d1:"):
            self.keys.keys["example.test"] = SigningKey("example.test", selector, pem_of(rsa_key()))
            self.assertEqual(self.sign(in_memory(MESSAGE)), b"", selector)

    def test_added_from_breaks_it(self) -> None:
        """Nobody can add a From, a To or a Subject to a signed message."""
        for field in (b"From: eve@example.test\r\n", b"To: x@y.test\r\n", b"Subject: Pay\r\n"):
            signature = self.sign(in_memory(MESSAGE))
            self.assertFalse(self.verifies(signature + field + MESSAGE), field)

    def test_changed_body_breaks_it(self) -> None:
        """A changed word is found out."""
        self.assertFalse(self.verifies(self.sign(in_memory(MESSAGE)) + MESSAGE.replace(b"five", b"four")))

    def test_added_trace_is_harmless(self) -> None:
        """The next hop's Received does not break the signature."""
        signature = self.sign(in_memory(MESSAGE))
        self.assertTrue(self.verifies(b"Received: from x by y; now\r\n" + signature + MESSAGE))

    @settings(deadline=None, max_examples=40)
    @given(st.lists(st.sampled_from([b"a", b" ", b"\t", b"\r\n", b"\r\n.", b"\xc3", b"Subject:"]), max_size=40))
    def test_any_body(self, pieces: list[bytes]) -> None:
        """Whatever the body is, the signature verifies."""
        self.assert_signed(b"From: a@example.test\r\nSubject: x\r\n\r\n" + b"".join(pieces))

    def test_spooled(self) -> None:
        """A spooled content with a prefix is signed as the whole that will be sent."""
        prefix, rest = MESSAGE[:100], MESSAGE[100:]
        path = Path(self.mktemp())
        path.write_bytes(rest)
        signature = self.sign(Content(len(rest), path=path, prefix=prefix))
        self.assertTrue(self.verifies(signature + MESSAGE))
        self.assertEqual(signature, self.sign(in_memory(MESSAGE)))

    def test_large_spooled_content_stays_on_disk(self) -> None:
        """Signing 20 MB takes a few MB of memory at most."""
        path = Path(self.mktemp())
        with path.open("wb") as file:
            file.write(MESSAGE)
            for _ in range(320):
                file.write(b"Some  text of a  large message.\r\n" * 2000)
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        signature = self.sign(Content(path.stat().st_size, path=path))
        self.assertLess(tracemalloc.get_traced_memory()[1], 4_000_000)
        self.assertIn(b" bh=", signature)

    def test_megabyte(self) -> None:
        """A message of a megabyte can be verified."""
        self.assert_signed(MESSAGE + b"Some  text \t of a message. \r\n" * 36_000)

    def test_no_key(self) -> None:
        """A domain without a key sends unsigned."""
        self.assertEqual(self.sign(in_memory(MESSAGE), "other.test"), b"")

    def test_broken_key(self) -> None:
        """A key that is broken or of another kind never stops a message; the log says why."""
        elliptic = ec.generate_private_key(ec.SECP256R1())
        other = elliptic.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        for pem in (b"", b"junk", other):
            self.keys.keys["example.test"] = SigningKey("example.test", "d1", pem)
            with capturedLogs() as logged:
                self.assertEqual(self.sign(in_memory(MESSAGE)), b"")
            self.assertEqual([event["domain"] for event in logged], ["example.test"])

    def test_new_key_signs_the_next_message(self) -> None:
        """After a new key is made, it signs at once."""
        self.assert_signed(MESSAGE)
        self.keys.keys["example.test"] = SigningKey("example.test", "d2", pem_of(rsa_key(1024)))
        signature = self.sign(in_memory(MESSAGE))
        self.assertTrue(dkim.verify(signature + MESSAGE, dnsfunc=published(rsa_key(1024), self.asked)))

    def test_international_domain(self) -> None:
        """A domain in Unicode is named by its A-labels (RFC 6376 §3.5)."""
        self.keys.keys["bücher.test"] = SigningKey("bücher.test", "d1", pem_of(rsa_key()))
        self.assertIn(b"d=xn--bcher-kva.test;", self.sign(in_memory(MESSAGE), "bücher.test"))

    def test_unsignable_content(self) -> None:
        """No From, an endless header or a header bomb: unsigned, not an error, and soon."""
        for octets in (
            b"",
            b"\r\n",
            b"Subject: x\r\n\r\n",
            b"From: a@b.test\r\n" + b"X: y\r\n" * 2000 + b"\r\n",
            b"From: a@b.test\r\nX: " + b"y" * (1 << 20) + b"\r\n\r\n",
        ):
            self.assertEqual(self.sign(in_memory(octets)), b"")

    def test_header_across_pieces(self) -> None:
        """Where a spooled header is cut makes no difference."""
        octets = b"From: a@example.test\r\nX-Long: " + b"y" * 300_000 + b"\r\n\r\nbody\r\n"
        path = Path(self.mktemp())
        path.write_bytes(octets)
        self.assertEqual(read_content(Content(len(octets), path=path)), read_content(in_memory(octets)))
