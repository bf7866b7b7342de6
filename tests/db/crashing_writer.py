"""A process that writes messages and dies at a chosen call: ``crashing_writer.py <directory> <call> <count>``.

It prints the name of each message as soon as storage has acknowledged it. Run by ``test_crash``.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from daptinmail.db.disk import FileSystem
from daptinmail.db.engine import open_engine
from daptinmail.db.migrate import migrate
from daptinmail.db.storage import Storage
from daptinmail.interfaces.storage import ITransaction
from tests.contracts.storage import put, small
from tests.support.runtime import SteadyClock, SynchronousBlocking
from tests.support.storage import ThreadCalls

GROUP = 5
"""Messages that wait at once."""

ROUNDS = 4


class DeadlyDisk(FileSystem):
    """Dies as by ``kill -9``, halfway through the n-th call of one kind."""

    def __init__(self, call: str, count: int) -> None:
        super().__init__()
        self.call, self.left = call, count

    def _step(self, call: str) -> None:
        if call == self.call:
            self.left -= 1
            if self.left == 0:
                os._exit(9)

    def write(self, descriptor: int, pieces: Sequence[bytes]) -> None:
        """Half of the octets, then perhaps the end."""
        whole = b"".join(pieces)
        super().write(descriptor, [whole[:5]])
        self._step("write")
        super().write(descriptor, [whole[5:]])

    def fsync(self, descriptor: int) -> None:
        """Perhaps the end."""
        self._step("fsync")
        super().fsync(descriptor)

    def rename(self, source: Path, target: Path) -> None:
        """Perhaps the end, before or after."""
        self._step("before rename")
        super().rename(source, target)
        self._step("after rename")

    def fsync_dir(self, path: Path) -> None:
        """Perhaps the end, with all files in place and no row."""
        self._step("before commit")
        super().fsync_dir(path)
        self._step("after fsync_dir")

    def unlink(self, path: Path) -> None:
        """Perhaps the end, after the commit and before anybody was told."""
        self._step("after commit")
        super().unlink(path)


def deliver(directory: Path, name: str) -> Any:
    """Work that stores one message, and removes another file when that is durable."""

    def work(transaction: ITransaction) -> str:
        put(name)(transaction)
        transaction.place(small(f"message {name}".encode()), directory / "cur" / name)
        transaction.remove(directory / f"old-{name}")
        return name

    return work


def main(directory: Path, call: str, count: int) -> None:
    """Write until the end."""
    reactor = ThreadCalls()
    engine = open_engine(f"sqlite:///{directory / 'db'}")
    migrate(engine)
    for place in ("cur", "tmp"):
        (directory / place).mkdir(exist_ok=True)
    storage = Storage(engine, SteadyClock(), reactor, SynchronousBlocking(), DeadlyDisk(call, count))
    storage.start()
    for turn in range(ROUNDS):
        names = [f"m{turn}-{number}" for number in range(GROUP)]
        for name in names:
            (directory / f"old-{name}").touch()
        waiting = [storage.write(deliver(directory, name)) for name in names]
        for one in waiting:
            print(reactor.settle(one), flush=True)
    reactor.settle(storage.stop())


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
