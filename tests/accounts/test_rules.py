"""Users, groups, mail servers and mail accounts over the API."""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from twisted.internet.defer import Deferred

from daptinmail.accounts.groups import ADMINISTRATORS, ensure_groups, groups_of, join_group
from daptinmail.accounts.rules import MailAccountRules, MailServerRules, UserAccountRules, UsergroupRules
from daptinmail.db.records import Records
from daptinmail.db.schema import mail_account, mail_alias, mail_server, user_account, usergroup
from daptinmail.errors import AlreadyExists, Conflict, Forbidden, Invalid
from daptinmail.interfaces.directory import Viewer
from daptinmail.interfaces.records import Draft, Record
from daptinmail.interfaces.storage import ITransaction
from daptinmail.mail.address import Address
from tests.support.accounts import cheap_passwords
from tests.support.certificates import MemorySigningKeys, MemoryTlsContexts
from tests.support.memory_store import MemoryMessageStore
from tests.support.runtime import CountingIdentifiers, SteadyClock
from tests.support.storage import StorageCase

ROOT = Viewer(user_id=None, is_administrator=True)
SEED_SERVER: dict[str, Any] = {
    "always_on_tls": True,
    "authentication_required": True,
    "hostname": "mail.example.com",
    "is_enabled": True,
    "listen_interface": "0.0.0.0:465",
    "max_clients": "20",
    "max_size": "10000",
    "permission": 0,
    "xclient_on": False,
}
SEED_ACCOUNT: dict[str, Any] = {
    "password": "password",
    "password_md5": "password",
    "permission": 0,
    "username": "email-address",
}


