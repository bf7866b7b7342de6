"""Takes messages of other programs into an account: mbox files and Maildir trees."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from attrs import define, evolve, field, frozen

from daptinmail.errors import AlreadyExists, Invalid
from daptinmail.interfaces.messages import Arrival, Flags, IMessageStore, NewMessage
from daptinmail.interfaces.runtime import IBlocking, IIdentifiers
from daptinmail.interfaces.storage import Content
from daptinmail.mail.mbox import TooLarge, read_messages
from daptinmail.store.filenames import parse
from daptinmail.store.keywords import read_keywords
from daptinmail.store.maildir import listing
from daptinmail.store.names import DELIMITER, INBOX, name_of_directory, normal_name

LARGEST = 256 * 1024 * 1024
"""Octets; a larger message is said and passed over."""

_DIGITS = re.compile(r"([0-9]{1,30})")

BATCH_MESSAGES = 100
BATCH_OCTETS = 8 * 1024 * 1024
"""How much is stored in one unit: as much is in memory at a time."""


@frozen
class Imported:
    """What was done so far; ``skipped`` names what was not taken."""

    messages: int = 0
    octets: int = 0
    skipped: tuple[str, ...] = ()


@frozen
class Batch:
    """Messages that are stored together."""

    messages: Sequence[NewMessage]
    skipped: tuple[str, ...]
    more: bool


Source = Iterator[NewMessage | str]
"""Messages, or the name of one that is passed over."""


@define(eq=False)
class Import:
    """One import into one account. ``progress`` hears after every batch."""

    store: IMessageStore
    blocking: IBlocking
    identifiers: IIdentifiers
    account_id: int
    progress: Callable[[str, Imported], None]
    done: Imported = field(factory=Imported, init=False)

    async def mbox(self, path: Path, mailbox: str) -> None:
        """Take the messages of an mbox file into ``mailbox``, made if missing.

        Raises:
            OSError: the file cannot be read.
            Invalid: no mailbox can have that name.
        """
        await self._take(normal_name(mailbox), _mbox(path))

    async def maildir(self, path: Path, mailbox: str) -> None:
        """Take a Maildir with its Maildir++ folders: its own messages into ``mailbox``, folders below it.

        Raises:
            Invalid: ``path`` is no Maildir, or no mailbox can have that name.
        """
        top = normal_name(mailbox)
        for name, folder in await self.blocking.run(_folders, path):
            under = name if top == INBOX else top + DELIMITER + name
            await self._take(normal_name(top if name == INBOX else under), _maildir(folder))

    async def _take(self, mailbox: str, source: Source) -> None:
        with suppress(AlreadyExists):
            await self.store.create(self.account_id, mailbox)
        target = await self.store.mailbox(self.account_id, mailbox)
        more = True
        while more:
            batch: Batch = await self.blocking.run(_next_batch, source)
            if batch.messages:
                await self.store.append_many(target.id, batch.messages, Arrival(self.identifiers.uuid7()))
            self.done = evolve(
                self.done,
                messages=self.done.messages + len(batch.messages),
                octets=self.done.octets + sum(message.content.size for message in batch.messages),
                skipped=self.done.skipped + batch.skipped,
            )
            self.progress(mailbox, self.done)
            more = batch.more


def _next_batch(source: Source) -> Batch:
    """Read as much as is stored at once. Blocking."""
    messages: list[NewMessage] = []
    skipped: list[str] = []
    octets = 0
    for one in source:
        if isinstance(one, str):
            skipped.append(one)
            continue
        messages.append(one)
        octets += one.content.size
        if len(messages) == BATCH_MESSAGES or octets >= BATCH_OCTETS:
            return Batch(messages, tuple(skipped), more=True)
    return Batch(messages, tuple(skipped), more=False)


def _mbox(path: Path) -> Source:
    with path.open("rb") as file:
        for number, found in enumerate(read_messages(file, LARGEST), 1):
            if isinstance(found, TooLarge):
                yield f"{path}: message {number} has {found.size} octets"
            elif found.content:
                yield _message(found.content, found.flags, found.received)


def _folders(path: Path) -> list[tuple[str, Path]]:
    """Mailbox names and their folders, the Maildir itself first. Blocking."""
    if not (path / "cur").is_dir():
        raise Invalid(f"{path} is not a Maildir: it has no directory cur")
    found = [(INBOX, path)]
    for folder in sorted(path.glob(".*")):
        name = name_of_directory(folder.name)
        if name is not None and (folder / "cur").is_dir():
            found.append((name, folder))
    return found


def _maildir(folder: Path) -> Source:
    letters = read_keywords(folder)
    for place, name in sorted(listing(folder), key=_age):
        path = folder / place / name
        try:
            found = path.stat()
            octets = path.read_bytes() if found.st_size <= LARGEST else None
        except OSError as error:
            yield f"{path}: {error.strerror}"
            continue
        if octets is None:
            yield f"{path}: {found.st_size} octets"
        elif octets:
            said = parse(name)
            keywords = {letters[letter] for letter in said.letters or "" if letter in letters}
            date = datetime.fromtimestamp(int(found.st_mtime), UTC)
            yield _message(_with_crlf(octets), said.flags | keywords, date)


def _age(found: tuple[str, str]) -> list[int | str]:
    """Sort key: names begin with the time when they were made; numbers in them count as numbers."""
    base = parse(found[1]).base
    return [int(piece) if number % 2 else piece for number, piece in enumerate(_DIGITS.split(base))]


def _with_crlf(octets: bytes) -> bytes:
    if octets.count(b"\n") == octets.count(b"\r\n"):
        return octets
    return octets.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _message(octets: bytes, flags: Flags, date: datetime | None) -> NewMessage:
    return NewMessage(Content(len(octets), octets), flags, date)
