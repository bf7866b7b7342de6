"""Keeps the text index up: reads what has come, a little after it came, and never while mail waits for long."""

from collections.abc import Sequence
from contextlib import suppress
from itertools import groupby
from time import sleep
from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from daptinmail.errors import DaptinmailError, NotFound, Unavailable
from daptinmail.interfaces.messages import IMessageStore, Opened
from daptinmail.interfaces.runtime import IBlocking
from daptinmail.interfaces.search import ITextIndex, SearchText, Unread
from daptinmail.mail.structure import unpack_parts
from daptinmail.store.text import search_text

log = Logger()

BATCH = 50
"""Contents read at once; as many files are open."""

ENOUGH = 1 << 20
"""Characters after which a batch ends, so that few large texts are in memory."""

DELAY = 0.5
"""Seconds from a message to its indexing: several that come together are written together."""

LATEST = 60.0
"""Seconds until it looks by itself; other processes store mail, too."""

Texts = list[tuple[Unread, SearchText | None]]


@define(eq=False)
class TextIndexer:
    """Runs between ``start`` and ``stop``. ``blocking`` reads files, ``timers`` tells the pauses."""

    index: ITextIndex
    store: IMessageStore
    blocking: IBlocking
    timers: IReactorTime
    _call: IDelayedCall | None = field(default=None, init=False)
    _due: float = field(default=0.0, init=False)
    _running: bool = field(default=False, init=False)
    _stopping: bool = field(default=False, init=False)
    _woken: bool = field(default=False, init=False)
    _work: "Deferred[None] | None" = field(default=None, init=False)
    _ended: "Deferred[None]" = field(factory=Deferred, init=False)

    def start(self) -> None:
        """Begin with what there is."""
        self._schedule(0)

    def wake(self) -> None:
        """Mail has come or gone. Reactor thread; costs next to nothing."""
        self._woken = True
        if not self._running and not self._stopping and self._due > self.timers.seconds() + DELAY:
            self._schedule(DELAY)

    async def stop(self) -> None:
        """No more; ends when the batch at work has been written."""
        self._stopping = True
        if self._call is not None and self._call.active():
            self._call.cancel()
        if self._running:
            await self._ended

    async def run(self) -> None:
        """Index all that waits, then let go of what is gone."""
        pause = 0.0
        while not self._stopping and await self.step():
            pause, self._woken = (pause + DELAY / 10 if self._woken else 0.0), False
            await self._pause(min(pause, DELAY))
        while not self._stopping and await self.index.forget():
            await self._pause(0)

    async def step(self) -> int:
        """One batch; how many contents it had."""
        unread = await self.index.unread(BATCH)
        texts = await self._read(unread)
        if texts:
            await self.index.add(texts)
        return len(texts)

    # Inside

    def _schedule(self, delay: float) -> None:
        if self._call is not None and self._call.active():
            self._call.cancel()
        self._due = self.timers.seconds() + delay
        self._call = self.timers.callLater(delay, self._begin)

    def _begin(self) -> None:
        self._running, self._woken = True, False
        running = Deferred.fromCoroutine(self._run())
        self._work = running.addErrback(lambda failure: log.failure("the text index cannot be kept up", failure))

    async def _run(self) -> None:
        try:
            await self.run()
        except DaptinmailError as error:
            log.warn("the text index waits: {error}", error=error)
        finally:
            self._running = False
            if self._stopping:
                self._ended.callback(None)
            else:
                self._schedule(DELAY if self._woken else LATEST)

    async def _pause(self, seconds: float) -> None:
        if self._stopping:
            return
        waiting: Deferred[None] = Deferred()
        self.timers.callLater(seconds, waiting.callback, None)
        await waiting

    async def _read(self, unread: Sequence[Unread]) -> Texts:
        """The texts of the first of them, in their order."""
        texts: dict[int, SearchText | None] = {}
        known = [one for one in unread if one.mailbox_id is not None]
        for mailbox_id, group in groupby(known, key=lambda one: one.mailbox_id):
            some = list(group)
            read = await self._read_some(mailbox_id or 0, [one.uid or 0 for one in some])
            texts |= {one.content_id: read[one.uid] for one in some if one.uid in read}
            if len(read) < len(some):
                last = max(texts, default=0)
                return [(one, texts.get(one.content_id)) for one in unread if one.content_id <= last]
        return [(one, texts.get(one.content_id)) for one in unread]

    async def _read_some(self, mailbox_id: int, uids: Sequence[int]) -> dict[int | None, SearchText | None]:
        """By UID: the text, ``None`` for one that cannot be read; ends early after ``ENOUGH``."""
        try:
            rows = await self.store.columns(mailbox_id, uids, ("header", "parts", "sent_day"))
            opened = await self._open(mailbox_id, uids)
        except NotFound:
            return dict.fromkeys(uids)
        return await self.blocking.run(read_texts, uids, rows, opened)

    async def _open(self, mailbox_id: int, uids: Sequence[int]) -> dict[int, Opened]:
        """Those that can be opened. Raises ``Unavailable`` if none of several can."""
        opened: dict[int, Opened] = {}
        try:
            return await self.store.open_many(mailbox_id, uids)
        except Unavailable as error:
            for uid in uids:  # one file that cannot be opened holds up no other
                with suppress(Unavailable):
                    opened |= await self.store.open_many(mailbox_id, [uid])
            if not opened and len(uids) > 1:
                raise
            log.warn("messages cannot be read for the text index: {error}", error=error.cause)
        return opened


def read_texts(
    uids: Sequence[int], rows: Sequence[tuple[Any, ...]], opened: dict[int, Opened]
) -> dict[int | None, SearchText | None]:
    """Texts of messages ``(uid, header, parts, sent_day)``, and their files closed. In a pool thread."""
    texts: dict[int | None, SearchText | None] = {}
    by_uid = {row[0]: row[1:] for row in rows}
    size = 0
    try:
        for uid in uids:
            text = _read_text(by_uid.get(uid), opened.get(uid))
            texts[uid] = text
            size += len(text.header) + len(text.mime) + len(text.body) if text else 0
            if size > ENOUGH:
                break
            sleep(0)  # the reactor may want to run
    finally:
        for file in opened.values():
            file.close()
    return texts


def _read_text(row: tuple[Any, ...] | None, file: Opened | None) -> SearchText | None:
    if row is None or file is None:
        return None
    header, parts, sent_day = row
    try:
        return search_text(header, unpack_parts(parts), file.read, sent_day)
    except OSError as error:
        log.warn("a message cannot be read for the text index: {error}", error=error)
    except Exception:  # noqa: BLE001 - one message must not hold up all that come after it
        log.failure("a message cannot be read for the text index")
    return None
