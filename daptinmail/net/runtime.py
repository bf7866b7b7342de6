"""The real clock and the real identifiers."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

from attrs import define, field
from zope.interface import implementer

from daptinmail.interfaces.runtime import IClock, IIdentifiers


@implementer(IClock)
class SystemClock:
    """Wall-clock time of this machine."""

    def now(self) -> datetime:
        """The time now."""
        return datetime.now(UTC)  # noqa: TID251 - the one place that reads the clock


_FIXED = 0x7 << 76 | 0x2 << 62
"""Version and variant."""
_FREE = (1 << 80) - 1 & ~(0xF << 76 | 0x3 << 62)
"""The random bits."""


@implementer(IIdentifiers)
@define
class RandomIdentifiers:
    """UUIDv7 from a clock and the operating system's randomness."""

    clock: IClock
    random: Callable[[int], bytes] = field(default=os.urandom)

    def uuid7(self) -> UUID:
        """48 bits of milliseconds, then 74 random bits (RFC 9562 §5.7)."""
        return UUID(bytes=self.uuid7s(1)[0])

    def uuid7s(self, count: int) -> list[bytes]:
        """The octets of so many, all of this moment."""
        milliseconds, random = int(self.clock.now().timestamp() * 1000), self.random(10 * count)
        fixed = milliseconds << 80 | _FIXED
        parts = [int.from_bytes(random[start : start + 10]) for start in range(0, 10 * count, 10)]
        return [(fixed | part).to_bytes(16) for part in sorted(part & _FREE for part in parts)]
