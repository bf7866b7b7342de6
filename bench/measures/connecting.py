"""LOGIN, and what an idle session holds."""

from bench.client import Address, ImapClient
from bench.crowd import at_once
from bench.measures.measure import Measure
from bench.peers.peer import PASSWORD, USER
from bench.samples import Sample
from bench.site import Site

LOGINS = 40
CROWD = 8
"""Connections that are made at a time."""
FIRST = 20
"""Connections that are open before memory is taken, so that what is loaded once is loaded."""


def _visit(address: Address) -> None:
    client = ImapClient(address)
    client.login(USER, PASSWORD)
    client.logout()


def _visits(address: Address) -> None:
    for _ in range(LOGINS):
        _visit(address)


def _tls(site: Site, turn: int) -> list[Sample]:
    address = site.peer.address
    alone = site.timed(lambda: _visits(address))
    crowd = site.timed(lambda: at_once(lambda _: _visit(address), LOGINS, CROWD))
    return [alone.sample("login.tls", LOGINS), crowd.sample("login.tls.crowd", LOGINS)]


def _clear(site: Site, turn: int) -> list[Sample]:
    if not site.peer.login_in_clear:
        return []
    address = site.peer.clear
    return [site.timed(lambda: _visits(address)).sample("login.clear", LOGINS)]


def _memory(site: Site, turn: int) -> list[Sample]:
    """What is not measured because no password is taken in clear is worked out from the cost of TLS before login."""
    tls, clear = site.peer.address, site.peer.clear
    idle_tls = _kib(site, tls, idle=True)
    waiting_tls = _kib(site, tls, idle=False)
    site.peer.offer_clear(True)
    waiting_clear = _kib(site, clear, idle=False)
    idle_clear = _kib(site, clear, idle=True) if site.peer.login_in_clear else idle_tls - waiting_tls + waiting_clear
    site.peer.offer_clear(False)
    return [
        Sample("memory.idle.tls", idle_tls),
        Sample("memory.idle", idle_clear),
        Sample("memory.unauthenticated.tls", waiting_tls),
        Sample("memory.unauthenticated", waiting_clear),
    ]


def _kib(site: Site, address: Address, idle: bool) -> float:
    """KiB that each of many connections adds to a server just started, which has served ``FIRST`` of them."""
    site.restart()
    clients = at_once(lambda _: _open(address, idle), FIRST, CROWD)
    before = site.peer.process.memory()
    clients += at_once(lambda _: _open(address, idle), site.sessions, CROWD)
    after = site.peer.process.memory()
    for client in clients:
        client.close()
    return (after - before) / 1024 / site.sessions


def _open(address: Address, idle: bool) -> ImapClient:
    client = ImapClient(address)
    if idle:
        client.login(USER, PASSWORD)
        client.command(b"SELECT INBOX")
        client.idle()
    return client


LOGIN = (
    Measure("login.tls", "connect, TLS, LOGIN, LOGOUT, one after the other and eight at a time", _tls, turns=4),
    Measure("login.clear", "connect, LOGIN, LOGOUT without TLS", _clear, turns=4),
)
MEMORY = (Measure("memory", "memory of a session in IDLE, and before login, KiB", _memory, turns=1, repeatable=False),)
