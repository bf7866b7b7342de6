"""Slows down password guessing: by name, by address and by network, for all protocols together.

Waiting times grow with the failures and stay short: a stranger who guesses cannot lock an owner out. Failures from an
address that proved the password before are counted apart, where strangers do not reach them.
"""

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from attrs import define, field, frozen

from daptinmail.errors import RateLimited, Unauthenticated
from daptinmail.interfaces.runtime import IClock


@frozen
class Limit:
    """``free`` failures cost nothing; then each doubles the wait from 1 s up to ``longest`` seconds.

    Failures are forgotten ``memory`` seconds after the last; ``at_once`` attempts may be under way together.
    """

    free: int
    longest: float
    memory: float = 3600.0
    at_once: int = 100


NAME = Limit(free=5, longest=60.0)
KNOWN = Limit(free=10, longest=30.0, at_once=1000)
ADDRESS = Limit(free=20, longest=300.0, at_once=500)
NETWORK = Limit(free=100, longest=300.0, at_once=1000)


@define(eq=False)
class _Tally:
    """Failures under one key."""

    failures: int = 0
    pending: int = 0
    last: datetime | None = None
    until: datetime | None = None


@define(eq=False)
class _Ledger:
    """Tallies of one kind, the longest unused dropped first."""

    limit: Limit
    capacity: int
    tallies: OrderedDict[str, _Tally] = field(factory=OrderedDict)

    def wait(self, key: str, now: datetime) -> float:
        """Seconds until ``key`` may be tried again, 0 for now."""
        tally = self.tallies.get(key)
        if tally is None:
            return 0.0
        if tally.last and now - tally.last > timedelta(seconds=self.limit.memory):
            tally.failures, tally.last, tally.until = 0, None, None
        if tally.pending >= self.limit.at_once:
            return 1.0
        return max(0.0, (tally.until - now).total_seconds()) if tally.until else 0.0

    def begin(self, key: str) -> None:
        """An attempt starts."""
        tally = self.tallies.setdefault(key, _Tally())
        tally.pending += 1
        self.tallies.move_to_end(key)
        while len(self.tallies) > self.capacity:
            self.tallies.popitem(last=False)

    def end(self, key: str) -> None:
        """An attempt is over."""
        tally = self.tallies.get(key)
        if tally is None:
            return
        tally.pending = max(0, tally.pending - 1)
        if not (tally.pending or tally.failures):
            del self.tallies[key]

    def fail(self, key: str, now: datetime) -> float:
        """An attempt failed; answers the seconds to wait for the next."""
        tally = self.tallies.setdefault(key, _Tally())
        tally.failures += 1
        tally.last = now
        excess = tally.failures - self.limit.free
        if excess <= 0:
            return 0.0
        delay = min(self.limit.longest, 2.0 ** min(excess - 1, 20))
        tally.until = now + timedelta(seconds=delay)
        return delay

    def forgive(self, key: str) -> None:
        """Forget all failures under ``key``."""
        tally = self.tallies.get(key)
        if tally is not None:
            tally.failures, tally.last, tally.until = 0, None, None


@define(eq=False)
class Attempt:
    """One attempt to log in that is under way. Exactly one of its methods must be called."""

    _finish: Callable[[str], float]

    def succeeded(self) -> None:
        """The password was right."""
        self._finish("succeeded")

    def failed(self) -> float:
        """Name or password was wrong; answers the seconds to wait before the next attempt counts."""
        return self._finish("failed")

    def abandoned(self) -> None:
        """It was not decided: our own fault, or the client went away."""
        self._finish("abandoned")


@define(eq=False)
class Throttle:
    """The tallies. ``capacity`` bounds the keys kept of each kind."""

    clock: IClock
    capacity: int = 50_000
    _names: _Ledger = field(init=False)
    _known: _Ledger = field(init=False)
    _addresses: _Ledger = field(init=False)
    _networks: _Ledger = field(init=False)
    _proven: OrderedDict[str, None] = field(init=False, factory=OrderedDict)

    def __attrs_post_init__(self) -> None:
        self._names = _Ledger(NAME, self.capacity)
        self._known = _Ledger(KNOWN, self.capacity)
        self._addresses = _Ledger(ADDRESS, self.capacity)
        self._networks = _Ledger(NETWORK, self.capacity)

    def begin(self, name: str, peer: str) -> Attempt:
        """Someone at IP address ``peer`` wants to prove to be ``name``.

        Raises:
            RateLimited: too many failures; ``retry_after`` tells how long to wait.
        """
        now = self.clock.now()
        keys = self._keys(name, peer)
        wait = max(ledger.wait(key, now) for ledger, key in keys)
        if wait > 0:
            raise RateLimited("Too many failed logins, wait before trying again", retry_after=wait)
        for ledger, key in keys:
            ledger.begin(key)
        return Attempt(lambda outcome: self._finish(name, peer, keys, outcome))

    def _keys(self, name: str, peer: str) -> list[tuple[_Ledger, str]]:
        address, network = _origins(peer)
        pair = f"{address} {name}"
        if pair in self._proven:
            return [(self._known, pair)]
        keys = [(self._names, name)]
        return [*keys, (self._addresses, address), (self._networks, network)] if address else keys

    def _finish(self, name: str, peer: str, keys: list[tuple[_Ledger, str]], outcome: str) -> float:
        now, delay = self.clock.now(), 0.0
        if outcome == "failed":
            delay = max(ledger.fail(key, now) for ledger, key in keys)
        if outcome == "succeeded":
            self._prove(name, peer)
        for ledger, key in keys:
            ledger.end(key)
        return delay

    def _prove(self, name: str, peer: str) -> None:
        # Failures of the address stay: one good account must not buy guesses at others.
        self._names.forgive(name)
        address, _ = _origins(peer)
        if not address:
            return
        pair = f"{address} {name}"
        self._known.forgive(pair)
        self._proven[pair] = None
        self._proven.move_to_end(pair)
        while len(self._proven) > self.capacity:
            self._proven.popitem(last=False)


UNKNOWN_NAME = "unknown name"
"""The ``cause`` of a refusal when nobody has that name."""


def told_name(name: str, refusal: Unauthenticated) -> str:
    """What the log may say of a name: people type passwords into the wrong field, so only names that exist."""
    return "(unknown name)" if refusal.cause == UNKNOWN_NAME else name


def _origins(peer: str) -> tuple[str, str]:
    """The address and its network, /24 or /64; an IPv4-mapped address is IPv4."""
    try:
        address: IPv4Address | IPv6Address = ip_address(peer)
    except ValueError:
        return peer, peer
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    prefix = 24 if address.version == 4 else 64
    return str(address), str(ip_network(f"{_without_zone(address)}/{prefix}", strict=False))


def _without_zone(address: IPv4Address | IPv6Address) -> str:
    return str(address).partition("%")[0]
