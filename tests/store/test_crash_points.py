"""kill -9 at every step of every change: what was acknowledged is there, nothing is half there."""

import errno
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from daptinmail.db.engine import open_engine
from daptinmail.db.migrate import migrate
from daptinmail.errors import Unavailable
from daptinmail.interfaces.messages import Delivery, FlagMode, Flags
from daptinmail.interfaces.storage import Content
from daptinmail.store.verify import Verify
from tests.contracts.message_store_base import ARRIVAL, DELETED, FLAGGED, SEEN, content
from tests.store.crash_points import Fuse, deaths, killed, opened
from tests.support.runtime import SynchronousBlocking
from tests.support.stored import Stored

State = Mapping[str, tuple[int, list[tuple[int, Flags, bytes]]]]
"""UIDVALIDITY and (UID, flags, content) of the messages, by mailbox."""

ACCOUNT = 1
LONG = Content(9000, b"Subject: long\r\n\r\n" + b"x" * 8981 + b"\r\n")


def mailbox(stored: Stored, name: str) -> int:
    """The id of a mailbox."""
    return stored.result(stored.store.mailbox(ACCOUNT, name)).id


def prepare(base: Path) -> None:
    """An account with three messages in INBOX, one of them deleted."""
    base.mkdir(parents=True)
    engine = open_engine(f"sqlite:///{base / 'db'}")
    migrate(engine)
    engine.dispose()
    stored, engine = opened(base, Fuse(0))
    stored.now(lambda transaction: stored.open_account(transaction, "a@example.test"))
    for text, flags in (
        ("one", frozenset[bytes]()),
        ("two", frozenset({DELETED, SEEN})),
        ("three", frozenset({b"key"})),
    ):
        stored.result(stored.store.append(mailbox(stored, "INBOX"), content(text), flags, None, ARRIVAL))
    engine.dispose()


def state(stored: Stored) -> State:
    """What is there."""
    found = {}
    for box in stored.result(stored.store.mailboxes(ACCOUNT)):
        view = stored.result(stored.store.snapshot(box.id))
        messages = []
        for uid, flags in zip(view.uids, view.flags, strict=True):
            message = stored.result(stored.store.open(box.id, uid))
            messages.append((uid, flags, message.read(0, message.size)))
            message.close()
        found[box.name] = (box.uidvalidity, messages)
    return found


def came_early(found: State, before: State) -> bool:
    """True if there is no more than before but whole messages that nobody was told of."""
    for name, (uidvalidity, messages) in found.items():
        old = before.get(name, (uidvalidity, []))
        new = [message for message in messages if message not in old[1]]
        if (
            uidvalidity != old[0]
            or len(new) != len(messages) - len(old[1])
            or any(one[2] != LONG.read() for one in new)
        ):
            return False
    return before.keys() <= found.keys()


