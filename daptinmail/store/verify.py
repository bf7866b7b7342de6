"""Compares an account's rows with its tree and says what differs. Changes nothing; runs in pool threads."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from attrs import define, frozen
from sqlalchemy import Connection, select

from daptinmail.db.schema import mail, mail_box, mail_content, tombstone
from daptinmail.interfaces.columns import CONTENT_COLUMNS
from daptinmail.interfaces.runtime import IBlocking
from daptinmail.interfaces.storage import Content, IStorage
from daptinmail.mail.summary import summarize
from daptinmail.store.contents import whole
from daptinmail.store.filenames import base_of, letters_for, parse
from daptinmail.store.flags import DELETED, SEEN, from_column
from daptinmail.store.maildir import Tree, listing
from daptinmail.store.mailrow import content_values
from daptinmail.store.names import name_of_directory
from daptinmail.store.rows import AccountRow, Folder, account_row, folders_of

SLICE = 500
"""Rows read at a time."""

KEPT = tuple(sorted(CONTENT_COLUMNS - {"email_id", "thread_id"}))
"""What a deep look works out again."""

_mail, _content = mail.c, mail_content.c
_ROWS = (
    select(
        _mail.uid,
        _mail.modseq,
        _mail.size,
        _mail.flags,
        _mail.seen,
        _mail.deleted,
        _mail.file_name,
        _mail.name_due,
        _content.id.label("content"),
    )
    .join_from(mail, mail_content, _content.id == _mail.content_id, isouter=True)
    .order_by(_mail.uid)
    .limit(SLICE)
)
_CONTENTS = select(_content.id, *(_content[name] for name in KEPT))
_GRAVES = (
    select(_mail.uid)
    .join_from(mail, tombstone, (tombstone.c.mail_box_id == _mail.mail_box_id) & (tombstone.c.uid == _mail.uid))
    .order_by(_mail.uid)
)


@frozen
class Finding:
    """One difference. ``uid`` is ``None`` where it concerns no message, or one without a row."""

    mailbox: str
    uid: int | None
    what: str

    def __str__(self) -> str:
        return f"{self.mailbox}: {self.what}" if self.uid is None else f"{self.mailbox}: UID {self.uid}: {self.what}"


@frozen
class Progress:
    """How far it is."""

    mailboxes: int
    of: int
    messages: int


@define(eq=False)
class Verify:
    """``deep``: every file is read, and what is kept about it is worked out again. ``report`` hears each finding."""

    storage: IStorage
    blocking: IBlocking
    tree: Tree
    report: Callable[[Finding], None]
    progress: Callable[[Progress], None] = lambda progress: None
    deep: bool = False

    async def account(self, account_id: int) -> int:
        """Look at one account; answers how many messages it has."""
        account = await self.storage.read(lambda connection: account_row(connection, account_id))
        folders = await self.storage.read(lambda connection: folders_of(connection, account_id))
        for finding in await self.blocking.run(_strangers, self.tree.root / account.directory, folders):
            self.report(finding)
        messages = 0
        for number, folder in enumerate(sorted(folders, key=lambda folder: folder.mailbox.name), 1):
            messages += await self._mailbox(account, folder)
            self.progress(Progress(number, len(folders), messages))
        return messages

    async def _mailbox(self, account: AccountRow, folder: Folder) -> int:
        name, path = folder.mailbox.name, self.tree.of(folder)
        if not await self.blocking.run((path / "cur").is_dir):
            self.report(Finding(name, None, f"directory {path} is missing"))
        files: dict[str, str] = dict(await self.blocking.run(_by_name, path))
        after, count, octets = 0, 0, 0
        while rows := await self.storage.read(partial(_rows, folder, after)):
            contents = await self._contents(rows) if self.deep else {}
            for finding in await self.blocking.run(self._compare, folder, rows, files, contents):
                self.report(finding)
            after, count = rows[-1].uid, count + len(rows)
            octets += sum(row.size for row in rows)
        for finding in await self.storage.read(lambda connection: list(_counts(connection, folder, count, octets))):
            self.report(finding)
        for file, place in sorted(files.items()):
            self.report(Finding(name, None, f"file {place}/{file} has no row"))
        return count

    async def _contents(self, rows: Sequence[Any]) -> dict[int, Any]:
        """What is kept about these messages' contents, by id."""
        wanted = _CONTENTS.where(_content.id.in_({row.content for row in rows}))
        return {row.id: row for row in await self.storage.read(lambda connection: connection.execute(wanted).all())}

    def _compare(
        self, folder: Folder, rows: Sequence[Any], files: dict[str, str], contents: Mapping[int, Any]
    ) -> list[Finding]:
        """Look at these rows; their files are taken out of ``files``."""
        found: list[Finding] = []
        for row in rows:
            faults = list(_faults(folder, row))
            place = files.pop(row.file_name, None)
            if place is None:
                faults.append(f"file {row.file_name} is missing{_elsewhere(files, row.file_name)}")
            else:
                faults += _file_faults(self.tree.of(folder) / place / row.file_name, row, contents.get(row.content))
            found += [Finding(folder.mailbox.name, row.uid, fault) for fault in faults]
        return found


