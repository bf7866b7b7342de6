"""``IDirectory`` over the tables ``mail_account`` and ``mail_server``."""

from typing import Any

from attrs import Factory, define, field, frozen
from sqlalchemy import Connection, or_, select, update
from twisted.logger import Logger
from zope.interface import implementer

from daptinmail.accounts.addresses import POSTMASTER, candidates, canonical, canonical_domain
from daptinmail.accounts.passwords import Passwords
from daptinmail.accounts.throttle import UNKNOWN_NAME, Throttle, told_name
from daptinmail.accounts.verified import VerifiedPasswords
from daptinmail.db.schema import mail_account, mail_server
from daptinmail.errors import DaptinmailError, Unauthenticated
from daptinmail.interfaces.directory import Account, IDirectory
from daptinmail.interfaces.events import IEventLog
from daptinmail.interfaces.runtime import IClock
from daptinmail.interfaces.storage import IStorage, ITransaction
from daptinmail.mail.address import Address

log = Logger()

MAX_USERNAME = 320  # characters; longer names cannot exist and are not looked up

_ACCOUNTS = select(
    mail_account.c.id,
    mail_account.c.reference_id,
    mail_account.c.username,
    mail_account.c.address_local,
    mail_account.c.address_domain,
    mail_account.c.mail_server_id,
    mail_account.c.version,
    mail_account.c.password,
    mail_server.c.hostname,
).join(mail_server, mail_account.c.mail_server_id == mail_server.c.id)


@frozen
class _Login:
    """An account with what proves it: the hash, and the version of its row."""

    account: Account
    version: int
    stored: str = field(repr=False)


@implementer(IDirectory)
@define(eq=False)
class Directory:
    """Mail accounts and local domains. A change of a row counts from the next call on."""

    storage: IStorage
    passwords: Passwords
    throttle: Throttle
    clock: IClock
    events: IEventLog
    _verified: VerifiedPasswords = field(
        init=False, default=Factory(lambda self: VerifiedPasswords(self.clock), takes_self=True)
    )

    async def authenticate(self, username: str, password: str, peer: str) -> Account:
        """The account, if name (exact, case counts) and password are right."""
        attempt = self.throttle.begin(username[:MAX_USERNAME], peer)
        try:
            account = await self._verify(username, password)
        except Unauthenticated as error:
            await self._refused(told_name(username, error), peer, attempt.failed())
            raise
        except BaseException:
            attempt.abandoned()
            raise
        attempt.succeeded()
        return account

    async def account_at(self, address: Address) -> Account | None:
        """By address in any case; ``+detail`` is ignored unless an account has it in its name.

        Mail for the postmaster of a local domain goes to the domain's first account, or to the first of all if the
        domain has none (RFC 5321 §4.5.1).
        """
        return await self.storage.read(lambda connection: _find(connection, address))

    async def is_local(self, domain: str) -> bool:
        """True for host names of servers, also disabled ones, and domains of accounts."""
        name = canonical_domain(domain)
        return await self.storage.read(lambda connection: _is_local(connection, name))

    def may_send_as(self, account: Account, address: Address) -> bool:
        """Its own address in any case, with or without ``+detail``."""
        mine = canonical(account.address)
        return canonical_domain(address.domain) == mine.domain and mine.local in candidates(address)

    async def _verify(self, username: str, password: str) -> Account:
        login = await self._login(username)
        if login is None:
            await self.passwords.verify_dummy(password)
            raise Unauthenticated(cause=UNKNOWN_NAME)
        row = (login.account.id, login.version, login.stored)
        if not await self._verified.proven(*row, password, lambda: self.passwords.verify(login.stored, password)):
            raise Unauthenticated
        await self._rehash(login, password)
        return login.account

    async def _login(self, username: str) -> _Login | None:
        if len(username) > MAX_USERNAME or "\0" in username:
            return None
        query = _ACCOUNTS.where(mail_account.c.username == username)
        row = await self.storage.read(lambda connection: connection.execute(query).one_or_none())
        # A collation that ignores case must not let another name in.
        if row is None or row.username != username:
            return None
        return _Login(_account(row), row.version, row.password)

    async def _rehash(self, login: _Login, password: str) -> None:
        if not self.passwords.needs_rehash(login.stored):
            return
        hashed = await self.passwords.hash(password)

        def replace(transaction: ITransaction) -> None:
            unchanged = (mail_account.c.id == login.account.id) & (mail_account.c.password == login.stored)
            transaction.connection.execute(update(mail_account).where(unchanged).values(password=hashed))

        await self.storage.write(replace)

    async def _refused(self, name: str, peer: str, delay: float) -> None:
        log.info("login refused: {name!r} from {peer}", name=name, peer=peer)
        if delay <= 0:
            return
        data = {"name": name, "ip": peer, "wait": delay}
        try:
            await self.events.record("login.delayed", None, "", data)
        except DaptinmailError as error:
            log.warn("event login.delayed was not recorded: {error}", error=error)


def _account(row: Any) -> Account:
    return Account(
        id=row.id,
        reference=row.reference_id,
        username=row.username,
        address=Address(row.address_local, row.address_domain),
        server_id=row.mail_server_id,
        server_hostname=row.hostname,
    )


def _find(connection: Connection, address: Address) -> Account | None:
    domain = canonical_domain(address.domain)
    for local in candidates(address):
        exact = (mail_account.c.address_domain == domain) & (mail_account.c.address_local == local)
        row = connection.execute(_ACCOUNTS.where(exact)).first()
        if row is not None:
            return _account(row)
    if canonical(address).local != POSTMASTER:
        return None
    served = or_(mail_account.c.address_domain == domain, mail_server.c.hostname == domain)
    row = connection.execute(_ACCOUNTS.where(served).order_by(mail_account.c.id).limit(1)).first()
    if row is None and _is_local(connection, domain):
        row = connection.execute(_ACCOUNTS.order_by(mail_account.c.id).limit(1)).first()
    return _account(row) if row is not None else None


def _is_local(connection: Connection, domain: str) -> bool:
    hosts = select(mail_server.c.id).where(mail_server.c.hostname == domain).limit(1)
    accounts = select(mail_account.c.id).where(mail_account.c.address_domain == domain).limit(1)
    return connection.execute(hosts).first() is not None or connection.execute(accounts).first() is not None
