"""An ``IDirectory`` in memory: accounts are added by user name, password and the host name of their server."""

from uuid import UUID

from attrs import define, field
from zope.interface import implementer

from daptinmail.errors import RateLimited, Unauthenticated
from daptinmail.interfaces.directory import Account, IDirectory
from daptinmail.mail.address import Address


@implementer(IDirectory)
@define(eq=False)
class MemoryDirectory:
    """Accounts and local domains. ``hostnames`` are servers that may have no account.

    Put a user name into ``limited`` to have its log-in refused with ``RateLimited``; ``attempts`` lists who tried.
    """

    hostnames: set[str] = field(factory=set)
    limited: set[str] = field(factory=set)
    attempts: list[tuple[str, str]] = field(factory=list)
    _accounts: dict[str, Account] = field(factory=dict)
    _passwords: dict[str, str] = field(factory=dict)
    _servers: dict[str, int] = field(factory=dict)

    def add(self, username: str, password: str = "password", server_hostname: str = "mail.example.com") -> Account:
        """A new account; ``username`` without ``@`` gets mail at the server's host name."""
        local, at, domain = username.rpartition("@")
        address = Address(local.lower(), domain.lower()) if at else Address(username.lower(), server_hostname)
        number = len(self._accounts) + 1
        self.hostnames.add(server_hostname)
        account = Account(
            id=number,
            reference=UUID(int=0x0198_0000_0000_7000_9000_000000000000 + number),
            username=username,
            address=address,
            server_id=self._servers.setdefault(server_hostname, len(self._servers) + 1),
            server_hostname=server_hostname,
        )
        self._accounts[username] = account
        self._passwords[username] = password
        return account

    def account_of(self, username: str) -> Account:
        """The account of this name, which exists."""
        return self._accounts[username]

    def password_of(self, username: str) -> str | None:
        """Its password; ``None`` if there is no such account."""
        return self._passwords.get(username)

    def change_password(self, username: str, password: str) -> None:
        """From now on it is this one."""
        self._passwords[username] = password

    async def authenticate(self, username: str, password: str, peer: str, service: str = "") -> Account:
        """By exact user name and password."""
        self.attempts.append((username, peer))
        if username in self.limited:
            raise RateLimited(retry_after=5.0)
        if self._passwords.get(username) != password:
            raise Unauthenticated
        return self._accounts[username]

    async def account_at(self, address: Address) -> Account | None:
        """By address in any case, with or without detail; the first account of the domain gets postmaster's mail."""
        local, domain = address.local.lower(), address.domain.lower()
        mine = [account for account in self._accounts.values() if domain == account.address.domain]
        for wanted in (local, local.partition("+")[0]):
            for account in mine:
                if account.address.local.lower() == wanted:
                    return account
        served = [account for account in self._accounts.values() if account.server_hostname == domain]
        return next(iter(mine + served), None) if local == "postmaster" else None

    async def is_local(self, domain: str) -> bool:
        """Host names and the domains of accounts."""
        return domain.lower() in self.hostnames | {account.address.domain for account in self._accounts.values()}

    async def domains(self) -> list[str]:
        """Domains of accounts."""
        return sorted({account.address.domain for account in self._accounts.values()})

    def may_send_as(self, account: Account, address: Address) -> bool:
        """Its own address, or a plus-address of it."""
        local, _, _ = address.local.partition("+")
        mine = {address.local.lower(), local.lower()}
        return address.domain.lower() == account.address.domain and account.address.local.lower() in mine
