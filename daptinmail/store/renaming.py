"""The names of message files follow their flags: soon, in small slices, and never in the way of mail.

A message's flags stand in its row first (``name_due``). A crash between the two is harmless: what another tool finds
is the flags of before, and what we find is a name that tells flags we have given the message already.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping
from pathlib import Path

from attrs import define, field, frozen
from sqlalchemy import Connection
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from daptinmail.errors import NotFound, Unavailable
from daptinmail.interfaces.storage import IStorage, ITransaction
from daptinmail.store.filenames import with_flags
from daptinmail.store.flags import from_column
from daptinmail.store.keywords import read_keywords, with_letters, write_keywords
from daptinmail.store.messages import Messages
from daptinmail.store.rows import Folder, folder_by_id
from daptinmail.store.statements import Raw, execute_many, rows

log = Logger()

SLICE = 100
"""Files renamed in one unit: some milliseconds of the storage thread."""

SOON = 0.5  # seconds after a change of flags; more changes until then are done together
PAUSE = 0.05  # seconds between slices while the server runs
BUSY_PAUSE = 1.0  # seconds, when a slice had to wait for others
BUSY = 0.25  # seconds that a slice takes when the storage thread has other things to do
LAST = 5.0  # seconds that a stop waits for names

_DUE = "SELECT id, mail_box_id, flags, file_name FROM mail WHERE name_due"
_NAMED = "UPDATE mail SET file_name = ?, name_due = ? WHERE id = ?"


@frozen
class Followed:
    """What one slice did. ``lost``: mailboxes some of whose files are not where their rows say."""

    done: int
    lost: frozenset[int] = frozenset()


@define(eq=False)
class Names:
    """The part in the storage thread."""

    messages: Messages

    def follow(self, transaction: ITransaction, lost: Collection[int] = (), limit: int = SLICE) -> Followed:
        """Rename up to ``limit`` files, none of them in the mailboxes ``lost``."""
        found = _due(transaction.connection, lost, limit)
        missing = set()
        for mailbox_id in dict.fromkeys(row[1] for row in found):
            some = [row for row in found if row[1] == mailbox_id]
            if not self._follow_in(transaction, folder_by_id(transaction.connection, mailbox_id), some):
                missing.add(mailbox_id)
        return Followed(len(found), frozenset(missing))

    def _follow_in(self, transaction: ITransaction, folder: Folder, found: Collection[Raw]) -> bool:
        """Rename files of one mailbox; false if some are not there."""
        tree, named, complete = self.messages.tree, [], True
        self.messages.touch(transaction, folder)
        keywords = _keywords(tree.of(folder), {text for _, _, text, _ in found})
        for row_id, _, text, name in found:
            wanted = with_flags(name, from_column(text), keywords)
            if wanted != name and not _renamed(transaction, tree.file(folder, name), tree.file(folder, wanted)):
                complete = False
                continue
            named.append((wanted, False, row_id))
        execute_many(transaction.connection, _NAMED, named)
        return complete


def _due(connection: Connection, lost: Collection[int], limit: int) -> list[Raw]:
    others = f" AND mail_box_id NOT IN ({', '.join('?' * len(lost))})" if lost else ""
    return rows(connection, f"{_DUE}{others} ORDER BY mail_box_id LIMIT ?", [*lost, limit])


def _renamed(transaction: ITransaction, source: Path, target: Path) -> bool:
    try:
        transaction.rename(source, target)
    except (FileNotFoundError, FileExistsError):
        return False
    return True


def _keywords(folder: Path, texts: Collection[str]) -> Mapping[str, bytes]:
    """The letters of a folder's keywords, with letters for all that are in use now, as far as they go."""
    letters = read_keywords(folder)
    wanted = {flag for text in texts for flag in from_column(text) if not flag.startswith(b"\\")}
    extended = with_letters(letters, wanted)
    if extended is letters:
        return letters
    try:
        write_keywords(folder, extended)
    except OSError as error:
        log.warn("keywords cannot be written into {folder}: {error}", folder=str(folder), error=error)
        return letters
    return extended


@define(eq=False)
class Renaming:
    """The part in the reactor. ``scan`` brings a mailbox up to date with its folder."""

    _storage: IStorage
    _names: Names
    _scan: Callable[[int], Awaitable[object]]
    _timers: IReactorTime | None = field(default=None, init=False)
    _later: IDelayedCall | None = field(default=None, init=False)
    _running: "Deferred[None] | None" = field(default=None, init=False)
    _again: bool = field(default=False, init=False)

    def start(self, timers: IReactorTime) -> None:
        """Follow by itself from now on; what an earlier run left is done first."""
        self._timers = timers
        self.wake()

    def wake(self) -> None:
        """Flags were changed."""
        self._again = self._running is not None
        if self._timers is not None and self._later is None and self._running is None:
            self._later = self._timers.callLater(SOON, self._begin)

    async def stop(self) -> None:
        """Do what is left, for ``LAST`` seconds at most; the rest is done after the next start."""
        timers, self._timers = self._timers, None
        if timers is None:
            return
        if self._later is not None:
            self._later.cancel()
            self._later = None
        if self._running is not None:
            self._running.cancel()
        end = timers.seconds() + LAST
        await self.run(lambda: timers.seconds() < end)

    async def run(self, go_on: Callable[[], bool] = lambda: True) -> None:
        """Rename until nothing is due, or ``go_on`` says no."""
        lost = Counter[int]()
        while go_on():
            if not await self._slice(lost):
                return

    async def _slice(self, lost: "Counter[int]") -> int:
        """One slice; how many were due. Mailboxes that another tool has been at are scanned and tried once more."""
        hopeless = [mailbox_id for mailbox_id, times in lost.items() if times > 1]
        try:
            followed = await self._storage.write(lambda transaction: self._names.follow(transaction, hopeless))
            for mailbox_id in followed.lost:
                lost[mailbox_id] += 1
                await self._scan(mailbox_id)
        except (NotFound, Unavailable) as error:
            log.warn("names of message files do not follow their flags: {error}", error=error)
            return 0
        return followed.done

    def _begin(self) -> None:
        self._later, self._again = None, False
        running = Deferred.fromCoroutine(self._run_gently()).addErrback(_unless_stopped)
        self._running = None if running.called else running.addCallback(self._ended)

    async def _run_gently(self) -> None:
        """With pauses, longer ones when others wait for the storage thread too."""
        lost, timers = Counter[int](), self._timers
        while timers is not None and self._timers is not None:
            began = timers.seconds()
            if not await self._slice(lost):
                return
            pause = BUSY_PAUSE if timers.seconds() - began > BUSY else PAUSE
            if self._again:  # whoever changes flags now may change more of them
                self._again, pause = False, SOON
            await self._pause(timers, pause)

    def _pause(self, timers: IReactorTime, seconds: float) -> "Deferred[None]":
        waiting: Deferred[None] = Deferred(lambda _: call.cancel() if call.active() else None)
        call = timers.callLater(seconds, waiting.callback, None)
        return waiting

    def _ended(self, result: object) -> None:
        self._running = None
        if self._again:
            self.wake()


def _unless_stopped(failure: Failure) -> None:
    if not failure.check(CancelledError):
        log.failure("names of message files do not follow their flags", failure)
