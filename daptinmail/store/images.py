"""Images of the mailboxes in use: loaded from rows, kept up by what is committed, packed from time to time.

The database decides: a view asks it for the mailbox's modseq, and an image that is behind catches up or goes.
"""

from array import array
from collections import OrderedDict
from functools import partial

from attrs import define, field, frozen
from sqlalchemy import Connection
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from daptinmail.errors import NotFound, Unavailable
from daptinmail.interfaces.runtime import IBlocking, IClock
from daptinmail.interfaces.storage import IStorage, ITransaction
from daptinmail.store import views
from daptinmail.store.image import HEAD_SIZE, Delta, Image, Known, pack, packed_stamp, unpack
from daptinmail.store.maildir import Stamp
from daptinmail.store.rows import Folder, folder_by_id
from daptinmail.store.statements import execute, rows
from daptinmail.store.watch import UNCERTAIN, Watch

log = Logger()

MAX_MESSAGES = 2_000_000
"""Messages in all images together; each takes 32 octets."""

LARGE = 1000
"""Messages from which a packed form is worth its while."""

LATER = 5.0
"""Seconds before an image is packed."""

_SAVED = "SELECT modseq, packed FROM mailbox_image WHERE mail_box_id = ? AND modseq >= ? AND modseq <= ?"
_STAMP = f"SELECT substr(packed, 1, {HEAD_SIZE}) FROM mailbox_image WHERE mail_box_id = ?"  # noqa: S608 - a number
"""Costs as much as all of it."""
_FORGET = "DELETE FROM mailbox_image WHERE mail_box_id = ?"
_SAVE = "INSERT INTO mailbox_image (mail_box_id, modseq, packed) VALUES (?, ?, ?)"


@frozen
class Packed:
    """A packed form in the database."""

    modseq: int
    octets: bytes

    @property
    def stamp(self) -> Stamp | None:
        """How the folder looked when it was made; nothing has to be scanned if it still looks so."""
        return packed_stamp(self.octets)


def saved(connection: Connection, folder: Folder) -> Packed | None:
    """The packed form, if all that happened since is known."""
    found = rows(connection, _SAVED, [folder.id, folder.pruned_modseq, folder.mailbox.highestmodseq])
    return Packed(found[0][0], bytes(found[0][1])) if found else None


def load(connection: Connection, folder: Folder, packed: Packed | None) -> Image:
    """The image at the folder's modseq. In a reader thread, in the transaction that read ``folder``."""
    mailbox = folder.mailbox
    image = None if packed is None else unpack(packed.octets, packed.modseq, mailbox.uidnext)
    if image is not None:
        image.catch_up(views.changes(connection, folder, image.modseq))
        return image
    uids, modseqs, flags = views.everything(connection, folder.id)
    return Image(mailbox.highestmodseq, mailbox.uidnext, uids, modseqs, flags, drift=len(uids))


def saved_stamp(connection: Connection, mailbox_id: int) -> Stamp | None:
    """The stamp of the packed form alone."""
    found = rows(connection, _STAMP, [mailbox_id])
    return packed_stamp(bytes(found[0][0])) if found else None


def save(transaction: ITransaction, mailbox_id: int, modseq: int, packed: bytes) -> None:
    """Keep a packed form in place of an older one."""
    folder_by_id(transaction.connection, mailbox_id)
    execute(transaction.connection, _FORGET, [mailbox_id])
    execute(transaction.connection, _SAVE, [mailbox_id, modseq, packed])


