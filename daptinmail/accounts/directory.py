"""``IDirectory`` over the tables ``mail_account`` and ``mail_server``."""

from collections.abc import Mapping

from attrs import Factory, define, field
from sqlalchemy import Connection, or_, select, union, update
from zope.interface import implementer

from daptinmail.accounts.addresses import POSTMASTER, candidates, canonical, canonical_domain
from daptinmail.accounts.app_passwords import AppPasswords
from daptinmail.accounts.attempts import Attempts
from daptinmail.accounts.passwords import Passwords
from daptinmail.accounts.revocations import Revocations
from daptinmail.accounts.rows import ACCOUNTS, MAX_USERNAME, NOBODY, LoginRow, account_of, find_login, scram_columns
from daptinmail.accounts.throttle import UNKNOWN_NAME, Throttle
from daptinmail.accounts.verified import VerifiedPasswords
from daptinmail.db.schema import mail_account, mail_alias, mail_server
from daptinmail.errors import Unauthenticated
from daptinmail.interfaces.directory import Account, IDirectory
from daptinmail.interfaces.events import IEventLog
from daptinmail.interfaces.runtime import IClock
from daptinmail.interfaces.storage import IStorage, ITransaction
from daptinmail.mail.address import Address

_DOMAINS = union(select(mail_account.c.address_domain), select(mail_alias.c.address_domain)).order_by("address_domain")


@implementer(IDirectory)
@define(eq=False)
class Directory:
    """Mail accounts and local domains. A change of a row counts from the next call on."""

    storage: IStorage
    passwords: Passwords
    throttle: Throttle
    clock: IClock
    events: IEventLog
    revocations: Revocations = field(factory=Revocations)
    app_passwords: AppPasswords | None = None
    _verified: VerifiedPasswords = field(
        init=False, default=Factory(lambda self: VerifiedPasswords(self.clock), takes_self=True)
    )

    async def authenticate(self, username: str, password: str, peer: str, service: str = "") -> Account:
        """The account, if name (exact, case counts) and password are right."""
        attempts = Attempts(self.throttle, self.events)
        return await attempts.run(username[:MAX_USERNAME], peer, lambda: self._verify(username, password, service))

    async def account_at(self, address: Address) -> Account | None:
        """By address in any case; ``+detail`` is ignored unless an account has it in its name.

        Mail for the postmaster of a local domain goes to the domain's first account, or to the first of all if the
        domain has none (RFC 5321 §4.5.1).
        """
        return await self.storage.read(lambda connection: find_account(connection, address))

    async def is_local(self, domain: str) -> bool:
        """True for host names of servers, also disabled ones, and domains of accounts and aliases."""
        name = canonical_domain(domain)
        return await self.storage.read(lambda connection: is_local(connection, name))

    async def domains(self) -> list[str]:
        """Domains of accounts and aliases, in order."""
        return await self.storage.read(lambda connection: list(connection.execute(_DOMAINS).scalars()))

    def may_send_as(self, account: Account, address: Address) -> bool:
        """Its own address in any case, with or without ``+detail``."""
        mine = canonical(account.address)
        return canonical_domain(address.domain) == mine.domain and mine.local in candidates(address)

    async def _verify(self, username: str, password: str, service: str) -> Account:
        mark = self.revocations.mark()
        login = await self.storage.read(lambda connection: find_login(connection, username))
        # Asked for unknown names too, so that they take the same time.
        is_app_password = await self._is_app_password(login, password, service)
        if login is None:
            await self.passwords.verify_dummy(password)
            raise Unauthenticated(cause=UNKNOWN_NAME)
        if not is_app_password:
            await self._verify_password(login, password)
        self.revocations.check(login.account.id, mark)
        return login.account

    async def _is_app_password(self, login: LoginRow | None, password: str, service: str) -> bool:
        number = login.account.id if login is not None else NOBODY
        return self.app_passwords is not None and await self.app_passwords.opens(number, password, service)

    async def _verify_password(self, login: LoginRow, password: str) -> None:
        async def verify() -> bool:
            right = await self.passwords.verify(login.stored, password)
            if right:
                await self._renew(login, password)
            return right

        if not await self._verified.proven(login.account.id, login.version, login.stored, password, verify):
            raise Unauthenticated

    async def _renew(self, login: LoginRow, password: str) -> None:
        """Now that the password is known, make what was made with other parameters, or not at all."""
        changes: dict[str, str | None] = {}
        if self.passwords.needs_rehash(login.stored):
            changes["password"] = await self.passwords.hash(password)
        if None in login.scram.values():
            keys = await self.passwords.scram_keys(password)
            changes |= scram_columns(keys) if keys else {}
        if changes:
            await self.storage.write(lambda transaction: _replace(transaction, login, changes))


def _replace(transaction: ITransaction, login: LoginRow, changes: Mapping[str, str | None]) -> None:
    unchanged = (mail_account.c.id == login.account.id) & (mail_account.c.password == login.stored)
    transaction.connection.execute(update(mail_account).where(unchanged).values(**changes))


def find_account(connection: Connection, address: Address, *, exactly: bool = False) -> Account | None:
    """The account at an address; ``exactly`` by the whole local part, and no postmaster."""
    domain = canonical_domain(address.domain)
    for local in [canonical(address).local] if exactly else candidates(address):
        exact = (mail_account.c.address_domain == domain) & (mail_account.c.address_local == local)
        row = connection.execute(ACCOUNTS.where(exact)).first()
        if row is not None:
            return account_of(row)
    if exactly or canonical(address).local != POSTMASTER:
        return None
    served = or_(mail_account.c.address_domain == domain, mail_server.c.hostname == domain)
    row = connection.execute(ACCOUNTS.where(served).order_by(mail_account.c.id).limit(1)).first()
    if row is None and is_local(connection, domain):
        row = connection.execute(ACCOUNTS.order_by(mail_account.c.id).limit(1)).first()
    return account_of(row) if row is not None else None


def is_local(connection: Connection, domain: str) -> bool:
    hosts = select(mail_server.c.id).where(mail_server.c.hostname == domain).limit(1)
    accounts = select(mail_account.c.id).where(mail_account.c.address_domain == domain).limit(1)
    aliases = select(mail_alias.c.id).where(mail_alias.c.address_domain == domain).limit(1)
    return any(connection.execute(query).first() is not None for query in (hosts, accounts, aliases))
