"""What every ``ISpool`` promises."""

from collections.abc import Awaitable
from typing import TYPE_CHECKING, TypeVar

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from daptinmail.interfaces.storage import Content, ISpool, ISpooled

if TYPE_CHECKING:
    Mixin = SynchronousTestCase
else:
    Mixin = object

T = TypeVar("T")


async def _awaited(work: Awaitable[T]) -> T:
    return await work


class SpoolContract(Mixin):
    """Mix in and give ``make``."""

    def make(self) -> ISpool:
        """A spool that keeps nothing waiting."""
        raise NotImplementedError

    def result(self, work: Awaitable[T]) -> T:
        """What is there at once."""
        return self.successResultOf(Deferred.fromCoroutine(_awaited(work)))

    def written(self, spooled: ISpooled, *pieces: bytes) -> Content:
        """The content of ``pieces``."""
        for piece in pieces:
            pending = spooled.write(piece)
            if pending is not None:
                self.result(pending)
        content: Content = self.result(spooled.finish())
        return content

    def test_interfaces(self) -> None:
        """It is what it says."""
        spool = self.make()
        verifyObject(ISpool, spool)
        verifyObject(ISpooled, spool.create())

    def test_octets_in_order(self) -> None:
        """What went in comes out, small or large."""
        for pieces in ((), (b"a",), (b"a\r\n", b"b\r\n"), (b"x" * 3_000_000, b"y" * 3_000_000, b"z")):
            spooled = self.make().create()
            content = self.written(spooled, *pieces)
            self.assertEqual(content.read(), b"".join(pieces))
            self.assertEqual((content.size, spooled.size), (len(b"".join(pieces)),) * 2)
            spooled.discard()

    def test_contents_are_apart(self) -> None:
        """Two contents at once do not mix."""
        spool = self.make()
        one, two = spool.create(), spool.create()
        one.write(b"one")
        two.write(b"two")
        self.assertEqual(self.result(two.finish()).read(), b"two")
        self.assertEqual(self.result(one.finish()).read(), b"one")

    def test_discard_is_harmless(self) -> None:
        """Before the end, after it, and twice."""
        spool = self.make()
        unfinished, finished = spool.create(), spool.create()
        unfinished.write(b"x")
        unfinished.discard()
        self.written(finished, b"y")
        finished.discard()
        finished.discard()
