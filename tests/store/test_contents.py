"""Large contents: streamed, shared between recipients, and nothing left over."""

import errno
import os
import tracemalloc
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from daptinmail.errors import Unavailable
from daptinmail.interfaces.messages import Delivery
from daptinmail.interfaces.storage import Content
from tests.contracts.message_store_base import ARRIVAL, Listening, StoreCase, content
from tests.support.storage import HastyFiles, MemoryStorage
from tests.support.stored import Stored

MIB = 1024 * 1024
HEADER = b"Subject: large\r\nContent-Type: text/plain\r\n\r\n"


class FullDisk(HastyFiles):
    """A disk that fills up when ``full`` is set."""

    full = False

    def fsync(self, descriptor: int) -> None:
        """No space left, as some file systems say only now."""
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")


class FullDiskTests(StoreCase, SynchronousTestCase):
    """The disk is full in the middle of a delivery."""

    def test_nothing_remains(self) -> None:
        """Delivery to two accounts fails as a whole, is temporary, and leaves neither rows nor files."""
        disk = FullDisk()
        storage = MemoryStorage(disk=disk)
        stored = Stored(storage, storage.directory / "mail")
        self.store, self.clock = stored.store, stored.clock
        self.account = stored.now(lambda t: stored.open_account(t, "a@example.test"))
        self.neighbour = stored.now(lambda t: stored.open_account(t, "b@example.test"))
        before, ear = self.inbox(), Listening()
        self.store.listen(before.id, ear)
        disk.full = True
        both = [Delivery(self.account, "a@example.test", "New/box"), Delivery(self.neighbour, "b@example.test")]
        self.refused(self.store.deliver(content(), both, ARRIVAL), Unavailable)
        self.refused(self.store.append(before.id, content(), frozenset(), None, ARRIVAL), Unavailable)
        self.assertEqual((self.inbox(), self.names().count("New"), ear.heard), (before, 0, []))
        self.assertFalse((stored.mail_dir / "example.test" / "a" / ".New").exists())
        files = [path for path in stored.mail_dir.rglob("*") if path.is_file() and path.name != "maildirfolder"]
        self.assertEqual(files, [])
        disk.full = False
        self.assertEqual(self.add(), 1)


class LargeContentTests(StoreCase, SynchronousTestCase):
    """Messages of megabytes."""

    def setUp(self) -> None:
        self.stored = Stored.in_memory()
        self.store, self.clock = self.stored.store, self.stored.clock
        self.account = self.stored.now(lambda t: self.stored.open_account(t, "a@example.test"))
        self.neighbour = self.stored.now(lambda t: self.stored.open_account(t, "b@example.test"))
        self.staging = self.stored.mail_dir / ".staging"

    def spooled(self, size: int, prefix: bytes = b"") -> Content:
        """A content in a file."""
        path = self.stored.storage.directory / "spooled"  # type: ignore[attr-defined] # MemoryStorage has one
        with path.open("wb") as file:
            file.write(HEADER)
            line = b"x" * 76 + b"\r\n"
            for _ in range(size // len(line)):
                file.write(line)
        return Content(path.stat().st_size, path=path, prefix=prefix)

    def files(self, name: str) -> list[Path]:
        """Message files of an account's INBOX."""
        return list((self.stored.mail_dir / "example.test" / name / "cur").iterdir())

    def test_spooled_with_prefix(self) -> None:
        """A large message with trace fields in front comes back whole; its staging file is gone."""
        content = self.spooled(3 * MIB, b"Received: from x\r\n")
        self.now(self.store.append(self.inbox().id, content, frozenset(), None, ARRIVAL))
        self.assertEqual(self.octets(1), content.read())
        found = self.now(self.store.columns(self.inbox().id, [1], ("header", "size")))
        self.assertEqual(found, [(1, b"Received: from x\r\n" + HEADER, content.size)])
        self.assertEqual(list(self.staging.iterdir()), [])

    def test_spooled_as_it_is(self) -> None:
        """A spooled message without additions is linked, not copied, and does not change when the spool goes."""
        content = self.spooled(2 * MIB)
        assert content.path is not None
        self.now(self.store.append(self.inbox().id, content, frozenset(), None, ARRIVAL))
        octets = content.read()
        content.path.unlink()
        self.assertEqual(self.octets(1), octets)

    def test_shared_by_recipients(self) -> None:
        """One message for two accounts is on disk once."""
        deliveries = [Delivery(self.account, "a@example.test"), Delivery(self.neighbour, "b@example.test")]
        for large in (self.spooled(2 * MIB, b"Received: y\r\n"), Content(len(HEADER), HEADER)):
            self.now(self.store.deliver(large, deliveries, ARRIVAL))
        inodes = [{path.stat().st_ino for path in self.files(name)} for name in ("a", "b")]
        self.assertEqual(inodes[0], inodes[1])
        self.assertEqual(len(inodes[0]), 2)

    def test_in_a_transaction(self) -> None:
        """A large content delivered in a larger transaction is whole too."""
        content = self.spooled(2 * MIB, b"Received: z\r\n")
        deliveries = [Delivery(self.account, "a@example.test")]
        self.stored.now(lambda t: self.store.deliver_in(t, content, deliveries, ARRIVAL))
        self.assertEqual(self.octets(1), content.read())

    def test_memory(self) -> None:
        """Storing 20 MiB takes no 20 MiB of memory."""
        content = self.spooled(20 * MIB, b"Received: w\r\n")
        tracemalloc.start()
        try:
            self.now(self.store.append(self.inbox().id, content, frozenset(), None, ARRIVAL))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        self.assertLess(peak, 6 * MIB)

    def test_staging_fails(self) -> None:
        """When the disk cannot take it, that is temporary, and nothing remains."""
        self.staging.parent.mkdir(exist_ok=True)
        self.staging.write_bytes(b"in the way")
        content = self.spooled(2 * MIB, b"Received: v\r\n")
        self.refused(self.store.append(self.inbox().id, content, frozenset(), None, ARRIVAL), Unavailable)
        self.assertEqual(self.uids(), [])

    def test_leftovers(self) -> None:
        """What a crash left is removed: staged files at start, temporary files when they are old."""
        self.staging.mkdir()
        (self.staging / "half").write_bytes(b"x")
        self.assertEqual(self.stored.store.clear(), 1)
        self.assertEqual(self.stored.store.clear(), 0)
        temporary = self.stored.mail_dir / "example.test" / "a" / "tmp"
        old, fresh, foreign = (temporary / name for name in (".tmp-old", ".tmp-fresh", "other"))
        now = self.clock.now().timestamp()
        for path, age in ((old, 40), (fresh, 1), (foreign, 400)):
            path.write_bytes(b"x")
            os.utime(path, (now - age * 3600, now - age * 3600))
        self.uids()
        self.assertEqual(sorted(path.name for path in temporary.iterdir()), [".tmp-fresh", "other"])
