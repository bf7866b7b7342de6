"""What every ``IScreening`` promises."""

from typing import Any

from twisted.internet.defer import Deferred
from zope.interface.verify import verifyObject

from daptinmail.interfaces.reception import Origin
from daptinmail.interfaces.screening import Action, IScreening, Verdict
from daptinmail.interfaces.storage import Content
from daptinmail.mail.address import Address
from daptinmail.mail.envelope import Envelope
from daptinmail.mail.header import HeaderSection, header_end
from tests.support.servers import mail_server

OUTSIDE = Origin(connection="c1", ip="192.0.2.7", helo="mx.example.org", server=mail_server())


class ScreeningContract:
    """Mix in with ``SynchronousTestCase``. ``screening`` screens ``OUTSIDE``."""

    screening: Any

    def screen(self: Any, content: bytes, return_path: Address | None) -> Verdict:
        """The verdict on a message."""
        header = HeaderSection(content[: header_end(content)])
        envelope = Envelope(return_path, (Address("bob", "example.com"),))
        held = Content(len(content), content)
        found: Verdict = self.successResultOf(
            Deferred.fromCoroutine(self.screening.screen(OUTSIDE, envelope, held, header))
        )
        return found

    def test_interface(self: Any) -> None:
        """It provides IScreening."""
        self.assertTrue(verifyObject(IScreening, self.screening))

    def test_anything_gets_a_verdict(self: Any) -> None:
        """Whatever the message is, there is a verdict, and a reply if and only if it is a refusal."""
        for content in (b"", b"\r\n", b"body only\r\n", b"From: a@example.org\r\n\r\nbody\r\n", b"From:\r\n" * 900):
            for return_path in (None, Address("a", "example.org"), Address("a", "[192.0.2.1]")):
                verdict = self.screen(content, return_path)
                self.assertEqual(verdict.reply is not None, verdict.action is Action.REFUSE)

    def test_names(self: Any) -> None:
        """The names that only this server may use are in lower case, and there is at least one."""
        names = self.screening.authserv_ids(OUTSIDE)
        self.assertTrue(names)
        self.assertEqual([name.lower() for name in names], list(names))
