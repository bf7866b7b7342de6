"""``IUsers`` over the table ``user_account``."""

import os
from collections.abc import Callable
from hmac import compare_digest
from typing import Any
from uuid import UUID

from attrs import define, field
from sqlalchemy import Connection, insert, select, update
from twisted.logger import Logger
from zope.interface import implementer

from daptinmail.accounts.fields import MAX_NAME, check_email, check_name, check_password
from daptinmail.accounts.groups import (
    ADMINISTRATORS,
    USERS,
    administrators,
    ensure_groups,
    groups_of,
    join_group,
    lock_administrators,
)
from daptinmail.accounts.passwords import Passwords
from daptinmail.accounts.throttle import UNKNOWN_NAME, Throttle, told_name
from daptinmail.accounts.tokens import Bearer, Tokens
from daptinmail.db.configuration import Configuration, store
from daptinmail.db.schema import config, user_account
from daptinmail.errors import AlreadyExists, Forbidden, Unauthenticated
from daptinmail.interfaces.directory import IUsers, Viewer
from daptinmail.interfaces.events import IEventLog
from daptinmail.interfaces.runtime import IClock, IIdentifiers
from daptinmail.interfaces.storage import IStorage, ITransaction
from daptinmail.settings import is_true, unquote

log = Logger()

_ISSUER = "jwt.token.issuer"
DEFAULT_LIFE_HOURS = 72
MAX_LIFE_HOURS = 24 * 366


