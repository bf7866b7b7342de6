"""``IRepeats`` over the table ``repeatable_request``."""

from datetime import timedelta
from uuid import UUID

from attrs import define
from sqlalchemy import ColumnElement, Executable, select
from zope.interface import implementer

from daptinmail.db.schema import repeatable_request
from daptinmail.errors import Conflict
from daptinmail.interfaces.repeats import Claim, IRepeats
from daptinmail.interfaces.runtime import IIdentifiers
from daptinmail.interfaces.storage import IStorage, ITransaction

KEPT = timedelta(hours=24)

_TABLE = repeatable_request


@implementer(IRepeats)
@define(eq=False)
class Repeats:
    """Keys of users."""

    storage: IStorage
    identifiers: IIdentifiers

    async def claim(self, owner: UUID, key: str, digest: bytes) -> Claim:
        """Old keys are forgotten on the way."""
        fresh = self.identifiers.uuid7()
        return await self.storage.write(lambda transaction: _claim(transaction, owner, key, digest, fresh))

    async def keep(self, claim: Claim, answer: bytes) -> None:
        """The row gets its answer."""
        statement = _TABLE.update().where(*_same(claim)).values(answer=answer)
        await self.storage.write(lambda transaction: _run(transaction, statement))

    async def drop(self, claim: Claim) -> None:
        """The row goes, unless an answer came meanwhile."""
        statement = _TABLE.delete().where(*_same(claim), _TABLE.c.answer.is_(None))
        await self.storage.write(lambda transaction: _run(transaction, statement))


def _claim(transaction: ITransaction, owner: UUID, key: str, digest: bytes, fresh: UUID) -> Claim:
    connection, now = transaction.connection, transaction.now
    connection.execute(_TABLE.delete().where(_TABLE.c.created_at <= now - KEPT))
    row = connection.execute(select(_TABLE).where(_TABLE.c.owner == owner, _TABLE.c.key == key)).first()
    if row is None:
        values = {"owner": owner, "key": key, "digest": digest, "token": fresh, "created_at": now}
        connection.execute(_TABLE.insert(), values)
        return Claim(owner, key, fresh)
    if bytes(row.digest) != digest:
        raise Conflict("This Idempotency-Key was used with another request")
    return Claim(owner, key, row.token, None if row.answer is None else bytes(row.answer))


def _same(claim: Claim) -> tuple[ColumnElement[bool], ...]:
    return _TABLE.c.owner == claim.owner, _TABLE.c.key == claim.key, _TABLE.c.token == claim.token


def _run(transaction: ITransaction, statement: Executable) -> None:
    transaction.connection.execute(statement)