class NotedStore(MemoryMessageStore):
    """Notes which accounts were opened and closed."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.opened: list[int] = []
        self.closed: list[int] = []

    def directory_for(self, address: Address) -> str:
        """By the address."""
        return f"{address.domain}/{address.local}"

    def open_account_in(self, transaction: ITransaction, account_id: int) -> None:
        """Noted."""
        self.opened.append(account_id)

    def close_account_in(self, transaction: ITransaction, account_id: int) -> None:
        """Noted."""
        self.closed.append(account_id)


class RulesTestCase(StorageCase):
    """Through the generic records."""

    def setUp(self) -> None:
        self.clock = SteadyClock()
        self.storage, self.identifiers = self.make_storage(self.clock), CountingIdentifiers()
        self.contexts, self.keys = MemoryTlsContexts(), MemorySigningKeys()
        self.store = NotedStore(self.clock, self.identifiers)
        self.passwords = cheap_passwords()
        rules = {
            "mail_server": MailServerRules(self.contexts),
            "mail_account": MailAccountRules(self.passwords, self.store, self.keys),
            "user_account": UserAccountRules(self.passwords, self.identifiers),
            "usergroup": UsergroupRules(),
        }
        self.records = Records(self.storage, self.clock, self.identifiers, rules)

    def creating(
        self, kind: str, to_one: dict[str, UUID | None] | None = None, **attributes: Any
    ) -> "Deferred[Record]":
        """Make a row."""
        draft = Draft(kind, attributes, to_one or {})
        return Deferred.fromCoroutine(self.records.create(draft, ROOT))

    def create(self, kind: str, to_one: dict[str, UUID | None] | None = None, **attributes: Any) -> Record:
        """Make a row."""
        return self.successResultOf(self.creating(kind, to_one, **attributes))

    def changing(self, record: Record, **attributes: Any) -> "Deferred[Record]":
        """Change it."""
        return Deferred.fromCoroutine(self.records.patch(record.kind, record.reference, attributes, {}, ROOT))

    def change(self, record: Record, **attributes: Any) -> Record:
        """Change it."""
        return self.successResultOf(self.changing(record, **attributes))

    def deleting(self, record: Record) -> "Deferred[None]":
        """Remove it."""
        return Deferred.fromCoroutine(self.records.delete(record.kind, record.reference, ROOT))

    def row(self, table: Any, record: Record) -> Any:
        """What the database holds."""
        query = select(table).where(table.c.reference_id == record.reference)
        return self.successResultOf(self.storage.read(lambda connection: connection.execute(query).one()))

    def verify(self, stored: str, password: str) -> bool:
        """Whether it is the one."""
        return self.successResultOf(Deferred.fromCoroutine(self.passwords.verify(stored, password)))


class MailServerTests(RulesTestCase):
    """Mail servers."""

    def test_seed(self) -> None:
        """The seed's server is taken as it is; it waits for a restart and has a certificate."""
        record = self.create("mail_server", **SEED_SERVER)
        attributes = record.attributes
        self.assertEqual((attributes["max_clients"], attributes["max_size"]), (20, 10000))
        self.assertEqual((attributes["status"], attributes["listen_interface"]), ("pending", "0.0.0.0:465"))
        self.assertEqual(self.contexts.ensured, ["mail.example.com"])

    def test_checks(self) -> None:
        """What a listener could not use is refused by name."""
        for name, values in {
            "hostname": ("", "a b", "*.example.com", "x" * 101, "mail.example.com:25", "a..b"),
            "listen_interface": (
                "",
                "465",
                "0.0.0.0",
                "0.0.0.0:0",
                "0.0.0.0:65536",
                "::1:25",
                "mail:25",
                "[::1]",
                "a:b",
            ),
            "max_size": (-1, "-1", "big", 2**31, "1.5", True),
            "max_clients": (0, "0", "", None),
        }.items():
            for value in values:
                given = {**SEED_SERVER, name: value}
                failure = self.failureResultOf(self.creating("mail_server", **given), Invalid)
                self.assertEqual(list(failure.value.fields), [name], value)

    def test_interfaces(self) -> None:
        """All forms of an interface are taken; the host name is put in lower case."""
        for number, text in enumerate((":25", "127.0.0.1:2525", "[::]:465", "[::1]:25", "localhost:2525", "*:25")):
            record = self.create("mail_server", **{**SEED_SERVER, "hostname": f"M{number}.X", "listen_interface": text})
            self.assertEqual(record.attributes["listen_interface"], text)
            self.assertEqual(record.attributes["hostname"], f"m{number}.x")

    def test_unique(self) -> None:
        """Two servers cannot have one host name, in any case."""
        self.create("mail_server", **SEED_SERVER)
        self.failureResultOf(
            self.creating("mail_server", **{**SEED_SERVER, "hostname": "MAIL.example.com"}), AlreadyExists
        )

    def test_status_is_ours(self) -> None:
        """Nobody sets the status; a change makes it pending, a change of nothing does not."""
        record = self.create("mail_server", **SEED_SERVER)

        def listening(transaction: ITransaction) -> None:
            transaction.connection.execute(mail_server.update().values(status="listening"))

        self.successResultOf(self.storage.write(listening))
        same = self.change(record, status="failed", max_size="10000")
        self.assertEqual(same.attributes["status"], "listening")
        self.assertEqual(self.change(record, max_size=20000).attributes["status"], "pending")

    def test_delete(self) -> None:
        """A server that has accounts stays."""
        server = self.create("mail_server", **SEED_SERVER)
        account = self.create("mail_account", {"mail_server_id": server.reference}, **SEED_ACCOUNT)
        self.failureResultOf(self.deleting(server), Conflict)
        self.successResultOf(self.deleting(account))
        self.successResultOf(self.deleting(server))

    def test_new_host_name(self) -> None:
        """Accounts without a domain move with the host name; the others stay."""
        server = self.create("mail_server", **SEED_SERVER)
        to_one: dict[str, UUID | None] = {"mail_server_id": server.reference}
        plain = self.create("mail_account", to_one, **SEED_ACCOUNT)
        full = self.create("mail_account", to_one, username="ann@example.com", password="password")
        self.change(server, hostname="post.example.com")
        self.assertEqual(self.row(mail_account, plain).address_domain, "post.example.com")
        self.assertEqual(self.row(mail_account, full).address_domain, "example.com")
        self.assertEqual(self.contexts.ensured[-1], "post.example.com")


