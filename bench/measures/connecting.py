"""LOGIN, and what an idle session holds."""

from bench.client import Address, ImapClient, Security
from bench.crowd import at_once
from bench.measures.measure import Measure
from bench.peers.peer import PASSWORD, USER
from bench.samples import Sample
from bench.site import Site

LOGINS = 40
CROWD = 8
"""Connections that are made at a time."""


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
    """Under TLS in IDLE; under TLS before login; in clear before login. Each is made while the others stay."""
    site.restart()
    tls, clear = site.peer.address, site.peer.clear
    with site.connect(tls):
        before = site.peer.process.memory()
        idle = _many(site, tls, True)
    site.restart()
    with site.connect(tls):
        first = site.peer.process.memory()
        waiting = _many(site, tls, False)
    samples = [
        Sample("memory.tls.idle", (idle - before) / 1024 / site.sessions),
        Sample("memory.tls.unauthenticated", (waiting - first) / 1024 / site.sessions),
    ]
    if clear.security is Security.CLEAR:
        site.restart()
        with site.connect(tls):
            first = site.peer.process.memory()
            waiting = _many(site, clear, False)
            samples.append(Sample("memory.clear.unauthenticated", (waiting - first) / 1024 / site.sessions))
    return samples


def _many(site: Site, address: Address, idle: bool) -> int:
    """Memory of the server with all these sessions."""
    clients = at_once(lambda _: _open(address, idle), site.sessions, CROWD)
    memory = site.peer.process.memory()
    for client in clients:
        client.close()
    return memory


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
MEMORY = (Measure("memory", "memory of an idle session", _memory, turns=1),)
