"""The ``reindex`` sub-command inside."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from daptinmail.errors import Unavailable
from daptinmail.interfaces.storage import ITransaction
from daptinmail.services.offline import OfflineCommand
from daptinmail.services.reindex import reindex
from daptinmail.settings import Boot
from tests.support.runtime import SynchronousBlocking
from tests.support.stored import Stored


class ReindexTests(SynchronousTestCase):
    """Over a store in memory."""

    def setUp(self) -> None:
        self.stored = Stored.in_memory()
        self.said: list[str] = []
        self.ends: list[int | str] = []

    def run_over(self, store: Any) -> None:
        """Run the command to its end."""
        ground = SimpleNamespace(blocking=SynchronousBlocking(), storage=self.stored.storage)
        reactor = SimpleNamespace(stop=lambda: self.ends.append("stop"))
        boot = Boot(Path("unused"), "unused")
        service = OfflineCommand(boot, reactor, "reindex", reindex, self.said.append, self.ends.append)
        texts = SimpleNamespace(discard=self.discarded)
        domain = SimpleNamespace(store=store, texts=texts)
        service._parts = SimpleNamespace(ground=ground, domain=domain)  # type: ignore[assignment] # the least it asks for
        service._begin()

    async def discarded(self) -> None:
        """The text index is removed."""
        self.ends.append("index")

    def test_progress(self) -> None:
        """Each account is named with its number, mailbox by mailbox, and what was found."""

        def accounts(transaction: ITransaction) -> None:
            for name in ("ann@example.test", "bob@example.test"):
                self.stored.open_account(transaction, name)

        self.stored.now(accounts)
        self.run_over(self.stored.store)
        self.assertEqual(self.said[0], "reindex: 1/2 ann@example.test: 0/6 mailboxes")
        self.assertIn("reindex: 1/2 ann@example.test: 6/6 mailboxes", self.said)
        self.assertEqual(self.said[-1], "reindex: 2/2 bob@example.test: 0 messages found")
        self.assertEqual(self.ends, ["index", "stop"])

    def test_failed(self) -> None:
        """What goes wrong is said, and the exit code tells it too."""

        def clear() -> None:
            raise Unavailable("disk failure")

        self.run_over(SimpleNamespace(clear=clear))
        self.assertEqual((self.said, self.ends), (["reindex: failed: disk failure"], [1, "stop"]))
        self.assertEqual(len(self.flushLoggedErrors(Unavailable)), 1)
