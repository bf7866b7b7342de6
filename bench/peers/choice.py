"""Peers by name."""

from collections.abc import Callable
from pathlib import Path

from bench.peers.daptinmail import Daptinmail
from bench.peers.dovecot import Dovecot
from bench.peers.peer import Peer
from bench.peers.pymap import Pymap

PEERS: dict[str, Callable[[Path], Peer]] = {"daptinmail": Daptinmail, "dovecot": Dovecot, "pymap": Pymap}


def make(name: str, parent: Path) -> Peer:
    """A peer with a fresh directory below ``parent``."""
    directory = parent / name
    directory.mkdir()
    return PEERS[name](directory)
