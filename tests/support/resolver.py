"""``IResolver`` in memory."""

from attrs import define, field
from zope.interface import implementer

from daptinmail.errors import NotFound, Unavailable
from daptinmail.interfaces.transfer import IResolver, MailExchanger


@implementer(IResolver)
@define(eq=False)
class MemoryResolver:
    """Names that are in neither mapping do not exist; names in ``failing`` cannot be asked."""

    exchangers: dict[str, list[MailExchanger]] = field(factory=dict)
    hosts: dict[str, list[str]] = field(factory=dict)
    failing: set[str] = field(factory=set)

    async def mail_exchangers(self, domain: str) -> list[MailExchanger]:
        """As written down."""
        self._check(domain)
        return self.exchangers.get(domain, [])

    async def addresses(self, host: str) -> list[str]:
        """As written down."""
        self._check(host)
        return self.hosts.get(host, [])

    async def texts(self, name: str) -> list[bytes]:
        """None."""
        self._check(name)
        return []

    def _check(self, name: str) -> None:
        if name in self.failing:
            raise Unavailable("no answer")
        if name not in self.exchangers and name not in self.hosts:
            raise NotFound
