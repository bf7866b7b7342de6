"""The same dialogues over the real store: the memory one promises nothing that it does not keep."""

from attrs import define, evolve, field

from daptinmail.interfaces.directory import Account
from daptinmail.interfaces.messages import IMessageStore
from tests.imap import test_session, test_updates
from tests.imap.session import Server
from tests.support.stored import Stored


@define(eq=False)
class StoredServer(Server):
    """A listener over Maildir++ and a database."""

    stored: Stored = field(factory=Stored.in_memory)

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self.account = self.add_account("ann@example.com")
        self.factory.store = self.stored.store
        self.factory.time = self.stored.clock

    def add_account(self, username: str) -> Account:
        """One more account with its mailboxes, and the same password."""
        account = super().add_account(username) if username != "ann@example.com" else self.account
        number = self.stored.now(lambda transaction: self.stored.open_account(transaction, username))
        account = self.directory._accounts[username] = evolve(account, id=number)
        return account

    def advance(self, seconds: float) -> None:
        """Time passes, for the store too."""
        super().advance(seconds)
        self.stored.clock.advance(seconds)

    @property
    def messages(self) -> IMessageStore:
        """The real store."""
        return self.stored.store

    def heard(self) -> bool:
        """True while somebody listens to a mailbox."""
        return bool(self.stored.store._listeners._listeners)


class WholeSessionTests(test_session.WholeSessionTests):
    """From login to logout."""

    def server(self) -> Server:
        return StoredServer()


class TwoSessionsTests(test_updates.TwoSessionsTests):
    """Two sessions on one mailbox."""

    def server(self) -> Server:
        return StoredServer()


class IdleTests(test_updates.IdleTests):
    """Push."""

    def server(self) -> Server:
        return StoredServer()