@define(eq=False)
class Images:
    """The least recently used go first. Reactor thread only."""

    _storage: IStorage
    _blocking: IBlocking
    _watch: Watch
    _clock: IClock
    _limit: int = MAX_MESSAGES
    announced: int = field(default=0, init=False)
    """Changes of any mailbox that were committed; what was read before one may lack it."""
    _images: "OrderedDict[int, Image]" = field(factory=OrderedDict, init=False)
    _total: int = field(default=0, init=False)
    _timers: IReactorTime | None = field(default=None, init=False)
    _later: IDelayedCall | None = field(default=None, init=False)
    _packing: "Deferred[None] | None" = field(default=None, init=False)

    def get(self, mailbox_id: int) -> Image | None:
        """The image, if there is one."""
        image = self._images.get(mailbox_id)
        if image is not None:
            self._images.move_to_end(mailbox_id)
        return image

    def known(self, mailbox_id: int, uids: "array[int]") -> Known | None:
        """What an image knows of these messages, if there is one and they are neighbours."""
        image = self._images.get(mailbox_id)
        return None if image is None else image.known(uids)

    def put(self, mailbox_id: int, image: Image) -> Image:
        """Keep an image, unless a newer one came meanwhile; answers the one that is kept."""
        known = self._images.get(mailbox_id)
        if known is not None and known.modseq >= image.modseq:
            return known
        self.forget(mailbox_id)
        self._images[mailbox_id] = image
        self._total += len(image)
        while self._total > self._limit and len(self._images) > 1:
            self.forget(next(iter(self._images)))
        self._pack_later(image)
        return image

    def apply(self, delta: Delta) -> None:
        """A change was committed."""
        self.announced += 1
        image = self._images.get(delta.mailbox_id)
        if image is None:
            return
        before = len(image)
        if not image.apply(delta):
            self.forget(delta.mailbox_id)
            return
        self._total += len(image) - before
        self._pack_later(image)

    def forget(self, mailbox_id: int) -> None:
        """The mailbox is gone, or its image cannot be kept up."""
        image = self._images.pop(mailbox_id, None)
        if image is not None:
            self._total -= len(image)

    # Packed forms

    def start(self, timers: IReactorTime) -> None:
        """Pack by itself from now on."""
        self._timers = timers

    async def stop(self) -> None:
        """Pack what changed since it was packed last."""
        self._timers = None
        if self._later is not None:
            self._later.cancel()
            self._later = None
        if self._packing is not None:
            await self._packing
        await self._pack_all(1)
        for mailbox_id, image in list(self._images.items()):
            if len(image) >= LARGE and await self._look(mailbox_id) not in {image.stamp, None}:
                await self._pack(mailbox_id, image)

    def _pack_later(self, image: Image) -> None:
        if self._timers is not None and self._later is None and _is_worth_packing(image, LARGE):
            self._later = self._timers.callLater(LATER, self._begin)

    def _begin(self) -> None:
        self._later = None
        packing = Deferred.fromCoroutine(self._pack_all(LARGE)).addErrback(_report)
        self._packing = None if packing.called else packing.addCallback(self._packed)

    def _packed(self, _: None) -> None:
        self._packing = None

    async def _pack_all(self, drift: int) -> None:
        for mailbox_id, image in list(self._images.items()):
            if _is_worth_packing(image, drift):
                await self._pack(mailbox_id, image)

    async def _pack(self, mailbox_id: int, image: Image) -> None:
        (uids, modseqs, flags), sizes = image.share(), image.sizes
        modseq, image.drift = image.modseq, 0
        try:
            image.stamp = await self._look(mailbox_id)
            packed = await self._blocking.run(pack, uids, modseqs, flags, sizes, image.stamp or UNCERTAIN)
            await self._storage.write(partial(save, mailbox_id=mailbox_id, modseq=modseq, packed=packed))
        except (NotFound, Unavailable) as error:
            log.warn("cannot keep the image of mailbox {mailbox}: {error}", mailbox=mailbox_id, error=error)

    async def _look(self, mailbox_id: int) -> Stamp | None:
        """How the folder looks, if that is certain."""
        stamp = await self._blocking.run(self._watch.certain, mailbox_id, self._clock.now())
        return None if stamp == UNCERTAIN else stamp


def _is_worth_packing(image: Image, drift: int) -> bool:
    return len(image) >= LARGE and image.drift >= max(drift, min(drift, LARGE) * len(image) // (20 * LARGE))


def _report(failure: Failure) -> None:
    log.failure("cannot pack images of mailboxes", failure)
