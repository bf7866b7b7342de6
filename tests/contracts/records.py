"""Promises of ``IRecords``, ``IUsers`` and ``IConfiguration``, on which the HTTP edge relies."""

from collections.abc import Awaitable
from typing import Any, TypeVar
from uuid import UUID

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from daptinmail.errors import AlreadyExists, DaptinmailError, Forbidden, Invalid, NotFound, Unauthenticated
from daptinmail.interfaces.control import IConfiguration
from daptinmail.interfaces.directory import IUsers, Viewer
from daptinmail.interfaces.records import Condition, Draft, IRecords, Query

T = TypeVar("T")

ADMINISTRATOR = Viewer(is_administrator=True)
UNKNOWN = UUID("0198c2aa-6f10-7c31-9c5e-2b7c64f1a0d2")


class _Case(SynchronousTestCase):
    def result(self, waiting: Awaitable[T]) -> T:
        """The result of an awaitable that is done."""
        return self.successResultOf(Deferred.fromCoroutine(_waited(waiting)))

    def refused(self, waiting: Awaitable[Any], error: type[DaptinmailError]) -> Any:
        """The error of an awaitable."""
        return self.failureResultOf(Deferred.fromCoroutine(_waited(waiting)), error).value


async def _waited(waiting: Awaitable[T]) -> T:
    return await waiting


class RecordsContract(_Case):
    """``IRecords``; set ``records`` in setUp."""

    records: Any

    def make(self, hostname: str, reference: UUID | None = None) -> UUID:
        """A mail server."""
        draft = Draft("mail_server", {"hostname": hostname}, {}, reference)
        made: UUID = self.result(self.records.create(draft, ADMINISTRATOR)).reference
        return made

    def test_interface(self) -> None:
        """It is what it says."""
        verifyObject(IRecords, self.records)

    def test_round_trip(self) -> None:
        """What is made can be read, changed and removed."""
        made = self.make("a.test")
        self.result(self.records.patch("mail_server", made, {"is_enabled": True}, {}, ADMINISTRATOR))
        record = self.result(self.records.get("mail_server", made, ADMINISTRATOR))
        self.assertEqual((record.attributes["hostname"], record.attributes["is_enabled"]), ("a.test", True))
        self.result(self.records.delete("mail_server", made, ADMINISTRATOR))
        self.refused(self.records.get("mail_server", made, ADMINISTRATOR), NotFound)

    def test_taken(self) -> None:
        """Unique values and ids are taken once."""
        self.make("a.test", UNKNOWN)
        self.refused(self.records.create(Draft("mail_server", {"hostname": "a.test"}), ADMINISTRATOR), AlreadyExists)
        again = Draft("mail_server", {"hostname": "b.test"}, {}, UNKNOWN)
        self.refused(self.records.create(again, ADMINISTRATOR), AlreadyExists)

    def test_unknown_foreign_id(self) -> None:
        """A foreign key to nothing names the relationship."""
        draft = Draft("mail_account", {"username": "a", "password": "longpass1"}, {"mail_server_id": UNKNOWN})
        self.assertIn("mail_server_id", self.refused(self.records.create(draft, ADMINISTRATOR), Invalid).fields)

    def test_permissions(self) -> None:
        """Others make nothing and do not learn what there is."""
        made = self.make("a.test")
        other = Viewer(user_id=99, reference=UNKNOWN)
        self.refused(self.records.create(Draft("mail_server", {"hostname": "b.test"}), other), Forbidden)
        self.assertEqual(self.result(self.records.list("mail_server", Query(), other)).total, 0)
        self.refused(self.records.patch("mail_server", made, {}, {}, Viewer()), DaptinmailError)

    def test_lists(self) -> None:
        """Pages, order and conditions."""
        for hostname in ("b.test", "a.test", "c.test"):
            self.make(hostname)
        page = self.result(self.records.list("mail_server", Query(1, 2, sort=("hostname",)), ADMINISTRATOR))
        self.assertEqual([row.attributes["hostname"] for row in page.records], ["a.test", "b.test"])
        self.assertEqual(page.total, 3)
        only = Query(conditions=(Condition("hostname", "is", "c.test"),))
        self.assertEqual(self.result(self.records.list("mail_server", only, ADMINISTRATOR)).total, 1)

    def test_relations(self) -> None:
        """Groups are added, replaced and removed; what is related can be read."""
        made = self.make("a.test")
        draft = Draft("usergroup", {"name": "staff"})
        group = self.result(self.records.create(draft, ADMINISTRATOR)).reference
        link = ("mail_server", made, "usergroup_id")
        self.result(self.records.relate(*link, [group], False, ADMINISTRATOR))
        page = self.result(self.records.related(*link, Query(), ADMINISTRATOR))
        self.assertEqual([row.reference for row in page.records], [group])
        self.result(self.records.unrelate(*link, [group], ADMINISTRATOR))
        self.assertEqual(self.result(self.records.related(*link, Query(), ADMINISTRATOR)).total, 0)
        self.refused(self.records.relate(*link, [UNKNOWN], False, ADMINISTRATOR), Invalid)


