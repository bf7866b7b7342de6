"""Sub-commands that work on the data directory while no server runs on it: they run once, show progress and end."""

from collections.abc import Awaitable, Callable
from typing import Any

from attrs import define, field
from sqlalchemy import select
from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from daptinmail.db.schema import mail_account
from daptinmail.errors import NotFound
from daptinmail.services.build import Parts, print_line, start_on
from daptinmail.services.datadir import DataDirectory
from daptinmail.services.root import exit_in_the_end
from daptinmail.services.sockets import BoundSockets
from daptinmail.settings import Boot

log = Logger()

Say = Callable[[str], None]
"""Shows the operator a line."""

Work = Callable[[Parts, Say], Awaitable[bool]]
"""What a sub-command does; false makes the process end with 1."""


@define(eq=False, slots=False)
class OfflineCommand(Service):
    """Runs ``work`` once and stops the reactor; no port is opened."""

    _boot: Boot
    _reactor: Any
    name: str
    _work: Work
    _say: Say = print_line
    _exit_with: Callable[[int], None] = exit_in_the_end
    _directory: DataDirectory | None = None
    _parts: Parts | None = None
    _done: "Deferred[None] | None" = field(default=None, init=False)

    def startService(self) -> None:
        """Open the data directory; the work waits for the reactor.

        Raises:
            ConfigurationError: it cannot be used, for instance because the server runs on it.
        """
        super().startService()  # type: ignore[no-untyped-call]  # twisted.application
        self._directory, self._parts = start_on(self._boot, self._reactor, BoundSockets())
        self._reactor.callWhenRunning(self._begin)

    def stopService(self) -> "Deferred[None]":
        """Stop the threads."""
        super().stopService()  # type: ignore[no-untyped-call]  # twisted.application
        return Deferred.fromCoroutine(self._stop())

    def _begin(self) -> None:
        self._done = Deferred.fromCoroutine(self._run()).addErrback(self._report).addBoth(self._end)

    async def _run(self) -> None:
        assert self._parts is not None
        await self._parts.ground.blocking.run(self._parts.domain.store.clear)
        if not await self._work(self._parts, self.say):
            self._exit_with(1)

    def say(self, text: str) -> None:
        """Show a line."""
        self._say(f"{self.name}: {text}")

    def _report(self, failure: Failure) -> None:
        log.failure("{command} failed", failure, command=self.name)
        self.say(f"failed: {failure.getErrorMessage()}")
        self._exit_with(1)

    def _end(self, result: None) -> None:
        self._reactor.stop()

    async def _stop(self) -> None:
        if self._parts is not None:
            await self._parts.ground.stop()
        if self._directory is not None:
            self._directory.close()


async def accounts(parts: Parts, username: str | None = None) -> list[tuple[int, str]]:
    """Ids and login names of all accounts, or of one.

    Raises:
        NotFound: there is no such account.
    """
    columns = select(mail_account.c.id, mail_account.c.username).order_by(mail_account.c.id)
    if username is not None:
        columns = columns.where(mail_account.c.username == username)
    rows = await parts.ground.storage.read(lambda connection: connection.execute(columns).all())
    if username is not None and not rows:
        raise NotFound(f"there is no account {username}")
    return [(row.id, row.username) for row in rows]