@implementer(IUsers)
@define(eq=False)
class Users:
    """The users of the API. ``setup_code`` lets the first administrator in from elsewhere; empty means never."""

    storage: IStorage
    passwords: Passwords
    throttle: Throttle
    clock: IClock
    identifiers: IIdentifiers
    configuration: Configuration
    events: IEventLog
    setup_code: str = field(repr=False)
    random: Callable[[int], bytes] = os.urandom
    _secret: str = field(init=False, repr=False, default="")

    async def viewer(self, token: str | None, peer: str) -> Viewer:
        """Who holds ``token``; a user is never made from one."""
        if token is None:
            return Viewer(peer=peer)
        tokens = await self._tokens()
        bearer = tokens.read(token, self.clock.now())
        return await self.storage.read(lambda connection: _viewer(connection, bearer, peer))

    async def sign_up(self, name: str, email: str, password: str) -> UUID:
        """Make a user of the group ``users``."""
        name, email = check_name(name), check_email(email)
        check_password(password)
        always_open = is_true(unquote(await self.configuration.get("signup.enabled") or ""))
        if not always_open and await self.has_administrator():
            raise Forbidden("Sign-up is closed")
        hashed = await self.passwords.hash(password)
        reference = self.identifiers.uuid7()
        row = {"name": name, "email": email, "password": hashed, "reference_id": reference}

        def make(transaction: ITransaction) -> None:
            if not always_open and administrators(transaction.connection):
                raise Forbidden("Sign-up is closed")
            self._make_user(transaction, row)

        await self.storage.write(make)
        log.info("user {reference} signed up", reference=reference)
        return reference

    async def sign_in(self, email: str, password: str, peer: str) -> str:
        """A token for the user with this e-mail address (any case) and password."""
        key = email.strip().lower()[:MAX_NAME]
        attempt = self.throttle.begin(f"user {key}", peer)
        try:
            bearer = await self._verify(key, password)
        except Unauthenticated as error:
            told = {"name": told_name(key, error), "peer": peer, "delay": attempt.failed()}
            log.info("sign-in refused: {name!r} from {peer}, wait {delay} s", **told)
            raise
        except BaseException:
            attempt.abandoned()
            raise
        attempt.succeeded()
        tokens = await self._tokens()
        return tokens.issue(bearer, self.identifiers.uuid7(), self.clock.now())

    async def become_administrator(self, viewer: Viewer, setup_code: str | None, from_loopback: bool) -> None:
        """Make the viewer the first administrator; of two at once, one is refused."""
        if viewer.user_id is None:
            raise Forbidden("Sign in first")
        if not from_loopback:
            self._check_setup_code(setup_code, viewer.peer)
        user_id, reference = viewer.user_id, viewer.reference

        def promote(transaction: ITransaction) -> None:
            groups = ensure_groups(transaction.connection, self.identifiers, transaction.now)
            lock_administrators(transaction.connection)
            if administrators(transaction.connection):
                raise Forbidden("An administrator exists")
            join_group(transaction.connection, user_id, groups[ADMINISTRATORS])
            self.events.record_in(transaction, "user.administrator", None, f"user_account/{reference}", {})

        await self.storage.write(promote)
        log.info("user {reference} is the first administrator", reference=reference)

    async def has_administrator(self) -> bool:
        """False until the first administrator exists."""
        return bool(await self.storage.read(administrators))

    def _check_setup_code(self, setup_code: str | None, peer: str) -> None:
        attempt = self.throttle.begin("set-up code", peer)
        if not self.setup_code or not compare_digest((setup_code or "").encode(), self.setup_code.encode()):
            attempt.failed()
            raise Forbidden("Only from this machine, or with the set-up code from the log")
        attempt.succeeded()

    def _make_user(self, transaction: ITransaction, row: dict[str, Any]) -> None:
        connection = transaction.connection
        taken = select(user_account.c.id).where(user_account.c.email == row["email"])
        if connection.execute(taken).first() is not None:
            raise AlreadyExists("A user with this e-mail address exists")
        added = insert(user_account).values(**row, created_at=transaction.now).returning(user_account.c.id)
        user_id: int = connection.execute(added).scalar_one()
        connection.execute(update(user_account).where(user_account.c.id == user_id).values(user_account_id=user_id))
        groups = ensure_groups(connection, self.identifiers, transaction.now)
        join_group(connection, user_id, groups[USERS])
        self.events.record_in(transaction, "user.created", None, f"user_account/{row['reference_id']}", {})

    async def _verify(self, email: str, password: str) -> Bearer:
        columns = user_account.c
        query = select(columns.reference_id, columns.email, columns.name, columns.auth_version, columns.password)
        query = query.where(columns.email == email)
        found = await self.storage.read(lambda connection: connection.execute(query).one_or_none())
        if found is None:
            await self.passwords.verify_dummy(password)
            raise Unauthenticated(cause=UNKNOWN_NAME)
        if not await self.passwords.verify(found.password, password):
            raise Unauthenticated
        await self._rehash(found.reference_id, found.password, password)
        return Bearer(found.reference_id, found.email, found.name, found.auth_version)

    async def _rehash(self, reference: UUID, stored: str, password: str) -> None:
        if not self.passwords.needs_rehash(stored):
            return
        hashed = await self.passwords.hash(password)
        unchanged = (user_account.c.reference_id == reference) & (user_account.c.password == stored)
        change = update(user_account).where(unchanged).values(password=hashed)
        await self.storage.write(lambda transaction: _execute(transaction, change))

    async def _tokens(self) -> Tokens:
        if not self._secret:
            self._secret = await self.configuration.secret("jwt.secret", lambda: self.random(32).hex())
        values = await self.configuration.all()
        issuer = values.get(_ISSUER) or await self._make_issuer()
        life = _hours(values.get("jwt.token.life.hours"))
        return Tokens(self._secret, issuer, life * 3600.0)

    async def _make_issuer(self) -> str:
        fresh = f"daptin-{self.random(3).hex()}"

        def keep(transaction: ITransaction) -> str:
            known: str | None = transaction.connection.scalar(select(config.c.value).where(config.c.name == _ISSUER))
            if not known:
                store(transaction.connection, _ISSUER, fresh, transaction.now)
            return known or fresh

        return await self.storage.write(keep)


def _viewer(connection: Connection, bearer: Bearer, peer: str) -> Viewer:
    columns = user_account.c
    query = select(columns.id, columns.email, columns.auth_version).where(columns.reference_id == bearer.reference)
    found = connection.execute(query).one_or_none()
    if found is None or found.auth_version != bearer.auth_version:
        raise Unauthenticated(cause="token is stale")
    groups = groups_of(connection, found.id)
    return Viewer(
        user_id=found.id,
        reference=bearer.reference,
        email=found.email,
        groups=frozenset(groups.values()),
        is_administrator=ADMINISTRATORS in groups,
        peer=peer,
    )


def _execute(transaction: ITransaction, statement: Any) -> None:
    transaction.connection.execute(statement)


def _hours(value: str | None) -> int:
    text = unquote(value or "")
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        return DEFAULT_LIFE_HOURS
    return min(max(int(text), 1), MAX_LIFE_HOURS)
