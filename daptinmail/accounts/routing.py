"""``IRouting``: accounts first, then aliases, then the catch-all; what aliases name is followed."""

import secrets

from attrs import define, field
from sqlalchemy import Connection, select
from zope.interface import implementer

from daptinmail.accounts.addresses import candidates, canonical, canonical_domain
from daptinmail.accounts.aliases import CATCH_ALL, parse_targets
from daptinmail.accounts.directory import find_account, is_local
from daptinmail.db.configuration import Configuration
from daptinmail.db.schema import mail_alias
from daptinmail.interfaces.directory import Account
from daptinmail.interfaces.routing import IRouting, Route
from daptinmail.interfaces.runtime import IClock
from daptinmail.interfaces.storage import IStorage
from daptinmail.mail import srs
from daptinmail.mail.address import Address, BadAddress

MAX_TARGETS = 100
"""Accounts and addresses that one address may come to, through all aliases."""

SECRET = "srs.secret"  # noqa: S105 - the name of a setting


@implementer(IRouting)
@define(eq=False)
class Routing:
    """A change of a row counts from the next call on."""

    storage: IStorage
    configuration: Configuration
    clock: IClock
    _kept: bytes = field(default=b"", init=False, repr=False)

    async def route(self, address: Address) -> Route | None:
        """In one look at the database."""
        return await self.storage.read(lambda connection: _route(connection, address))

    async def is_local(self, domain: str) -> bool:
        """Also for domains that have aliases only."""
        name = canonical_domain(domain)
        return await self.storage.read(lambda connection: is_local(connection, name))

    async def returning(self, address: Address) -> Address | None:
        """For addresses at local domains that carry our hash."""
        if not srs.is_rewritten(address) or not await self.is_local(address.domain):
            return None
        return srs.restore(address, await self._secret(), self.clock.now())

    async def rewritten(self, return_path: Address | None, domain: str) -> Address | None:
        """A return-path that is too long becomes the null path: better no notification than no mail."""
        if return_path is None or await self.is_local(return_path.domain):
            return return_path
        try:
            return srs.rewrite(return_path, domain, await self._secret(), self.clock.now())
        except BadAddress:
            return None

    async def _secret(self) -> bytes:
        if not self._kept:
            self._kept = (await self.configuration.secret(SECRET, lambda: secrets.token_urlsafe(32))).encode()
        return self._kept


def _route(connection: Connection, address: Address) -> Route | None:
    """Breadth first; an address that was seen is not followed again, so that circles end."""
    accounts: dict[int, tuple[Account, Address]] = {}
    forwards: dict[Address, None] = {}
    seen, waiting = {canonical(address)}, [address]
    while waiting and len(accounts) + len(forwards) < MAX_TARGETS:
        one = waiting.pop(0)
        account, targets = _find(connection, one)
        if account is not None:
            accounts.setdefault(account.id, (account, one))
        elif targets:
            fresh = [target for target in targets if canonical(target) not in seen]
            seen.update(canonical(target) for target in fresh)
            waiting.extend(fresh)
        elif one != address and not is_local(connection, canonical_domain(one.domain)):
            forwards[one] = None
    return Route(tuple(accounts.values()), tuple(forwards)) if accounts or forwards else None


def _find(connection: Connection, address: Address) -> tuple[Account | None, list[Address]]:
    """The account at an address, else what its alias names."""
    domain = canonical_domain(address.domain)
    for local in candidates(address):
        account = find_account(connection, Address(local, domain), exactly=True)
        if account is not None:
            return account, []
        targets = _targets(connection, local, domain)
        if targets:
            return None, targets
    account = find_account(connection, address)  # the postmaster
    return (account, []) if account is not None else (None, _targets(connection, CATCH_ALL, domain))


def _targets(connection: Connection, local: str, domain: str) -> list[Address]:
    wanted = (mail_alias.c.address_domain == domain) & (mail_alias.c.address_local == local) & mail_alias.c.is_enabled
    text = connection.scalar(select(mail_alias.c.targets).where(wanted))
    return parse_targets(text) if text else []
