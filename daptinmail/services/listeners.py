"""The listeners that run. A socket stays open over a change of what is served behind it, and so do its sessions."""

import socket
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import define, field
from twisted.internet.defer import maybeDeferred
from twisted.internet.interfaces import IAddress, IListeningPort, IProtocolFactory, IReactorSocket, IReactorTime
from twisted.internet.protocol import ServerFactory
from twisted.internet.task import deferLater
from twisted.logger import Logger
from zope.interface import implementer

from daptinmail.imap.server import ImapFactory
from daptinmail.interfaces.control import ListenerReport
from daptinmail.interfaces.directory import ISessions
from daptinmail.services.edges import Edges
from daptinmail.services.sockets import BoundSockets
from daptinmail.services.wanted import WantedListener
from daptinmail.settings import Interface
from daptinmail.smtp.server import SmtpFactory

log = Logger()

PATIENCE = 5.0  # seconds that sessions at work get to end at stop
DRAIN_STEP = 0.05


class SwitchFactory(ServerFactory):
    """Builds with whatever factory is current, so that a port keeps its socket when its factory changes."""

    noisy = False
    current: IProtocolFactory | None = None

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """A protocol of the current factory; ``None`` refuses the connection."""
        return self.current.buildProtocol(addr) if self.current is not None and addr is not None else None


@define(eq=False)
class Listener:
    """One open port, what it was last wanted for, and the factories behind it."""

    wanted: WantedListener
    port: IListeningPort
    switch: SwitchFactory
    smtp: SmtpFactory | None = None
    imap: ImapFactory | None = None


@implementer(ISessions)
@define(eq=False)
class Listeners:
    """Makes running listeners match wanted ones."""

    _reactor: IReactorSocket
    _sockets: BoundSockets
    _edges: Edges
    _running: dict[Interface, Listener] = field(factory=dict)
    _dropped: list[SmtpFactory | ImapFactory] = field(factory=list)

    @property
    def interfaces(self) -> list[Interface]:
        """The addresses that are open now."""
        return list(self._running)

    async def apply(self, wanted: Mapping[Interface, WantedListener]) -> Sequence[ListenerReport]:
        """Stop what is not wanted, keep or change what is, start what is missing; one report each.

        A listener that cannot be started is reported and hurts nothing else.
        """
        reports = [await self._stop(interface) for interface in self.interfaces if interface not in wanted]
        for interface, listener in wanted.items():
            if interface in self._running:
                reports.append(self._change(self._running[interface], listener))
            else:
                reports.append(self._start(listener))
        return reports

    def end_sessions(self, account_id: int) -> None:
        """Say goodbye to every session of an account, also of listeners that do not listen any more."""
        running = [factory for one in self._running.values() for factory in (one.smtp, one.imap) if factory]
        for factory in [*running, *self._dropped]:
            factory.end_sessions(account_id)

    async def drain(self, timers: IReactorTime) -> None:
        """Wait until the sessions that were said goodbye to are gone, for ``PATIENCE`` at most."""
        for _ in range(round(PATIENCE / DRAIN_STEP)):
            self._dropped = [factory for factory in self._dropped if factory.sessions]
            if not self._dropped:
                return
            await deferLater(timers, DRAIN_STEP, lambda: None)

    async def stop(self) -> None:
        """Close every port and say goodbye to every session."""
        for interface in self.interfaces:
            await self._stop(interface)
        self._sockets.close()

    def _start(self, wanted: WantedListener) -> ListenerReport:
        switch = SwitchFactory()
        try:
            port = self._listen(wanted.interface, switch)
        except OSError as error:
            reason = error.strerror or str(error)
            log.error("cannot listen on {interface}: {reason}", interface=wanted.interface, reason=reason)
            return ListenerReport(wanted.name, str(wanted.interface), "failed", reason)
        listener = Listener(wanted, port, switch)
        self._serve(listener, wanted)
        self._running[wanted.interface] = listener
        log.info("listening on {interface} for {name}", interface=wanted.interface, name=wanted.name)
        return ListenerReport(wanted.name, str(wanted.interface), "started")

    def _listen(self, interface: Interface, switch: SwitchFactory) -> IListeningPort:
        with self._sockets.take(interface) as sock:
            family = socket.AddressFamily(sock.family)
            return self._reactor.adoptStreamPort(sock.fileno(), family, switch)

    def _change(self, listener: Listener, wanted: WantedListener) -> ListenerReport:
        action = "kept" if listener.wanted == wanted else "changed"
        self._serve(listener, wanted)
        return ListenerReport(wanted.name, str(wanted.interface), action)

    def _serve(self, listener: Listener, wanted: WantedListener) -> None:
        """Put the right factories behind the port; those that stay keep their sessions."""
        if listener.wanted.implicit_tls != wanted.implicit_tls:
            self._drop(listener, smtp=True, imap=True)
        self._drop(listener, smtp=wanted.server is None, imap=wanted.imap is None)
        if wanted.server is not None:
            listener.smtp = self._edges.smtp(wanted.server, wanted.implicit_tls, listener.smtp)
        if wanted.imap is not None:
            listener.imap = self._edges.imap(wanted.imap, wanted.implicit_tls, listener.imap)
        listener.switch.current = self._edges.front(wanted, listener.smtp, listener.imap)
        listener.wanted = wanted

    def _drop(self, listener: Listener, smtp: bool, imap: bool) -> None:
        if smtp and listener.smtp is not None:
            self._part_with(listener.smtp)
            listener.smtp = None
        if imap and listener.imap is not None:
            self._part_with(listener.imap)
            listener.imap = None

    def _part_with(self, factory: SmtpFactory | ImapFactory) -> None:
        factory.close_sessions()
        self._dropped = [one for one in [*self._dropped, factory] if one.sessions]

    async def _stop(self, interface: Interface) -> ListenerReport:
        listener = self._running.pop(interface)
        listener.switch.current = None
        await maybeDeferred(listener.port.stopListening)
        self._drop(listener, smtp=True, imap=True)
        log.info("stopped listening on {interface}", interface=interface)
        return ListenerReport(listener.wanted.name, str(interface), "stopped")
