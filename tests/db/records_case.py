"""What the promises of ``Records`` are told with."""

from collections.abc import Awaitable, Mapping
from typing import Any, TypeVar
from uuid import UUID

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.db.records import Records
from daptinmail.db.rules import Plain
from daptinmail.errors import DaptinmailError
from daptinmail.interfaces.directory import Viewer
from daptinmail.interfaces.records import Condition, Draft, Query, Record, Row
from daptinmail.interfaces.storage import ITransaction
from tests.support.runtime import CountingIdentifiers, SteadyClock
from tests.support.storage import MemoryStorage

T = TypeVar("T")

ADMINISTRATOR = Viewer(is_administrator=True)
GUEST = Viewer()


class AccountRules(Plain):
    """What the accounts layer does, without its hashing."""

    async def prepare(self, attributes: Mapping[str, Any], row: Row | None, viewer: Viewer) -> dict[str, Any]:
        """Never store the password as it is."""
        prepared = dict(attributes)
        if "password" in prepared:
            prepared["password"] = f"hash of {prepared['password']}"
        return prepared

    def creating(self, transaction: ITransaction, row: Row) -> None:
        """Complete what the API does not give."""
        row |= {"address_local": row["username"], "address_domain": "a.test", "directory": row["username"]}


class UserRules(Plain):
    """A hash for everybody."""

    def creating(self, transaction: ITransaction, row: Row) -> None:
        """Complete the row."""
        row["password"] = "secret-hash"


class RecordsCase(SynchronousTestCase):
    """Records in memory."""

    def setUp(self) -> None:
        self.clock = SteadyClock()
        self.storage = self.make_storage()
        self.records = Records(self.storage, self.clock, CountingIdentifiers(), self.rules())

    def make_storage(self) -> Any:
        """Where the rows are."""
        return MemoryStorage(clock=self.clock)

    def rules(self) -> dict[str, Plain]:
        """The rules by type."""
        return {"mail_account": AccountRules(), "user_account": UserRules()}

    def settled(self, waiting: "Deferred[Any]") -> Any:
        """The result of a Deferred that has fired, or its ``Failure``."""
        results: list[Any] = []
        waiting = waiting.addBoth(results.append)
        self.assertTrue(results, waiting)
        return results[0]

    def result(self, waiting: Awaitable[T]) -> T:
        """The result of an awaitable that is done."""

        async def wait() -> T:
            return await waiting

        result = self.settled(Deferred.fromCoroutine(wait()))
        if isinstance(result, Failure):
            result.raiseException()
        found: T = result
        return found

    def refused(self, waiting: Awaitable[Any], kind: type[DaptinmailError]) -> Any:
        """The error of an awaitable."""

        async def wait() -> Any:
            return await waiting

        result = self.settled(Deferred.fromCoroutine(wait()))
        self.assertIsInstance(result, Failure)
        self.assertIsInstance(result.value, kind)
        return result.value

    def make(self, kind: str, attributes: Mapping[str, Any], to_one: Mapping[str, UUID | None] | None = None) -> Record:
        """A row made by an administrator."""
        return self.result(self.records.create(Draft(kind, attributes, to_one or {}), ADMINISTRATOR))

    def server(self, hostname: str = "mail.a.test", **attributes: Any) -> Record:
        """A mail server."""
        return self.make("mail_server", {"hostname": hostname, **attributes})

    def account(self, server: Record, username: str = "jo") -> Record:
        """A mail account."""
        return self.make(
            "mail_account", {"username": username, "password": "geheim"}, {"mail_server_id": server.reference}
        )

    def user(self, name: str, *groups: Record) -> Viewer:
        """A user who is no administrator, member of groups."""
        made = self.make("user_account", {"name": name, "email": f"{name}@a.test"})
        references = [group.reference for group in groups]
        self.result(
            self.records.relate("user_account", made.reference, "usergroup_id", references, False, ADMINISTRATOR)
        )
        rows = self.result(
            self.storage.read(
                lambda c: c.exec_driver_sql(
                    "SELECT r.record_id, r.usergroup_id FROM record_usergroup r JOIN user_account u"
                    f" ON u.id = r.record_id WHERE r.kind = 'user_account' AND u.email = '{name}@a.test'"
                ).all()
            )
        )
        number = self.result(
            self.storage.read(
                lambda c: c.exec_driver_sql(f"SELECT id FROM user_account WHERE name = '{name}'").scalar()
            )
        )
        return Viewer(number, made.reference, f"{name}@a.test", frozenset(row[1] for row in rows))

    def found(self, kind: str, *conditions: Condition, **query: Any) -> list[Any]:
        """The names of the rows that a query finds."""
        name = {"mail_server": "hostname", "mail_account": "username"}.get(kind, "name")
        asked = Query(conditions=conditions, **{"sort": (name,), **query})
        page = self.result(self.records.list(kind, asked, ADMINISTRATOR))
        return [record.attributes[name] for record in page.records]
