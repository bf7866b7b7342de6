"""Ports bound before privileges are dropped.

Which ports they are is in the database, which may be opened only after the drop; so each reconcile leaves the list in
``listeners.json`` for the next start.
"""

import json
import socket
from collections.abc import Callable, Iterable
from pathlib import Path

from attrs import define, field
from twisted.logger import Logger

from daptinmail.services.datadir import write_private
from daptinmail.settings import Interface, parse_interface

log = Logger()

LIST_NAME = "listeners.json"
BACKLOG = 1024


def bind(interface: Interface) -> socket.socket:
    """A bound and listening, non-blocking socket.

    Raises:
        OSError: the address is taken, not ours, or not permitted.
    """
    family = socket.AF_INET6 if ":" in interface.host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((interface.host, interface.port))
        sock.listen(BACKLOG)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock


@define(eq=False)
class BoundSockets:
    """Sockets that wait for a listener to take them. ``bind`` makes one; see the function."""

    _bind: Callable[[Interface], socket.socket] = bind
    _sockets: dict[Interface, socket.socket] = field(factory=dict)

    def bind_listed(self, data_dir: Path) -> None:
        """Bind what the last run listened on. What cannot be bound is left to the reconcile, which reports it."""
        for interface in read_list(data_dir):
            try:
                self._sockets[interface] = self._bind(interface)
            except OSError as error:
                log.info("cannot bind {interface} early: {error}", interface=interface, error=error)

    def bind_first(self, candidates: Iterable[Interface]) -> Interface | None:
        """Bind the first candidate that can be had, and keep it for its listener."""
        for interface in candidates:
            if interface in self._sockets:
                return interface
            try:
                self._sockets[interface] = self._bind(interface)
            except OSError:
                continue
            return interface
        return None

    def take(self, interface: Interface) -> socket.socket:
        """The socket bound for ``interface``, or one bound now.

        Raises:
            OSError: see ``bind``.
        """
        return self._sockets.pop(interface, None) or self._bind(interface)

    def close(self) -> None:
        """Give up what nobody took."""
        while self._sockets:
            self._sockets.popitem()[1].close()


def read_list(data_dir: Path) -> list[Interface]:
    """The addresses of the last run; none if there was none."""
    try:
        texts = json.loads((data_dir / LIST_NAME).read_text())
        return [parse_interface(text) for text in texts]
    except (OSError, ValueError, TypeError, AttributeError):
        return []


def write_list(data_dir: Path, interfaces: Iterable[Interface]) -> None:
    """Leave the addresses for the next start. Blocking."""
    write_private(data_dir / LIST_NAME, json.dumps([str(interface) for interface in interfaces]))