class CrashPointTests(SynchronousTestCase):
    """Each change is done by a process that dies a step later every time, until it survives."""

    def differences(self, stored: Stored) -> list[str]:
        """What ``verify`` says."""
        found: list[str] = []
        tree = stored.store.parts.messages.tree
        verify = Verify(
            stored.storage, SynchronousBlocking(), tree, lambda finding: found.append(str(finding)), deep=True
        )
        stored.result(verify.account(ACCOUNT))
        return found

    def look(self, base: Path) -> State:
        """Open what the crash left; it must be right, and stay as it is."""
        stored, engine = opened(base, Fuse(0))
        try:
            stored.store.clear()
            found = state(stored)
            # A mailbox that was being made has its directory before its row: another program's, as far as we know.
            self.assertEqual([one for one in self.differences(stored) if "has no mailbox" not in one], [])
            return found
        finally:
            engine.dispose()

    def crash_everywhere(self, work: Callable[[Stored], object], may_come_early: bool = False) -> None:
        """Kill ``work`` at each of its steps.

        ``may_come_early``: a message that was not acknowledged may be there, whole, as if another program had put it.
        """
        base = Path(self.mktemp()).absolute()
        prepare(base / "before")
        before = self.look(shutil.copytree(base / "before", base / "looked"))
        shutil.copytree(base / "before", base / "after")
        self.assertEqual(killed(base / "after", 0, work), (False, True))
        after = self.look(base / "after")
        self.assertNotEqual(before, after)
        at = 0
        for at, here, acknowledged, survived in deaths(base, work):
            found = self.look(here)
            if not (may_come_early and not acknowledged and came_early(found, before)):
                self.assertIn(found, (after,) if acknowledged or survived else (before, after), f"step {at}")
        self.assertGreater(at, 3)

    def test_append(self) -> None:
        """APPEND."""
        self.crash_everywhere(
            lambda stored: stored.result(
                stored.store.append(mailbox(stored, "INBOX"), LONG, frozenset({FLAGGED, b"key"}), None, ARRIVAL)
            ),
            may_come_early=True,
        )

    def test_deliver(self) -> None:
        """Delivery to two mailboxes of one account, one of which is made for it."""
        deliveries = [Delivery(ACCOUNT, "a@example.test"), Delivery(ACCOUNT, "a+x@example.test", "New/Deep")]
        self.crash_everywhere(
            lambda stored: stored.result(stored.store.deliver(LONG, deliveries, ARRIVAL)), may_come_early=True
        )

    def test_flags(self) -> None:
        """STORE on several messages."""
        self.crash_everywhere(
            lambda stored: stored.result(
                stored.store.change_flags(
                    mailbox(stored, "INBOX"), [1, 2, 3], FlagMode.ADD, frozenset({FLAGGED, b"other"})
                )
            )
        )

    def test_flags_of_a_mailbox_in_memory(self) -> None:
        """STORE on all messages of a mailbox that somebody has opened."""

        def mark(stored: Stored) -> None:
            view = stored.result(stored.store.snapshot(mailbox(stored, "INBOX")))
            stored.result(stored.store.change_flags(view.mailbox.id, view.uids, FlagMode.ADD, frozenset({FLAGGED})))

        self.crash_everywhere(mark)

    def test_copy(self) -> None:
        """COPY."""
        self.crash_everywhere(
            lambda stored: stored.result(
                stored.store.copy(mailbox(stored, "INBOX"), [1, 3], mailbox(stored, "Archive"))
            )
        )

    def test_move(self) -> None:
        """MOVE."""
        self.crash_everywhere(
            lambda stored: stored.result(
                stored.store.move(mailbox(stored, "INBOX"), [1, 2], mailbox(stored, "Archive"))
            )
        )

    def test_move_after_the_disk_was_full(self) -> None:
        """MOVE, after one that was refused since the disk was full when its line in the journal was half written."""

        def work(stored: Stored) -> None:
            disk = stored.storage.disk  # type: ignore[attr-defined] # it is a MemoryStorage
            write = disk.write

            def full(descriptor: int, pieces: Sequence[bytes]) -> None:
                disk.write = write
                write(descriptor, [pieces[0][:20]])
                raise OSError(errno.ENOSPC, "No space left on device")

            disk.write = full
            inbox, archive = mailbox(stored, "INBOX"), mailbox(stored, "Archive")
            self.assertRaises(Unavailable, stored.result, stored.store.move(inbox, [1, 2], archive))
            stored.result(stored.store.move(inbox, [1, 2], archive))

        self.crash_everywhere(work)

    def test_expunge(self) -> None:
        """EXPUNGE."""
        self.crash_everywhere(lambda stored: stored.result(stored.store.expunge(mailbox(stored, "INBOX"))))

    def test_rename(self) -> None:
        """RENAME of INBOX: all its messages move to a mailbox that is made."""
        self.crash_everywhere(lambda stored: stored.result(stored.store.rename(ACCOUNT, "INBOX", "Old/Mail")))

    def test_delete(self) -> None:
        """DELETE of a mailbox that holds a message."""

        def work(stored: Stored) -> None:
            stored.result(stored.store.delete(ACCOUNT, "Archive"))

        self.crash_everywhere(work)
