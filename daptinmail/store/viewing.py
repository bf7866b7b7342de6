"""Looks at mailboxes: after merging what other tools did to their folders, and through images where there are some."""

from array import array
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Concatenate, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from attrs import define, evolve, field
from sqlalchemy import Connection

from daptinmail.errors import NotFound, Unavailable
from daptinmail.interfaces.messages import Changes, MailboxStatus, Opened, Snapshot
from daptinmail.interfaces.runtime import IBlocking
from daptinmail.interfaces.storage import IStorage
from daptinmail.store import counts, views
from daptinmail.store.image import UNKNOWN, Image
from daptinmail.store.images import Images, Packed, load, saved, saved_stamp
from daptinmail.store.lookups import Age, Lookups
from daptinmail.store.maildir import Tree
from daptinmail.store.marks import Marks
from daptinmail.store.opened import open_file
from daptinmail.store.rows import Folder, folder_by_id
from daptinmail.store.scan import Scan
from daptinmail.store.watch import Watch

T = TypeVar("T")
P = ParamSpec("P")
Seen = tuple[Folder, Image | None, Changes | None]
"""A mailbox, and what an image lacks: all of it, or what came after its modseq."""


@define(eq=False)
class Viewing:
    """Called in the reactor; looks in reader threads.

    An image and its mailbox's row need no look as long as all that was committed since is known here: changes of
    messages are announced to images, those of names to ``lookups``. Then only the folder is looked at.
    """

    storage: IStorage
    blocking: IBlocking
    lookups: Lookups
    tree: Tree
    watch: Watch
    scan: Scan
    marks: Marks
    images: Images
    _rows: "WeakKeyDictionary[Image, tuple[Age, Folder]]" = field(factory=WeakKeyDictionary, init=False)
    """Of images that miss nothing, and how old ``lookups`` was when they were read."""

    async def snapshot(self, mailbox_id: int, claim_recent: bool = False) -> Snapshot:
        """The whole mailbox."""
        folder, image = await self._image(mailbox_id)
        uids, modseqs, flags = image.share()
        mailbox, first = folder.mailbox, folder.first_recent_uid
        if image.modseq != mailbox.highestmodseq:
            mailbox = evolve(mailbox, highestmodseq=image.modseq, uidnext=max(mailbox.uidnext, image.uidnext))
        if claim_recent and first < mailbox.uidnext:
            first = await self.storage.write(
                lambda transaction: self.marks.claim(transaction, mailbox_id, mailbox.uidnext)
            )
            self._claimed(image, mailbox.uidnext)
        return Snapshot(mailbox, uids, modseqs, flags, first, image.digest())

    async def changes(self, mailbox_id: int, since: int) -> Changes:
        """What happened after ``since``: for those who heard of it from what was committed, else as it is."""
        image = self.images.get(mailbox_id)
        if image is not None and since < image.modseq:
            latest = image.changes(since)
            if latest is not None:
                return latest
        return await self.look(mailbox_id, views.changes, since)

    async def sizes(self, mailbox_id: int, uids: Sequence[int]) -> "array[int] | None":
        """Octets of each of these messages, if an image has them all; what it lacks is read and kept."""
        image = self.images.get(mailbox_id)
        sizes = None if image is None else image.sizes_of(uids)
        if image is None or sizes is None or UNKNOWN not in sizes:
            return sizes
        missing = [uid for uid, size in zip(uids, sizes, strict=True) if size == UNKNOWN]
        image.learn_sizes(
            await self.storage.read(lambda connection: views.columns(connection, mailbox_id, missing, ("size",)))
        )
        sizes = image.sizes_of(uids)
        return None if sizes is None or UNKNOWN in sizes else sizes

    async def open_many(self, mailbox_id: int, uids: Sequence[int]) -> dict[int, Opened]:
        """Those messages' contents; files that another tool renamed are found again."""
        opened, lost = await self.storage.read(lambda connection: self._open(connection, mailbox_id, uids))
        if lost:
            await self.scan.run(mailbox_id)
            found, _ = await self.storage.read(lambda connection: self._open(connection, mailbox_id, lost))
            opened |= found
        return opened

    async def visit(self, mailbox_id: int, visits: Mapping[int, Callable[[Opened], Any]]) -> dict[int, Any]:
        """Read those messages in one go."""
        found, lost = await self.storage.read(lambda connection: self._visit(connection, mailbox_id, visits))
        if lost:
            opened = await self.open_many(mailbox_id, lost)
            found |= await self.storage.read(lambda _: {uid: _visited(one, visits[uid]) for uid, one in opened.items()})
        return found

    async def look(
        self, mailbox_id: int, look: Callable[Concatenate[Connection, Folder, P], T], *more: P.args, **named: P.kwargs
    ) -> T:
        """``look`` at a mailbox, after merging what other tools did to its folder."""

        def work(connection: Connection) -> T | None:
            folder = folder_by_id(connection, mailbox_id)
            if self._stale(connection, folder):
                return None
            return look(connection, folder, *more, **named)

        view = await self.storage.read(work)
        if view is not None:
            return view
        await self.scan.run(mailbox_id)
        return await self.storage.read(
            lambda connection: look(connection, folder_by_id(connection, mailbox_id), *more, **named)
        )

    async def statuses(self, mailbox_ids: Sequence[int]) -> dict[int, MailboxStatus]:
        """Counts of those that exist: in one look, unless other tools changed folders."""

        def work(connection: Connection) -> tuple[list[int], dict[int, MailboxStatus]]:
            folders = counts.folders_among(connection, mailbox_ids)
            stale = [folder.id for folder in folders if self._stale(connection, folder)]
            return stale, {} if stale else counts.statuses_of(connection, folders)

        stale, found = await self.storage.read(work)
        if not stale:
            return found
        for mailbox_id in stale:
            with suppress(NotFound, Unavailable):
                await self.scan.run(mailbox_id)
        return await self.storage.read(
            lambda connection: counts.statuses_of(connection, counts.folders_among(connection, mailbox_ids))
        )

    def _stale(self, connection: Connection, folder: Folder) -> bool:
        """True if the folder must be scanned first."""
        if not self.watch.knows(folder.id) and (at := saved_stamp(connection, folder.id)) is not None:
            self.watch.trust(folder.id, at)
        return self.watch.changed(folder.id, self.tree.of(folder))

    async def _image(self, mailbox_id: int) -> tuple[Folder, Image]:
        """The mailbox as it is now, and its image, no older."""
        known = await self._known(mailbox_id)
        if known is not None:
            return known
        age, announced = self.lookups.age, self.images.announced
        folder, image = await self._read_image(mailbox_id)
        if age == self.lookups.age and announced == self.images.announced:
            self._rows[image] = age, folder
        return folder, image

    async def _known(self, mailbox_id: int) -> tuple[Folder, Image] | None:
        """What would be read, if nothing is missing here and no other tool changed the folder."""
        row = self._row(self.images.get(mailbox_id))
        if row is None or await self.blocking.run(self.watch.changed, mailbox_id, self.tree.of(row)):
            return None
        image = self.images.get(mailbox_id)
        row = self._row(image)
        return None if image is None or row is None else (row, image)

    def _row(self, image: Image | None) -> Folder | None:
        age, folder = (None, None) if image is None else self._rows.get(image, (None, None))
        return folder if age == self.lookups.age else None

    def _claimed(self, image: Image, uid: int) -> None:
        """Messages below ``uid`` are not recent to later sessions."""
        if image in self._rows:
            age, folder = self._rows[image]
            self._rows[image] = age, evolve(folder, first_recent_uid=max(uid, folder.first_recent_uid))

    async def _read_image(self, mailbox_id: int) -> tuple[Folder, Image]:
        known = self.images.get(mailbox_id)
        folder, loaded, changes = await self._look(mailbox_id, None if known is None else known.modseq)
        image = self.images.get(mailbox_id)
        if image is not None and changes is not None and changes.complete:
            image.catch_up(changes)
        if image is None or image.modseq < folder.mailbox.highestmodseq:
            if loaded is None:
                self.images.forget(mailbox_id)
                folder, loaded, _ = await self._look(mailbox_id, None)
            assert loaded is not None
            image = self.images.put(mailbox_id, loaded)
        return folder, image

    async def _look(self, mailbox_id: int, known: int | None) -> Seen:
        """What an image at the modseq ``known`` lacks. The packed form is read once, for its stamp and all the rest."""

        def work(connection: Connection) -> Seen | None:
            folder = folder_by_id(connection, mailbox_id)
            packed = saved(connection, folder) if known is None else None
            if packed is not None and packed.stamp is not None:
                self.watch.trust(mailbox_id, packed.stamp)
            return None if self._stale(connection, folder) else _seen(connection, folder, known, packed)

        seen = await self.storage.read(work)
        return await self.look(mailbox_id, _seen, known) if seen is None else seen

    def _visit(
        self, connection: Connection, mailbox_id: int, visits: Mapping[int, Callable[[Opened], Any]]
    ) -> tuple[dict[int, Any], list[int]]:
        """What the visits gave, and the messages whose file is not where it was."""
        directory = self.tree.file(folder_by_id(connection, mailbox_id), "")
        found: dict[int, Any] = {}
        lost: list[int] = []
        for uid, name in views.file_names(connection, mailbox_id, list(visits)).items():
            try:
                opened = open_file(f"{directory}/{name}")
            except FileNotFoundError:
                lost.append(uid)
                continue
            found[uid] = _visited(opened, visits[uid])
        return found, lost

    def _open(
        self, connection: Connection, mailbox_id: int, uids: Sequence[int]
    ) -> tuple[dict[int, Opened], list[int]]:
        """The messages, and those whose file is not where it was."""
        folder = folder_by_id(connection, mailbox_id)
        opened: dict[int, Opened] = {}
        lost: list[int] = []
        for uid, name in views.file_names(connection, mailbox_id, uids).items():
            try:
                opened[uid] = open_file(self.tree.file(folder, name))
            except FileNotFoundError:
                lost.append(uid)
        return opened, lost


def _seen(connection: Connection, folder: Folder, known: int | None, packed: Packed | None = None) -> Seen:
    """``packed``: if it was read already."""
    if known is None:
        return folder, load(connection, folder, packed or saved(connection, folder)), None
    if known >= folder.mailbox.highestmodseq:
        return folder, None, None
    return folder, None, views.changes(connection, folder, known)


def _visited(opened: Opened, visit: Callable[[Opened], Any]) -> Any:
    try:
        return visit(opened)
    finally:
        opened.close()