class UsersContract(_Case):
    """``IUsers``; set ``users`` in setUp, with a set-up code of "code"."""

    users: Any
    setup_code: str

    def test_first_run(self) -> None:
        """Sign up, sign in, become administrator: from then on sign-up is closed."""
        verifyObject(IUsers, self.users)
        self.result(self.users.sign_up("Root", "root@dept.test", "longpass1"))
        self.refused(self.users.sign_up("Root", "root@dept.test", "longpass1"), AlreadyExists)
        self.refused(self.users.sign_in("root@dept.test", "wrong-password", "192.0.2.1"), Unauthenticated)
        token = self.result(self.users.sign_in("root@dept.test", "longpass1", "192.0.2.1"))
        viewer = self.result(self.users.viewer(token, "192.0.2.1"))
        self.assertEqual((viewer.email, viewer.is_administrator), ("root@dept.test", False))
        self.assertFalse(self.result(self.users.has_administrator()))
        self.refused(self.users.become_administrator(viewer, None, False), Forbidden)
        self.result(self.users.become_administrator(viewer, self.setup_code, False))
        self.assertTrue(self.result(self.users.has_administrator()))
        self.assertTrue(self.result(self.users.viewer(token, "192.0.2.1")).is_administrator)
        self.refused(self.users.become_administrator(viewer, None, True), Forbidden)
        self.refused(self.users.sign_up("Ann", "ann@dept.test", "longpass1"), Forbidden)

    def test_guests(self) -> None:
        """No token is a guest, a bad one is refused."""
        self.assertTrue(self.result(self.users.viewer(None, "192.0.2.1")).is_guest)
        self.refused(self.users.viewer("nonsense", "192.0.2.1"), Unauthenticated)
        self.refused(self.users.become_administrator(Viewer(), None, True), Forbidden)


class ConfigurationContract(_Case):
    """``IConfiguration``; set ``configuration`` in setUp."""

    configuration: Any

    def test_values(self) -> None:
        """Stored as they are, listed, and gone when deleted."""
        verifyObject(IConfiguration, self.configuration)
        self.assertIsNone(self.result(self.configuration.get("hostname")))
        self.result(self.configuration.set("hostname", ' "a" \n'))
        self.result(self.configuration.set("empty", ""))
        self.assertEqual(self.result(self.configuration.all()), {"hostname": ' "a" \n', "empty": ""})
        self.result(self.configuration.delete("hostname"))
        self.assertIsNone(self.result(self.configuration.get("hostname")))

    def test_limits(self) -> None:
        """Secrets are kept, and long values refused."""
        self.refused(self.configuration.set("jwt.secret", "x"), Forbidden)
        self.refused(self.configuration.set("hostname", "x" * 5001), Invalid)
        self.assertEqual(self.result(self.configuration.all()), {})
