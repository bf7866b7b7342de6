"""The promises of ``IMailboxListener``."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from daptinmail.interfaces.messages import IMailboxListener


class MailboxListenerContract(SynchronousTestCase):
    """Give ``listener``, which listens to the mailbox ``mine``, and ``heard``."""

    listener: Any
    mine: int

    def heard(self) -> bool:
        """True if it knows that there is something new."""
        raise NotImplementedError

    def test_contract_changed(self) -> None:
        """It hears of a change, and may hear of it twice."""
        verifyObject(IMailboxListener, self.listener)
        self.listener.mailbox_changed(self.mine, 1000)
        self.assertTrue(self.heard())
        self.listener.mailbox_changed(self.mine, 1000)

    def test_contract_never_raises(self) -> None:
        """Late news, and news of other mailboxes, hurt nobody."""
        self.listener.mailbox_changed(self.mine + 1, 5)
        self.listener.mailbox_deleted(self.mine + 1)
        self.listener.mailbox_deleted(self.mine)
        self.listener.mailbox_changed(self.mine, 1001)
        self.listener.mailbox_deleted(self.mine)
