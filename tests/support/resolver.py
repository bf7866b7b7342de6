"""``IResolver`` in memory."""

from ipaddress import ip_address

from attrs import define, field
from zope.interface import implementer

from daptinmail.errors import NotFound, Unavailable
from daptinmail.interfaces.transfer import IResolver, MailExchanger, ServiceTarget


@implementer(IResolver)
@define(eq=False)
class MemoryResolver:
    """Names that are in no mapping do not exist; names in ``failing`` cannot be asked.

    ``reverse`` maps the name below in-addr.arpa or ip6.arpa.
    """

    exchangers: dict[str, list[MailExchanger]] = field(factory=dict)
    hosts: dict[str, list[str]] = field(factory=dict)
    failing: set[str] = field(factory=set)
    strings: dict[str, list[bytes]] = field(factory=dict)
    reverse: dict[str, list[str]] = field(factory=dict)
    targets: dict[str, list[ServiceTarget]] = field(factory=dict)
    authorities: dict[str, list[str]] = field(factory=dict)

    async def mail_exchangers(self, domain: str) -> list[MailExchanger]:
        """As written down."""
        self._check(domain)
        return self.exchangers.get(domain, [])

    async def addresses(self, host: str, version: int | None = None) -> list[str]:
        """As written down."""
        self._check(host)
        found = self.hosts.get(host, [])
        return found if version is None else [one for one in found if ip_address(one).version == version]

    async def texts(self, name: str) -> list[bytes]:
        """As written down."""
        self._check(name)
        return self.strings.get(name, [])

    async def reverse_names(self, address: str) -> list[str]:
        """As written down."""
        name = ip_address(address).reverse_pointer
        self._check(name)
        return self.reverse.get(name, [])

    async def services(self, name: str) -> list[ServiceTarget]:
        """As written down."""
        self._check(name)
        return self.targets.get(name, [])

    async def issuers(self, name: str) -> list[str]:
        """As written down."""
        self._check(name)
        return self.authorities.get(name, [])

    def _check(self, name: str) -> None:
        if name in self.failing:
            raise Unavailable("no answer")
        known = (self.exchangers, self.hosts, self.strings, self.reverse, self.targets, self.authorities)
        if not any(name in mapping for mapping in known):
            raise NotFound
