"""How many requests an address may send each second."""

from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from attrs import define, field, frozen

from daptinmail.errors import RateLimited
from daptinmail.interfaces.runtime import IClock

LIMIT = 500
WINDOW = timedelta(seconds=1)


@frozen
class Allowance:
    """What is left in this window; ``reset`` is the Unix time of the next."""

    limit: int
    remaining: int
    reset: int

    @property
    def headers(self) -> dict[str, str]:
        """The headers of compat 2.2."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.reset),
        }


@define(eq=False)
class Rates:
    """Counts requests by peer in windows of one second. Forgets all at the end of each, so it cannot grow."""

    clock: IClock
    limit: int = LIMIT
    _start: datetime | None = field(default=None, init=False)
    _counts: dict[str, int] = field(factory=dict, init=False)

    def count(self, peer: str) -> Allowance:
        """Count one request of ``peer``; ``remaining`` below 0 is one too many."""
        now = self.clock.now()
        if self._start is None or not self._start <= now < self._start + WINDOW:
            self._start = now
            self._counts.clear()
        key = network(peer)
        self._counts[key] = self._counts.get(key, 0) + 1
        reset = int((self._start + WINDOW).timestamp())
        return Allowance(self.limit, self.limit - self._counts[key], reset)


def refuse_excess(allowance: Allowance) -> None:
    """Raise ``RateLimited`` when nothing is left."""
    if allowance.remaining < 0:
        raise RateLimited("Rate limit exceeded", retry_after=1.0)


def network(peer: str) -> str:
    """What counts as one client: an IPv4 address, or the /64 of an IPv6 address."""
    try:
        address = ip_address(peer.partition("%")[0])
    except ValueError:
        return peer
    if not isinstance(address, IPv6Address) or address.ipv4_mapped:
        return str(address)
    return str(ip_network((address, 64), strict=False))
