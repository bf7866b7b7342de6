"""What tests of accounts share: cheap password hashing, rows made without the API."""

from collections.abc import Callable
from typing import Any

from argon2 import Parameters, Type
from attrs import define, field
from sqlalchemy import insert
from twisted.internet.defer import Deferred
from zope.interface import implementer

from daptinmail.accounts.addresses import account_address
from daptinmail.accounts.passwords import Passwords
from daptinmail.accounts.rows import scram_columns
from daptinmail.db.schema import mail_account, mail_server
from daptinmail.interfaces.runtime import IBlocking, IIdentifiers
from daptinmail.interfaces.storage import IStorage, ITransaction
from daptinmail.sasl.keys import MIN_ITERATIONS
from tests.support.runtime import SynchronousBlocking

CHEAP = Parameters(type=Type.ID, version=19, salt_len=8, hash_len=16, time_cost=1, memory_cost=8, parallelism=1)
"""Not for secrets."""


def cheap_passwords() -> Passwords:
    """Hashes at once, in the caller's thread."""
    return Passwords(SynchronousBlocking(), CHEAP, scram_iterations=MIN_ITERATIONS)


async def add_server(
    storage: IStorage, identifiers: IIdentifiers, hostname: str = "mail.example.com", enabled: bool = True
) -> int:
    """A ``mail_server`` row; its id."""
    row = {"hostname": hostname, "is_enabled": enabled, "reference_id": identifiers.uuid7()}

    def work(transaction: ITransaction) -> int:
        made = insert(mail_server).values(**row, created_at=transaction.now).returning(mail_server.c.id)
        return int(transaction.connection.execute(made).scalar_one())

    return await storage.write(work)


async def add_account(
    storage: IStorage,
    identifiers: IIdentifiers,
    username: str,
    password: str = "correct horse",
    server: tuple[int, str] = (1, "mail.example.com"),
) -> int:
    """A ``mail_account`` row with a hashed password; its id."""
    address = account_address(username, server[1])
    row = {
        "username": username,
        "password": await cheap_passwords().hash(password),
        **scram_columns(await cheap_passwords().scram_keys(password)),
        "mail_server_id": server[0],
        "address_local": address.local,
        "address_domain": address.domain,
        "directory": str(address),
        "reference_id": identifiers.uuid7(),
    }

    def work(transaction: ITransaction) -> int:
        made = insert(mail_account).values(**row, created_at=transaction.now).returning(mail_account.c.id)
        return int(transaction.connection.execute(made).scalar_one())

    return await storage.write(work)


@implementer(IBlocking)
@define(eq=False)
class HeldBlocking:
    """Calls wait until they are let go."""

    calls: "list[tuple[Deferred[Any], Callable[..., Any]]]" = field(factory=list)
    started: int = 0

    def run(self, function: Callable[..., Any], *arguments: object) -> "Deferred[Any]":
        """Wait."""
        self.started += 1
        result: Deferred[Any] = Deferred()
        self.calls.append((result, lambda: function(*arguments)))
        return result

    def release(self) -> None:
        """Run the call that waits longest."""
        result, function = self.calls.pop(0)
        try:
            result.callback(function())
        except Exception:  # noqa: BLE001 - whatever it is, who waits for it is told
            result.errback()

    def release_all(self) -> None:
        """Run everything that waits, and what that starts."""
        while self.calls:
            self.release()
