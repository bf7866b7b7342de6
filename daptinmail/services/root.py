"""The root of the service tree: what happens when, at start and at stop.

``privilegedStartService`` binds ports; ``startService``, after privileges are dropped, opens files; once the reactor
runs, listeners take their sockets. At stop: listeners first, then the queue, then storage.
"""

import atexit
import os
import sys
from collections.abc import Callable
from typing import Any

from attrs import define, field
from twisted.application.service import Service
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IListeningPort
from twisted.logger import Logger
from twisted.python.failure import Failure

from daptinmail.errors import ConfigurationError
from daptinmail.services.build import Parts, start_on
from daptinmail.services.datadir import DataDirectory
from daptinmail.services.listeners import SwitchFactory
from daptinmail.services.quickstart import Ports, choose_ports
from daptinmail.services.sockets import BoundSockets
from daptinmail.settings import Boot

log = Logger()


def exit_in_the_end(status: int) -> None:
    """Make the process end with this status; twistd takes none once the reactor runs."""
    atexit.register(os._exit, status)


@define(eq=False, slots=False)
class Root(Service):
    """The whole application."""

    _boot: Boot
    _reactor: Any
    _sockets: BoundSockets = field(factory=BoundSockets)
    _http_ports: list[IListeningPort] = field(factory=list)
    _http: SwitchFactory = field(factory=SwitchFactory)
    _ports: Ports | None = None
    _directory: DataDirectory | None = None
    _parts: Parts | None = None
    _begun: "Deferred[None] | None" = None
    _exit_with: Callable[[int], None] = exit_in_the_end

    def privilegedStartService(self) -> None:
        """Bind every port that may need privileges.

        Raises:
            ConfigurationError: an HTTP endpoint cannot be had, or quickstart finds no port.
        """
        try:
            self._sockets.bind_listed(self._boot.data_dir)
            if self._boot.quickstart:
                self._ports = choose_ports(self._boot, self._sockets)
        except OSError as error:
            raise ConfigurationError(str(error)) from error
        for endpoint in self._boot.http:
            self._http_ports.append(self._listen_http(endpoint))

    def startService(self) -> None:
        """Open the data directory and the database; the rest waits for the reactor.

        Raises:
            ConfigurationError: either cannot be used.
        """
        super().startService()  # type: ignore[no-untyped-call]  # twisted.application
        self._directory, self._parts = start_on(self._boot, self._reactor, self._sockets)
        self._reactor.callWhenRunning(self._begin)

    def stopService(self) -> "Deferred[None]":
        """Stop in order; the Deferred fires when the last write is on disk."""
        super().stopService()  # type: ignore[no-untyped-call]  # twisted.application
        return Deferred.fromCoroutine(self._stop())

    def _listen_http(self, endpoint: str) -> IListeningPort:
        ports: list[IListeningPort] = []
        failures: list[Failure] = []
        listening: Deferred[IListeningPort] = serverFromString(self._reactor, endpoint).listen(self._http)
        watched = listening.addCallbacks(ports.append, failures.append)
        if not (watched.called and ports):
            reason = failures[0].getErrorMessage() if failures else "no answer"
            raise ConfigurationError(f"cannot serve HTTP on {endpoint}: {reason}")
        return ports[0]

    def _begin(self) -> None:
        self._begun = Deferred.fromCoroutine(self._run()).addErrback(self._give_up)

    async def _run(self) -> None:
        assert self._parts is not None
        addresses = tuple(http_address(port.getHost()) for port in self._http_ports)
        await self._parts.open(self._boot.quickstart, self._ports, addresses)
        self._sockets.close()
        self._http.current = self._parts.site
        log.info("HTTP API on {addresses}", addresses=" ".join(addresses))

    def _give_up(self, failure: Failure) -> None:
        log.failure("daptinmail cannot start", failure)
        print(f"twistd daptinmail: cannot start: {failure.getErrorMessage()}", file=sys.__stderr__)
        self._exit_with(1)
        self._reactor.stop()

    async def _stop(self) -> None:
        self._http.current = None
        for port in self._http_ports:
            await maybeDeferred(port.stopListening)
        if self._parts is not None:
            await self._parts.stop()
        self._sockets.close()
        if self._directory is not None:
            self._directory.close()


def http_address(address: Any) -> str:
    """The URL of a listening address."""
    if not hasattr(address, "port"):
        return f"unix:{os.fsdecode(address.name)}"
    host = "127.0.0.1" if address.host in {"0.0.0.0", ""} else address.host
    return f"http://[{host}]:{address.port}" if ":" in host else f"http://{host}:{address.port}"
