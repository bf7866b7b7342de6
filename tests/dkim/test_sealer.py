"""ARC sets of ``Sealer``, checked by dkimpy against the published keys."""

import dkim
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from daptinmail.dkim.sealer import Sealer
from daptinmail.interfaces.storage import Content
from daptinmail.interfaces.tls import ISealer, SigningKey
from tests.dkim.support import Keys, pem_of, published, rsa_key
from tests.support.runtime import SteadyClock, SynchronousBlocking

MESSAGE = (
    b"Received: from a by b; Fri, 02 Jan 2026 03:04:05 +0000\r\nDKIM-Signature: v=1; d=example.org; b=xyz\r\n"
    b"From: Ann <ann@example.org>\r\nTo: bob@first.test\r\nSubject: Tea\r\n\r\nAt  five.  \r\n\r\n\r\n"
)
RESULTS = "first.test;\r\n spf=pass smtp.mailfrom=ann@example.org;\r\n dkim=pass header.d=example.org"


class SealerTests(SynchronousTestCase):
    """``Sealer.seal``."""

    def setUp(self) -> None:
        keys = {name: SigningKey(name, "d1", pem_of(rsa_key())) for name in ("first.test", "second.test")}
        keys["broken.test"] = SigningKey("broken.test", "d1", b"no key")
        self.sealer = Sealer(Keys(keys), SynchronousBlocking(), SteadyClock())

    def sealed(self, domain: str, message: bytes, results: str = RESULTS) -> bytes:
        """The message with its new set on top."""
        content = Content(len(message), message)
        return self.successResultOf(Deferred.fromCoroutine(self.sealer.seal(domain, content, results))) + message

    def verify(self, message: bytes) -> tuple[bytes, int]:
        """What a receiver finds, and how many sets."""
        validity, sets, _ = dkim.arc_verify(message, dnsfunc=published(rsa_key(), []))
        return validity, len(sets)

    def test_provides(self) -> None:
        """It is a sealer."""
        verifyObject(ISealer, self.sealer)

    def test_first_set(self) -> None:
        """A message without a chain begins one; our results are told as they are."""
        message = self.sealed("first.test", MESSAGE)
        self.assertEqual(self.verify(message), (b"pass", 1))
        self.assertIn(b"ARC-Authentication-Results: i=1; first.test;\r\n spf=pass smtp.mailfrom=", message)
        self.assertIn(b"cv=none", message)
        self.assertEqual(self.verify(message.replace(b"Tea", b"Beer"))[0], b"fail")

    def test_next_sets(self) -> None:
        """The chain grows, and all of it is covered."""
        message = MESSAGE
        for number, domain in enumerate(("first.test", "second.test", "first.test"), 1):
            message = self.sealed(domain, b"Received: from hop by hop; now\r\n" + message)
            self.assertEqual(self.verify(message), (b"pass", number))
        self.assertEqual(self.verify(message.replace(b"i=1; first.test", b"i=1; other.test"))[0], b"fail")

    def test_no_key(self) -> None:
        """Without a key that can be used nothing is added."""
        for domain in ("example.net", "broken.test"):
            self.assertEqual(self.sealed(domain, MESSAGE), MESSAGE)

    def test_chain_that_cannot_go_on(self) -> None:
        """A broken chain is left as it is, as is one of 50 sets."""
        message = self.sealed("first.test", MESSAGE)
        broken = message.replace(b"cv=none", b"cv=fail")
        doubled = message.partition(b"\r\nReceived:")[0] + b"\r\n" + message
        for one in (broken, doubled):
            self.assertEqual(self.sealed("second.test", one), one)
        for _ in range(49):
            message = self.sealed("second.test", message)
        self.assertIn(b"i=50;", message)
        self.assertEqual(self.sealed("second.test", message), message)

    def test_results_cannot_break_out(self) -> None:
        """Whatever stands in the results stays in its field."""
        message = self.sealed("first.test", MESSAGE, "first.test; x\r\nBcc: victim@example.net\r\n\r\nbody")
        self.assertNotIn(b"\r\nBcc:", message)
        self.assertEqual(self.verify(message), (b"pass", 1))
