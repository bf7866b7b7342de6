"""Who listens to a mailbox keeps the promises of ``IMailboxListener``."""

from tests.contracts import listener as contract
from tests.contracts.message_store_base import Listening
from tests.imap.session import Server, server_of


class SessionTests(contract.MailboxListenerContract):
    """An IMAP session with a selected mailbox."""

    def setUp(self) -> None:
        server = Server()
        client = server.select()
        self.listener = server_of(client).session
        self.mine = self.listener.selected.mailbox.id

    def heard(self) -> bool:
        """It will ask what is new."""
        return bool(self.listener.selected.dirty)


class ListeningTests(contract.MailboxListenerContract):
    """The one that tests of the store use."""

    mine = 1

    def setUp(self) -> None:
        self.listener = Listening()

    def heard(self) -> bool:
        """It wrote it down."""
        return bool(self.listener.heard)
