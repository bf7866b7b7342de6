"""``IConfiguration`` over the ``_config`` table, and the secrets that the server keeps there for itself."""

from collections.abc import Callable, Mapping
from datetime import datetime

from attrs import define
from sqlalchemy import Connection, select
from zope.interface import implementer

from daptinmail.db.schema import config
from daptinmail.errors import Forbidden, Invalid
from daptinmail.interfaces.control import IConfiguration
from daptinmail.interfaces.runtime import IClock
from daptinmail.interfaces.storage import IStorage

MAX_KEY = 100
MAX_VALUE = 5000

SECRET_KEYS = frozenset({"jwt.secret", "encryption.secret", "totp.secret", "auth.secret", "srs.secret"})
SECRET_PREFIXES = ("encryption.private_key.",)


def is_secret(key: str) -> bool:
    """True for keys whose values never leave the server and are never set from outside."""
    plain = key.strip().lower()
    return plain in SECRET_KEYS or plain.startswith(SECRET_PREFIXES)


@implementer(IConfiguration)
@define(eq=False)
class Configuration:
    """Raw text by key. ``secret`` is for parts of this server only."""

    _storage: IStorage
    _clock: IClock

    async def get(self, key: str) -> str | None:
        """The value as stored; ``Forbidden`` for a secret."""
        _must_be_open(key)
        return await self._storage.read(
            lambda connection: connection.scalar(select(config.c.value).where(config.c.name == key))
        )

    async def all(self) -> Mapping[str, str]:
        """Every key that is not secret."""
        statement = select(config.c.name, config.c.value).order_by(config.c.name)
        rows = await self._storage.read(lambda connection: connection.execute(statement).all())
        return {name: value for name, value in rows if not is_secret(name)}

    async def set(self, key: str, value: str) -> None:
        """Store a value as it is."""
        _must_be_open(key)
        if len(value) > MAX_VALUE:
            raise Invalid(fields={key: f"longer than {MAX_VALUE} characters"})
        if "\0" in value:
            raise Invalid(fields={key: "must not have a NUL character"})
        now = self._clock.now()
        await self._storage.write(lambda transaction: store(transaction.connection, key, value, now))

    async def delete(self, key: str) -> None:
        """Unset a key."""
        _must_be_open(key)
        statement = config.delete().where(config.c.name == key)
        await self._storage.write(lambda transaction: _ignore(transaction.connection.execute(statement)))

    async def secret(self, key: str, make: Callable[[], str]) -> str:
        """The value of a secret, made by ``make`` and stored at the first call.

        Raises:
            ValueError: the key is not one of the secret ones.
        """
        if not is_secret(key):
            raise ValueError(f"{key} is not secret")
        fresh, now = make(), self._clock.now()
        return await self._storage.write(lambda transaction: _keep(transaction.connection, key, fresh, now))


def store(connection: Connection, key: str, value: str, now: datetime) -> None:
    """Write one key in a larger transaction; its value so far is kept as ``previous_value``."""
    changed = connection.execute(
        config.update().where(config.c.name == key).values(previous_value=config.c.value, value=value, updated_at=now)
    )
    if not changed.rowcount:
        connection.execute(config.insert().values(name=key, value=value, created_at=now))


def _keep(connection: Connection, key: str, fresh: str, now: datetime) -> str:
    known: str | None = connection.scalar(select(config.c.value).where(config.c.name == key))
    if known:
        return known
    store(connection, key, fresh, now)
    return fresh


def _must_be_open(key: str) -> None:
    if not 0 < len(key) <= MAX_KEY or not key.isprintable():
        raise Invalid(f"A key is 1 to {MAX_KEY} printable characters")
    if is_secret(key):
        raise Forbidden("The server keeps this key to itself")


def _ignore(result: object) -> None:
    """A write that answers nothing."""
