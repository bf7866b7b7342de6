"""``IRouting`` in memory."""

from attrs import define, field
from zope.interface import implementer

from daptinmail.interfaces.routing import IRouting, Route
from daptinmail.mail.address import Address
from tests.support.directory import MemoryDirectory


@implementer(IRouting)
@define(eq=False)
class MemoryRouting:
    """Accounts of ``directory``; ``aliases`` map an address to others, ``senders`` a return-path to its sender."""

    directory: MemoryDirectory
    aliases: dict[Address, tuple[Address, ...]] = field(factory=dict)
    senders: dict[Address, Address] = field(factory=dict)

    async def route(self, address: Address) -> Route | None:
        """An account, or what the alias names, one step far."""
        accounts, forwards = [], []
        for one in self.aliases.get(address, (address,)):
            account = await self.directory.account_at(one)
            if account is not None:
                accounts.append((account, one))
            elif one != address and not await self.is_local(one.domain):
                forwards.append(one)
        return Route(tuple(accounts), tuple(forwards)) if accounts or forwards else None

    async def is_local(self, domain: str) -> bool:
        """As the directory says, and domains of aliases."""
        return await self.directory.is_local(domain) or domain in {one.domain for one in self.aliases}

    async def returning(self, address: Address) -> Address | None:
        """As written down."""
        return self.senders.get(address)

    async def rewritten(self, return_path: Address | None, domain: str) -> Address | None:
        """Remembered under a readable name."""
        if return_path is None or await self.is_local(return_path.domain):
            return return_path
        path = Address(f"SRS0={return_path.domain}={return_path.local}", domain)
        self.senders[path] = return_path
        return path
