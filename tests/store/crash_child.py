"""A process that stores, moves and expunges messages until it is killed, and says what it was told is done.

Lines on standard output: ``A <n>`` message n is stored, ``m``/``M <n>`` its move begins/is done, ``e``/``E <n>`` its
expunge begins/is done.
"""

import sys
from collections.abc import Awaitable
from pathlib import Path
from typing import TypeVar

from twisted.internet.defer import Deferred

from daptinmail.db.engine import open_engine
from daptinmail.db.migrate import migrate
from daptinmail.db.storage import Storage
from daptinmail.interfaces.messages import Appended
from daptinmail.interfaces.storage import Content
from daptinmail.net.runtime import RandomIdentifiers, SystemClock
from tests.contracts.message_store_base import ARRIVAL, DELETED
from tests.support.runtime import SteadyClock, SynchronousBlocking
from tests.support.storage import ThreadCalls
from tests.support.stored import Stored

T = TypeVar("T")
TOGETHER = 8


def octets(number: int) -> bytes:
    """Message ``number``; about 9 KiB."""
    return b"Subject: %d\r\n\r\n" % number + (b"line %d\r\n" % number) * 900


def opened(base: Path) -> tuple[Stored, Storage]:
    """The store on the disk at ``base``."""
    engine = open_engine(f"sqlite:///{base / 'db'}")
    migrate(engine)
    calls = ThreadCalls()
    storage = Storage(engine, SteadyClock(), calls, SynchronousBlocking())
    storage.start()
    identifiers = RandomIdentifiers(SystemClock())
    return Stored(storage, base / "mail", calls.settle, identifiers=identifiers), storage  # type: ignore[arg-type] # real ids


def say(line: str) -> None:
    """One line, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def start(awaitable: Awaitable[T]) -> "Deferred[T]":
    """Begin without waiting."""

    async def wait() -> T:
        return await awaitable

    return Deferred.fromCoroutine(wait())


def run(base: Path) -> None:
    """Until killed."""
    stored, _ = opened(base)
    store = stored.store
    account = stored.now(lambda t: stored.open_account(t, "a@example.test"))
    inbox = stored.result(store.mailbox(account, "INBOX")).id
    archive = stored.result(store.mailbox(account, "Archive")).id
    say(f"V {stored.result(store.mailbox(account, 'INBOX')).uidvalidity}")
    for first in range(0, 1_000_000, TOGETHER):
        waiting: list[Deferred[Appended]] = []
        for number in range(first, first + TOGETHER):
            flags = frozenset({DELETED}) if number % TOGETHER == 1 else frozenset()
            content = Content(len(octets(number)), octets(number))
            waiting.append(start(store.append(inbox, content, flags, None, ARRIVAL)))
        uids = []
        for number, result in enumerate(waiting, first):
            uids.append(stored.result(result).uid)
            say(f"A {number}")
        say(f"m {first}\ne {first + 1}")
        moved, expunged = start(store.move(inbox, uids[:1], archive)), start(store.expunge(inbox, uids[1:2]))
        stored.result(moved)
        say(f"M {first}")
        stored.result(expunged)
        say(f"E {first + 1}")


if __name__ == "__main__":
    run(Path(sys.argv[1]))