class MailAccountTests(RulesTestCase):
    """Mail accounts."""

    def setUp(self) -> None:
        super().setUp()
        self.server = self.create("mail_server", **SEED_SERVER)
        self.to_one: dict[str, UUID | None] = {"mail_server_id": self.server.reference}

    def add(self, **attributes: Any) -> Record:
        """An account of the server."""
        return self.create("mail_account", self.to_one, **{**SEED_ACCOUNT, **attributes})

    def test_seed(self) -> None:
        """The seed's account gets an address at its server, mailboxes, and its domain a key."""
        record = self.add()
        row = self.row(mail_account, record)
        self.assertEqual((row.address_local, row.address_domain), ("email-address", "mail.example.com"))
        self.assertEqual(row.directory, "mail.example.com/email-address")
        self.assertEqual(self.store.opened, [row.id])
        self.assertEqual(self.keys.domains, ["mail.example.com"])
        self.assertTrue(self.verify(row.password, "password"))

    def test_password_is_never_shown(self) -> None:
        """Neither the password nor its hash comes back."""
        record = self.add()
        self.assertEqual((record.attributes["password"], record.attributes["password_md5"]), ("", ""))
        self.assertNotIn("argon2", repr(record))

    def test_address(self) -> None:
        """A user name with a domain is the address, in lower case for look-up; the login name stays as it is."""
        record = self.add(username="Ann.B@Example.com")
        row = self.row(mail_account, record)
        self.assertEqual((row.address_local, row.address_domain), ("ann.b", "example.com"))
        self.assertEqual(record.attributes["username"], "Ann.B@Example.com")
        self.assertEqual(self.keys.domains, ["example.com"])

    def test_either_password_will_do(self) -> None:
        """password_md5 alone is a password as well; none at all is refused."""
        row = self.row(mail_account, self.add(password=None, password_md5="other password"))
        self.assertTrue(self.verify(row.password, "other password"))
        failure = self.failureResultOf(
            self.creating("mail_account", self.to_one, username="a@b.example", password="", password_md5=""), Invalid
        )
        self.assertEqual(list(failure.value.fields), ["password"])

    def test_change_of_password(self) -> None:
        """PATCH of either is a change of password; what was shown, sent back, is none."""
        record = self.add()
        for attributes, password in (
            ({"password": "second one"}, "second one"),
            ({"password_md5": "third one"}, "third one"),
            ({"password": "", "password_md5": ""}, "third one"),
        ):
            self.change(record, **attributes)
            self.assertTrue(self.verify(self.row(mail_account, record).password, password), attributes)

    def test_limits_are_the_administrators(self) -> None:
        """Administrators set and lift limits; to anybody else they are as they are, also when sent back unchanged."""
        record = self.change(self.add(quota_bytes=2**40), quota_messages=10)
        row = self.row(mail_account, record)
        self.assertEqual((row.quota_bytes, row.quota_messages), (2**40, 10))
        rules, someone = MailAccountRules(self.passwords, self.store, self.keys), Viewer(user_id=1)
        before = dict(row._mapping)
        for attributes in ({"quota_bytes": None}, {"quota_bytes": 2**41}, {"quota_messages": 11}):
            self.failureResultOf(Deferred.fromCoroutine(rules.prepare(attributes, before, someone)), Forbidden)
        same = {"quota_bytes": 2**40, "quota_messages": 10}
        self.successResultOf(Deferred.fromCoroutine(rules.prepare(same, before, someone)))
        new = {**SEED_ACCOUNT, "quota_bytes": 5}
        self.failureResultOf(Deferred.fromCoroutine(rules.prepare(new, None, someone)), Forbidden)
        self.assertIsNone(self.change(record, quota_bytes=None).attributes["quota_bytes"])

    def test_user_names(self) -> None:
        """Names that cannot be an address, or would trick a log or a path, are refused."""
        for username in (
            "",
            " ann",
            "a b",
            "ann@",
            "@example.com",
            "a@b@c",
            "ann\r\n",
            "../x",
            "x" * 101,
            "a@[1.2.3.4]",
        ):
            failure = self.failureResultOf(
                self.creating("mail_account", self.to_one, username=username, password="password"), Invalid
            )
            self.assertEqual(list(failure.value.fields), ["username"], username)

    def test_unknown_server(self) -> None:
        """An account needs a server."""
        failure = self.failureResultOf(self.creating("mail_account", {}, **SEED_ACCOUNT), Invalid)
        self.assertEqual(list(failure.value.fields), ["mail_server_id"])

    def test_unique(self) -> None:
        """Neither a name nor an address is given twice, in any spelling."""
        self.add(username="ann@example.com")
        for username in ("ann@example.com", "Ann@EXAMPLE.com"):
            self.failureResultOf(
                self.creating("mail_account", self.to_one, username=username, password="password"), AlreadyExists
            )
        self.add()
        self.failureResultOf(
            self.creating("mail_account", self.to_one, username="email-address@mail.example.com", password="pass word"),
            AlreadyExists,
        )

    def test_an_alias_has_the_address(self) -> None:
        """Mail would go to one of them only."""
        row = {"address": "sales@example.com", "targets": "ann@example.com", "is_enabled": True}
        place = {"address_local": "sales", "address_domain": "example.com"}

        def work(transaction: ITransaction) -> None:
            standard = {"created_at": transaction.now, "reference_id": self.identifiers.uuid7()}
            transaction.connection.execute(mail_alias.insert(), {**row, **place, **standard})

        self.successResultOf(self.storage.write(work))
        values = {"username": "Sales@example.com", "password": "password"}
        self.failureResultOf(self.creating("mail_account", self.to_one, **values), AlreadyExists)

    def test_rename(self) -> None:
        """A new name is a new address; the messages stay where they are, and the new domain gets a key."""
        record = self.add()
        self.change(record, username="ann@example.net")
        row = self.row(mail_account, record)
        self.assertEqual((row.address_local, row.address_domain), ("ann", "example.net"))
        self.assertEqual(row.directory, "mail.example.com/email-address")
        self.assertEqual(self.keys.domains[-1], "example.net")

    def test_delete(self) -> None:
        """Mailboxes and messages go with the account."""
        record = self.add()
        number = self.row(mail_account, record).id
        self.successResultOf(self.deleting(record))
        self.assertEqual(self.store.closed, [number])