def _file_faults(path: Path, row: Any, kept: Any) -> Iterator[str]:
    """What a file is that its row does not say. ``kept``: what is kept about its content, for a deep look."""
    try:
        size = path.stat().st_size
        if path.parent.name != "cur":
            yield f"file {path.name} lies in {path.parent.name}"
        if size != row.size:
            yield f"file {path.name} has {size} octets, the row says {row.size}"
        elif kept is not None:
            yield from _content_faults(path, size, kept)
    except OSError as error:
        yield f"file {path.name}: {error.strerror}"


def _content_faults(path: Path, size: int, kept: Any) -> Iterator[str]:
    with whole(Content(size, path=path)) as octets:
        values = content_values(summarize(octets), 0, b"", b"")
    for name in KEPT:
        if getattr(kept, name) != values[name]:
            yield f"file {path.name}: the {name} kept is another"


def _strangers(root: Path, folders: Sequence[Folder]) -> list[Finding]:
    """Directories with messages whose mailbox no row names."""
    known = {folder.directory for folder in folders}
    found = []
    for path in sorted(root.glob(".*")) if root.is_dir() else ():
        if path.name not in known and listing(path):
            name = name_of_directory(path.name)
            found.append(Finding(name or path.name, None, f"directory {path} has no mailbox"))
    return found


def _by_name(path: Path) -> list[tuple[str, str]]:
    return [(name, place) for place, name in listing(path)]


def _rows(folder: Folder, after: int, connection: Connection) -> list[Any]:
    return list(connection.execute(_ROWS.where(_mail.mail_box_id == folder.id, _mail.uid > after)))


def _faults(folder: Folder, row: Any) -> Iterator[str]:
    """What a row says that cannot be."""
    said, flags = parse(row.file_name), from_column(row.flags)
    if row.uid >= folder.mailbox.uidnext:
        yield f"the next UID is only {folder.mailbox.uidnext}"
    if row.modseq > folder.mailbox.highestmodseq:
        yield f"modseq {row.modseq} is above the mailbox's {folder.mailbox.highestmodseq}"
    if row.content is None:
        yield "nothing is kept about its content"
    if (SEEN in flags, DELETED in flags) != (bool(row.seen), bool(row.deleted)):
        yield f"flags {row.flags!r} and their columns differ"
    if said.uid not in {None, row.uid} or said.uidvalidity not in {None, folder.mailbox.uidvalidity}:
        yield f"file {row.file_name} names another UID"
    if not row.name_due and letters_for(said.flags) != letters_for(flags):
        yield f"file {row.file_name} tells other flags than {row.flags!r}"


def _elsewhere(files: dict[str, str], name: str) -> str:
    """Where a file with other flags in its name is."""
    base = base_of(name)
    other = next((other for other in files if base_of(other) == base), None)
    return "" if other is None else f", {files.pop(other)}/{other} is there"


def _counts(connection: Connection, folder: Folder, count: int, octets: int) -> Iterator[Finding]:
    """The mailbox's own row against the sum of its messages."""
    name = folder.mailbox.name
    for uid in connection.execute(_GRAVES.where(_mail.mail_box_id == folder.id)).scalars():
        yield Finding(name, uid, "expunged and there at once")
    box = select(mail_box.c.message_count, mail_box.c.octets).where(mail_box.c.id == folder.id)
    row = connection.execute(box).one()
    if (row.message_count, row.octets) != (count, octets):
        yield Finding(
            name, None, f"counts {row.message_count} messages, {row.octets} octets; there are {count}, {octets}"
        )
