"""Gives an account's messages away: as mbox files or as a Maildir++ tree, in a directory of their own."""

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from attrs import define, evolve, field, frozen

from daptinmail.db.types import from_milliseconds
from daptinmail.errors import Invalid
from daptinmail.interfaces.messages import Flags, IMessageStore, Mailbox, Opened
from daptinmail.interfaces.runtime import IBlocking
from daptinmail.mail.mbox import write_message
from daptinmail.store.filenames import FileName, letters_for
from daptinmail.store.keywords import FILE, LETTERS, render_keywords
from daptinmail.store.maildir import MARK, PLACES
from daptinmail.store.names import directory_name

SLICE = 50
"""Messages open at a time."""


@frozen
class Exported:
    """What was done so far."""

    messages: int = 0
    octets: int = 0


@frozen
class Leaving:
    """A message on its way out."""

    uid: int
    flags: Flags
    internal_date: datetime
    opened: Opened


Letters = Mapping[bytes, str]
"""Keywords and the letters that stand for them in file names."""


@frozen
class Format:
    """How mailboxes and messages are written; all in pool threads. ``begin`` answers the place of a mailbox."""

    begin: Callable[[Path, Mailbox, Letters], Path]
    write: Callable[[Path, Mailbox, Letters, Leaving], None]


@define(eq=False)
class Export:
    """One export of one account to ``directory``, which must not exist or be empty. ``progress`` hears as it goes."""

    store: IMessageStore
    blocking: IBlocking
    account_id: int
    directory: Path
    progress: Callable[[str, Exported], None]
    done: Exported = field(factory=Exported, init=False)

    async def mbox(self, names: Sequence[str] | None = None) -> None:
        """One file ``<Maildir++ name>.mbox`` for each mailbox.

        Raises:
            Invalid: the directory holds something.
            NotFound: one of ``names`` is no mailbox.
        """
        await self._run(names, MBOX)

    async def maildir(self, names: Sequence[str] | None = None) -> None:
        """A Maildir++ tree; contents are exactly as stored. Raises as ``mbox`` does."""
        await self._run(names, MAILDIR)

    async def _run(self, names: Sequence[str] | None, form: Format) -> None:
        if names is None:
            mailboxes = await self.store.mailboxes(self.account_id)
        else:
            mailboxes = [await self.store.mailbox(self.account_id, name) for name in names]
        await self.blocking.run(_make_empty, self.directory)
        for mailbox in mailboxes:
            await self._write_all(mailbox, form)
        await self.blocking.run(os.sync)

    async def _write_all(self, mailbox: Mailbox, form: Format) -> None:
        view = await self.store.snapshot(mailbox.id)
        keywords = sorted({flag for flags in set(view.flags) for flag in flags if not flag.startswith(b"\\")})
        letters = dict(zip(keywords, LETTERS, strict=False))
        place: Path = await self.blocking.run(form.begin, self.directory, mailbox, letters)
        for start in range(0, len(view.uids), SLICE):
            uids, flags = view.uids[start : start + SLICE], view.flags[start : start + SLICE]
            await self._write_some(mailbox, place, letters, dict(zip(uids, flags, strict=True)), form)
            self.progress(mailbox.name, self.done)

    async def _write_some(
        self, mailbox: Mailbox, place: Path, letters: Letters, flags: Mapping[int, Flags], form: Format
    ) -> None:
        dates = dict(await self.store.columns(mailbox.id, list(flags), ("internal_date",)))
        opened = await self.store.open_many(mailbox.id, list(flags))
        try:
            for uid, file in opened.items():
                leaving = Leaving(uid, flags[uid], from_milliseconds(dates[uid]), file)
                await self.blocking.run(form.write, place, mailbox, letters, leaving)
                self.done = evolve(self.done, messages=self.done.messages + 1, octets=self.done.octets + file.size)
        finally:
            await self.blocking.run(_close_all, list(opened.values()))


# In pool threads


def _make_empty(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    if any(directory.iterdir()):
        raise Invalid(f"{directory} is not empty")


def _begin_mbox(directory: Path, mailbox: Mailbox, _: Letters) -> Path:
    path = directory / f"{directory_name(mailbox.name).removeprefix('.') or mailbox.name}.mbox"
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    return path


def _write_mbox(path: Path, _: Mailbox, __: Letters, leaving: Leaving) -> None:
    content = leaving.opened.read(0, leaving.opened.size)
    with path.open("ab") as file:
        file.write(write_message(content, leaving.flags, leaving.internal_date))


def _begin_maildir(directory: Path, mailbox: Mailbox, letters: Letters) -> Path:
    name = directory_name(mailbox.name)
    place = directory / name if name else directory
    for part in PLACES:
        (place / part).mkdir(parents=True, mode=0o700)
    if name:
        (place / MARK).touch(mode=0o600)
    if letters:
        (place / FILE).write_bytes(render_keywords({letter: keyword for keyword, letter in letters.items()}))
    return place


def _write_maildir(place: Path, mailbox: Mailbox, letters: Letters, leaving: Leaving) -> None:
    size, seconds = leaving.opened.size, int(leaving.internal_date.timestamp())
    keywords = "".join(letters[flag] for flag in leaving.flags if flag in letters)
    base = f"{seconds}.U{leaving.uid}V{mailbox.uidvalidity}.export"
    name = str(FileName(base, size, size, None, None, letters_for(leaving.flags, keywords)))
    path = place / "tmp" / base
    with path.open("xb") as file:
        for start in range(0, size, 1 << 20):
            file.write(leaving.opened.read(start, 1 << 20))
    os.utime(path, (seconds, seconds))
    path.rename(place / "cur" / name)


def _close_all(opened: Sequence[Opened]) -> None:
    for file in opened:
        file.close()


MBOX = Format(_begin_mbox, _write_mbox)
MAILDIR = Format(_begin_maildir, _write_maildir)