class UserTests(RulesTestCase):
    """Users and groups."""

    def add(self, email: str = "ann@dept.test") -> Record:
        """A user."""
        return self.create("user_account", name="Ann", email=email, password="longpass1")

    def test_create(self) -> None:
        """A user owns himself, is a member of users, and his password is hashed."""
        record = self.add("Ann@Dept.test")
        row = self.row(user_account, record)
        self.assertEqual((row.user_account_id, row.email), (row.id, "ann@dept.test"))
        self.assertTrue(self.verify(row.password, "longpass1"))
        self.assertNotIn("argon2", repr(record))
        groups = self.successResultOf(self.storage.read(lambda connection: groups_of(connection, row.id)))
        self.assertEqual(set(groups), {"users"})

    def test_checks(self) -> None:
        """Bad fields are named."""
        for name, value in {"name": "", "email": "nobody", "password": "short"}.items():
            given: dict[str, Any] = {"name": "Ann", "email": "ann@dept.test", "password": "longpass1", name: value}
            failure = self.failureResultOf(self.creating("user_account", **given), Invalid)
            self.assertEqual(list(failure.value.fields), [name])

    def test_change_of_password_ends_tokens(self) -> None:
        """A new password makes a new auth_version; any other change does not, and nobody sets it."""
        record = self.add()
        self.change(record, name="Anna", auth_version=9)
        self.assertEqual(self.row(user_account, record).auth_version, 1)
        self.change(record, password="longpass2")
        row = self.row(user_account, record)
        self.assertEqual(row.auth_version, 2)
        self.assertTrue(self.verify(row.password, "longpass2"))

    def test_last_administrator_stays(self) -> None:
        """Without an administrator the server would be anybody's."""
        one, two = self.add("one@dept.test"), self.add("two@dept.test")

        def promote(transaction: ITransaction) -> None:
            groups = ensure_groups(transaction.connection, self.identifiers, transaction.now)
            for user in (one_id, two_id):
                join_group(transaction.connection, user, groups[ADMINISTRATORS])

        one_id, two_id = self.row(user_account, one).id, self.row(user_account, two).id
        self.successResultOf(self.storage.write(promote))
        self.successResultOf(self.deleting(one))
        self.failureResultOf(self.deleting(two), Conflict)

    def test_built_in_groups_stay(self) -> None:
        """Built-in groups keep their names and are not deleted; others are free."""
        self.add()
        query = select(usergroup.c.reference_id).where(usergroup.c.name == ADMINISTRATORS)
        reference = self.successResultOf(self.storage.read(lambda connection: connection.execute(query).scalar_one()))
        built_in = Record("usergroup", reference, {})
        self.failureResultOf(self.changing(built_in, name="mine"), Invalid)
        self.failureResultOf(self.deleting(built_in), Conflict)
        group = self.create("usergroup", name=" Friends ")
        self.assertEqual(group.attributes["name"], "Friends")
        self.change(group, name="Others")
        self.successResultOf(self.deleting(group))
