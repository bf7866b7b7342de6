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


@implementer(IIdentifiers)
@define
class RandomIdentifiers:
    """UUIDv7 from a clock and the operating system's randomness."""

    clock: IClock
    random: Callable[[int], bytes] = field(default=os.urandom)

    def uuid7(self) -> UUID:
        """48 bits of milliseconds, then 74 random bits (RFC 9562 §5.7)."""
        milliseconds = int(self.clock.now().timestamp() * 1000)
        value = milliseconds << 80 | int.from_bytes(self.random(10))
        value = value & ~(0xF << 76) | 0x7 << 76
        value = value & ~(0x3 << 62) | 0x2 << 62
        return UUID(int=value)
