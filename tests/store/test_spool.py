"""Content between the wire and its first durable place."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from attrs import define, field
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from daptinmail.errors import Unavailable
from daptinmail.interfaces.runtime import IBlocking
from daptinmail.interfaces.storage import Content, ISpool, ISpooled
from daptinmail.store.spool import Spool, Spooled

T = TypeVar("T")


@implementer(IBlocking)
@define(eq=False)
class PatientBlocking:
    """Calls wait until the test lets them run."""

    waiting: list[Callable[[], object]] = field(factory=list)

    def run(self, function: Callable[..., T], *arguments: object) -> "Deferred[T]":
        """Keep the call for ``go``."""
        result: Deferred[T] = Deferred()
        self.waiting.append(lambda: maybeDeferred(function, *arguments).chainDeferred(result))
        return result

    def go(self) -> None:
        """Run one call."""
        self.waiting.pop(0)()


class SpoolTests(SynchronousTestCase):
    """What an edge relies on while a message arrives."""

    def setUp(self) -> None:
        self.blocking = PatientBlocking()
        self.directory = Path(self.mktemp())
        self.spool = Spool(self.directory, self.blocking, memory_limit=100)
        self.assertEqual(self.spool.clear(), 0)

    def finish(self, spooled: Spooled) -> "Deferred[Content]":
        """Begin to finish."""
        return Deferred.fromCoroutine(spooled.finish())

    def files(self) -> list[Path]:
        """What lies in the directory."""
        return list(self.directory.iterdir())

    def test_interfaces(self) -> None:
        """Spool and content provide their interfaces."""
        verifyObject(ISpool, self.spool)
        verifyObject(ISpooled, self.spool.create())

    def test_small_stays_in_memory(self) -> None:
        """A small message touches no disk."""
        spooled = self.spool.create()
        self.assertIsNone(spooled.write(b"abc"))
        self.assertIsNone(spooled.write(b"def"))
        self.assertEqual(self.successResultOf(self.finish(spooled)), Content(6, b"abcdef"))
        spooled.discard()
        self.assertEqual((self.blocking.waiting, self.files()), ([], []))

    def test_large_goes_to_a_private_file(self) -> None:
        """A large message is in a file, whole and in order, that only we can read."""
        spooled = self.spool.create()
        wait = spooled.write(b"a" * 101)
        assert wait is not None
        self.assertNoResult(wait)
        self.assertIsNone(spooled.write(b"b" * 50))
        self.blocking.go()
        self.successResultOf(wait)
        finished = self.finish(spooled)
        self.assertNoResult(finished)
        self.blocking.go()
        content = self.successResultOf(finished)
        assert content.path is not None
        self.assertEqual((content.size, content.body), (151, None))
        self.assertEqual(content.path.read_bytes(), b"a" * 101 + b"b" * 50)
        self.assertEqual(content.path.stat().st_mode & 0o777, 0o600)

    def test_back_pressure(self) -> None:
        """While the disk is slow every further megabyte is asked to wait, and only one thread writes."""
        spooled = self.spool.create()
        waits = [spooled.write(b"x" * 60) for _ in range(6)]
        self.assertEqual([wait is None for wait in waits], [True, False, True, False, False, False])
        self.assertEqual(len(self.blocking.waiting), 1)
        self.blocking.go()
        self.blocking.go()
        for wait in waits:
            if wait is not None:
                self.successResultOf(wait)
        content = self.successResultOf(self.finish(spooled))
        assert content.path is not None
        self.assertEqual(content.path.stat().st_size, 360)

    def test_discard(self) -> None:
        """A discarded message leaves no file, whether before, during or after a write."""
        before, during, after = self.spool.create(), self.spool.create(), self.spool.create()
        before.write(b"x")
        before.discard()
        during.write(b"x" * 200)
        during.discard()
        after.write(b"x" * 200)
        self.blocking.go()
        self.blocking.go()
        self.assertIsNone(during.write(b"late"))
        self.successResultOf(self.finish(after))
        after.discard()
        after.discard()
        while self.blocking.waiting:
            self.blocking.go()
        self.assertEqual(self.files(), [])

    def test_disk_fails(self) -> None:
        """When the disk fails whoever waits hears of it, and so does finish; it is temporary."""
        spooled = Spool(self.directory / "file" / "below", self.blocking, 100).create()
        (self.directory / "file").write_bytes(b"")
        wait = spooled.write(b"x" * 200)
        assert wait is not None
        self.blocking.go()
        self.failureResultOf(wait, Unavailable)
        again = spooled.write(b"x")
        assert again is not None
        self.failureResultOf(again, Unavailable)
        self.failureResultOf(self.finish(spooled), Unavailable)
        spooled.discard()
        self.blocking.go()

    def test_leftovers(self) -> None:
        """What a crash left is removed at the next start; other files are not touched."""
        spooled = self.spool.create()
        self.assertIsNotNone(spooled.write(b"x" * 200))
        self.blocking.go()
        (self.directory / "README").write_text("mine")
        self.assertEqual(self.spool.clear(), 1)
        self.assertEqual([path.name for path in self.files()], ["README"])
