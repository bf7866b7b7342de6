"""The same dialogues over the real store: the memory one promises nothing that it does not keep."""

from attrs import define, evolve, field

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
        number = self.stored.now(lambda transaction: self.stored.open_account(transaction, "ann@example.com"))
        self.account = evolve(self.account, id=number)
        self.directory._accounts["ann@example.com"] = self.account
        self.factory.store = self.stored.store

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
