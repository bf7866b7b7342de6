"""The doctor over a directory, keys and DNS in memory."""

from collections.abc import Callable

from attrs import define, field

from daptinmail.domains.doctor import Domains
from daptinmail.settings import Live
from tests.support.certificates import MemorySigningKeys
from tests.support.directory import MemoryDirectory
from tests.support.resolver import MemoryResolver


@define(eq=False)
class Zones:
    """What the doctor looks at."""

    directory: MemoryDirectory = field(factory=MemoryDirectory)
    keys: MemorySigningKeys = field(factory=MemorySigningKeys)
    resolver: MemoryResolver = field(factory=MemoryResolver)

    def domains(self, live: Callable[[], Live]) -> Domains:
        """The doctor."""
        return Domains(self.directory, self.keys, self.resolver, live)
