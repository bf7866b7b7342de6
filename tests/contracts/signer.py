"""The promises of ``ISigner``."""

from collections.abc import Awaitable
from typing import TypeVar

from twisted.internet.defer import ensureDeferred
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from daptinmail.interfaces.storage import Content
from daptinmail.interfaces.tls import ISigner

T = TypeVar("T")

MESSAGE = b"From: ann@example.test\r\nSubject: Tea\r\n\r\nAt five.\r\n"


class SignerContract(SynchronousTestCase):
    """Kept by every provider. ``signer`` signs for example.test and for no other domain."""

    signer: ISigner

    def now(self, awaitable: Awaitable[T]) -> T:
        """The result, which must be there already."""

        async def wait() -> T:
            return await awaitable

        return self.successResultOf(ensureDeferred(wait()))

    def test_provides_interface(self) -> None:
        """It provides ISigner."""
        self.assertTrue(verifyObject(ISigner, self.signer))

    def test_field(self) -> None:
        """A content of a known domain gets one whole field that names the domain."""
        signature = self.now(self.signer.sign("example.test", Content(len(MESSAGE), MESSAGE)))
        self.assertTrue(signature.startswith(b"DKIM-Signature: "))
        self.assertIn(b"d=example.test;", signature)
        self.assertTrue(signature.endswith(b"\r\n"))
        lines = signature.removesuffix(b"\r\n").split(b"\r\n")
        self.assertTrue(all(line.startswith(b" ") for line in lines[1:]))

    def test_unknown_domain(self) -> None:
        """A domain without a key gets nothing; that is no error."""
        self.assertEqual(self.now(self.signer.sign("other.test", Content(len(MESSAGE), MESSAGE))), b"")
