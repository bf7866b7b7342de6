"""Rows read ahead of the answers."""

from array import array
from types import SimpleNamespace
from typing import Any, cast

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.imap.fetch_rows import Rows, RowsAhead, places
from daptinmail.imap.selected import SelectedMailbox


@define
class SlowStore:
    """Answers when the test says so."""

    asked: list[tuple[list[int], "Deferred[Rows]"]] = field(factory=list)

    async def columns(self, mailbox_id: int, uids: Any, names: tuple[str, ...]) -> Rows:
        """Wait for the test."""
        answer: Deferred[Rows] = Deferred()
        self.asked.append((list(uids), answer))
        return await answer


class RowsAheadTests(SynchronousTestCase):
    """One slice ahead, and no more."""

    def setUp(self) -> None:
        self.store = SlowStore()
        view = SimpleNamespace(uids=array("Q", [10, 20, 30, 40, 50, 60]), mailbox=SimpleNamespace(id=1))
        self.view = cast("SelectedMailbox", view)
        slices = [range(2), range(2, 4), range(4, 6)]
        self.ahead = RowsAhead(cast("Any", self.store), self.view, ("size",), slices)

    def test_next_is_read_meanwhile(self) -> None:
        """Once a slice is there the next is asked for, before anybody waits for it."""
        first = Deferred.fromCoroutine(self.ahead.of(0))
        self.assertEqual([uids for uids, _ in self.store.asked], [[10, 20]])
        self.store.asked[0][1].callback([(10, 1), (20, 2)])
        self.assertEqual(self.successResultOf(first), [(10, 1), (20, 2)])
        self.assertEqual([uids for uids, _ in self.store.asked], [[10, 20], [30, 40]])
        self.store.asked[1][1].callback([])
        self.assertEqual(self.successResultOf(Deferred.fromCoroutine(self.ahead.of(1))), [])
        self.assertEqual(len(self.store.asked), 3)

    def test_stopped(self) -> None:
        """A failure of what was read ahead is nobody's once the command has ended."""
        first = Deferred.fromCoroutine(self.ahead.of(0))
        self.store.asked[0][1].callback([])
        self.successResultOf(first)
        self.ahead.stop()
        self.store.asked[1][1].errback(OSError("the disk"))
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_places(self) -> None:
        """Each row finds its message, also when others have gone."""
        self.assertEqual(places(self.view, range(1, 3), [(20, 1), (30, 2)]), range(1, 3))
        self.assertEqual(places(self.view, [1, 3, 5], [(20, 1), (60, 2)]), [1, 5])
