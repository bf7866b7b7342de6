"""Wakes the sessions that a change concerns: a few at once, many in turns, so that mail for a crowd holds up nobody."""

from collections import deque
from collections.abc import Callable

from attrs import define, field
from twisted.internet.interfaces import IReactorTime

from daptinmail.imap.limits import WOKEN_AT_ONCE


@define(eq=False)
class Bell:
    """One for a listener. A change is known by its mailbox and modseq."""

    clock: IReactorTime
    _change: tuple[int, int] = (0, 0)
    _woken: int = 0
    _waiting: "deque[Callable[[], None]]" = field(factory=deque)

    def ring(self, mailbox_id: int, modseq: int, wake: Callable[[], None]) -> None:
        """Call ``wake`` now, or soon if this change woke enough already."""
        if (mailbox_id, modseq) != self._change:
            self._change, self._woken = (mailbox_id, modseq), 0
        self._woken += 1
        if self._woken <= WOKEN_AT_ONCE:
            wake()
            return
        if not self._waiting:
            self.clock.callLater(0, self._turn)
        self._waiting.append(wake)

    def _turn(self) -> None:
        for _ in range(min(WOKEN_AT_ONCE, len(self._waiting))):
            self._waiting.popleft()()
        if self._waiting:
            self.clock.callLater(0, self._turn)
