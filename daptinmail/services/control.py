"""Reconcile: makes the running listeners match the database, and tells each party what became of them."""

from collections.abc import Callable, Mapping, Sequence

from attrs import define, field
from sqlalchemy import update
from twisted.internet.defer import DeferredLock
from twisted.logger import Logger
from zope.interface import implementer

from daptinmail.db.schema import mail_server
from daptinmail.errors import Unavailable
from daptinmail.interfaces.control import IConfiguration, IControl, ListenerReport
from daptinmail.interfaces.events import IEventLog
from daptinmail.interfaces.runtime import IBlocking
from daptinmail.interfaces.storage import IStorage, ITransaction
from daptinmail.interfaces.tls import ITlsContexts
from daptinmail.services.listeners import Listeners
from daptinmail.services.live import CurrentLive
from daptinmail.services.sockets import write_list
from daptinmail.services.wanted import IMAP_NAME, Wanted, hostnames, wanted_listeners
from daptinmail.settings import Boot, Interface, Live

log = Logger()

LISTENING = {"kept", "started", "changed"}


@implementer(IControl)
@define(eq=False)
class Control:
    """Reconciles one at a time; those who ask meanwhile wait for their turn."""

    _boot: Boot
    _live: CurrentLive
    _storage: IStorage
    _events: IEventLog
    _contexts: ITlsContexts
    _blocking: IBlocking
    _listeners: Listeners
    _lock: DeferredLock = field(factory=DeferredLock)

    def live(self) -> Live:
        """What the services run with now."""
        return self._live.value

    async def reconcile(self) -> Sequence[ListenerReport]:
        """Make listeners match the database; one report for each that is, was or should be."""
        await self._lock.acquire()
        try:
            live = await self._live.refresh()
            wanted = wanted_listeners(live)
            for hostname in hostnames(wanted):
                await self._contexts.ensure(hostname)
            applied = await self._listeners.apply(wanted.listeners)
            reports = [*applied, *_fault_reports(live, wanted)]
            statuses = _statuses(live, wanted, {report.interface: report for report in applied})
            await self._record(reports, statuses, list(wanted.listeners))
        finally:
            self._lock.release()
        return reports

    async def _record(
        self,
        reports: Sequence[ListenerReport],
        statuses: Mapping[int, tuple[str, str]],
        interfaces: Sequence[Interface],
    ) -> None:
        """Rows, events and the list for the next start. On a full disk what listens goes on, unrecorded."""
        try:
            await self._storage.write(lambda transaction: self._record_in(transaction, reports, statuses))
            await self._blocking.run(write_list, self._boot.data_dir, interfaces)
        except (OSError, Unavailable) as error:
            log.error("the state of the listeners was not recorded: {error}", error=error)

    def _record_in(
        self,
        transaction: ITransaction,
        reports: Sequence[ListenerReport],
        statuses: Mapping[int, tuple[str, str]],
    ) -> None:
        """Status of each server row, and an event for each listener that is not simply kept."""
        for identifier, (status, message) in statuses.items():
            values = {"status": status, "status_message": message}
            transaction.connection.execute(update(mail_server).where(mail_server.c.id == identifier).values(values))
        for report in reports:
            if report.action != "kept":
                data = {"name": report.name, "interface": report.interface, "message": report.message}
                self._events.record_in(transaction, f"listener.{report.action}", None, "", data)


def _statuses(live: Live, wanted: Wanted, applied: Mapping[str, ListenerReport]) -> dict[int, tuple[str, str]]:
    """Status and message by server id."""
    statuses = {}
    for server in live.servers:
        if not server.is_enabled:
            statuses[server.id] = ("disabled", "")
        elif server.id in wanted.faults:
            statuses[server.id] = ("failed", wanted.faults[server.id])
        else:
            report = applied[str(server.interface)]
            statuses[server.id] = ("listening" if report.action in LISTENING else "failed", report.message)
    return statuses


def _fault_reports(live: Live, wanted: Wanted) -> list[ListenerReport]:
    names: Mapping[int | None, tuple[str, str]] = {
        None: (IMAP_NAME, str(live.imap.interface or "")),
        **{server.id: (server.hostname, str(server.interface or "")) for server in live.servers},
    }
    return [ListenerReport(*names[key], "failed", reason) for key, reason in wanted.faults.items()]


@implementer(IConfiguration)
@define(eq=False)
class LiveConfiguration:
    """The ``_config`` table; every change is seen at once by all that does not listen."""

    _configuration: IConfiguration
    _live: CurrentLive
    _wake_queue: Callable[[], None]

    async def get(self, key: str) -> str | None:
        """See ``IConfiguration``."""
        return await self._configuration.get(key)

    async def all(self) -> Mapping[str, str]:
        """See ``IConfiguration``."""
        return await self._configuration.all()

    async def set(self, key: str, value: str) -> None:
        """See ``IConfiguration``."""
        await self._configuration.set(key, value)
        await self._changed()

    async def delete(self, key: str) -> None:
        """See ``IConfiguration``."""
        await self._configuration.delete(key)
        await self._changed()

    async def _changed(self) -> None:
        await self._live.refresh()
        self._wake_queue()
