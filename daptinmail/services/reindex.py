"""``twistd -n daptinmail reindex``: gives rows to message files that have none, then ends."""

from collections.abc import Callable
from typing import Any

from attrs import define, field
from sqlalchemy import select
from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from daptinmail.db.schema import mail_account
from daptinmail.services.build import Parts, print_line, start_on
from daptinmail.services.datadir import DataDirectory
from daptinmail.services.root import exit_in_the_end
from daptinmail.services.sockets import BoundSockets
from daptinmail.settings import Boot

log = Logger()


@define(eq=False, slots=False)
class ReindexService(Service):
    """Runs once over every account, showing progress; no port is opened."""

    _boot: Boot
    _reactor: Any
    _say: Callable[[str], None] = print_line
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
        ground, store = self._parts.ground, self._parts.domain.store
        await ground.blocking.run(store.clear)
        columns = select(mail_account.c.id, mail_account.c.username).order_by(mail_account.c.id)
        accounts = await ground.storage.read(lambda connection: connection.execute(columns).all())
        for number, (identifier, username) in enumerate(accounts, 1):
            name = f"{number}/{len(accounts)} {username}"

            def progress(done: int, total: int, name: str = name) -> None:
                self._say(f"reindex: {name}: {done}/{total} mailboxes")

            self._say(f"reindex: {name}: {await store.reindex(identifier, progress)} messages found")

    def _report(self, failure: Failure) -> None:
        log.failure("reindex failed", failure)
        self._say(f"reindex: failed: {failure.getErrorMessage()}")
        self._exit_with(1)

    def _end(self, result: None) -> None:
        self._reactor.stop()

    async def _stop(self) -> None:
        if self._parts is not None:
            await self._parts.ground.stop()
        if self._directory is not None:
            self._directory.close()
