"""Promises of ``daptinmail.db.records``: rows as the API makes, shows, changes and deletes them."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from zope.interface.verify import verifyObject

from daptinmail.db.exposure import EXPOSURES
from daptinmail.db.relations import KINDS
from daptinmail.db.rules import Plain
from daptinmail.db.schema import DEFAULT_PERMISSION
from daptinmail.errors import AlreadyExists, Conflict, Invalid, NotFound
from daptinmail.interfaces.directory import Viewer
from daptinmail.interfaces.records import Draft, IRecordRules, IRecords, Query, Row
from daptinmail.interfaces.storage import ITransaction
from tests.db.records_case import ADMINISTRATOR, RecordsCase

NOBODY = UUID(int=0xDEAD)


class Making(RecordsCase):
    """POST."""

    def test_interface(self) -> None:
        """It provides the generic rows."""
        verifyObject(IRecords, self.records)
        verifyObject(IRecordRules, Plain())

    def test_a_server(self) -> None:
        """A new server has the documented columns with their defaults."""
        record = self.server()
        self.assertEqual(
            record.attributes,
            {
                "always_on_tls": True,
                "authentication_required": True,
                "created_at": "2026-01-02T03:04:05Z",
                "hostname": "mail.a.test",
                "is_enabled": False,
                "listen_interface": "0.0.0.0:465",
                "max_clients": 20,
                "max_size": 10000,
                "permission": DEFAULT_PERMISSION,
                "reference_id": str(record.reference),
                "status": "pending",
                "status_message": "",
                "updated_at": None,
                "user_account_id": None,
                "xclient_on": False,
            },
        )
        self.assertEqual(record.to_one, {"user_account_id": None})
        self.assertEqual(record.to_many, {"usergroup_id": [], "mail_account_id": [], "outbox_id": []})

    def test_the_owner_is_who_made_it(self) -> None:
        """Whatever the request says, the row belongs to its maker and gets the default permission."""
        maker = self.user("root")
        administrator = Viewer(maker.user_id, maker.reference, is_administrator=True)
        draft = Draft(
            "mail_server", {"hostname": "a.test", "permission": 0, "id": 77, "version": 9, "created_at": "2000-01-01"}
        )
        record = self.result(self.records.create(draft, administrator))
        self.assertEqual(record.to_one["user_account_id"], ("user_account", maker.reference))
        self.assertEqual(record.attributes["permission"], DEFAULT_PERMISSION)
        self.assertEqual(record.attributes["created_at"], "2026-01-02T03:04:05Z")

    def test_reference_of_the_client(self) -> None:
        """A client may choose the id; taken is taken."""
        chosen = UUID("e494c2d1-ff68-4ed5-bf9c-b4804aeec0fb")
        record = self.result(
            self.records.create(Draft("mail_server", {"hostname": "a.test"}, {}, chosen), ADMINISTRATOR)
        )
        self.assertEqual(record.reference, chosen)
        again = Draft("mail_server", {"hostname": "b.test"}, {}, chosen)
        self.assertIn("id", self.refused(self.records.create(again, ADMINISTRATOR), AlreadyExists).text)

    def test_taken_names(self) -> None:
        """A name that is taken is told by its field."""
        self.server()
        error = self.refused(
            self.records.create(Draft("mail_server", {"hostname": "mail.a.test"}), ADMINISTRATOR), AlreadyExists
        )
        self.assertEqual(error.text, "There is a mail_server with this hostname already")

    def test_foreign_keys(self) -> None:
        """A foreign key comes as relationship or attribute, and is shown as both."""
        server = self.server()
        self.assertEqual(self.account(server).to_one["mail_server_id"], ("mail_server", server.reference))
        other = self.make("mail_account", {"username": "x", "password": "p", "mail_server_id": str(server.reference)})
        self.assertEqual(other.attributes["mail_server_id"], str(server.reference))

    def test_unknown_target(self) -> None:
        """A foreign key to nothing names the relationship."""
        draft = Draft("mail_account", {"username": "x", "password": "p"}, {"mail_server_id": NOBODY})
        error = self.refused(self.records.create(draft, ADMINISTRATOR), Invalid)
        self.assertEqual(error.fields, {"mail_server_id": "no such mail_server"})

    def test_what_is_missing(self) -> None:
        """Everything that is missing is named."""
        error = self.refused(self.records.create(Draft("mail_account", {}), ADMINISTRATOR), Invalid)
        self.assertEqual(set(error.fields), {"username", "mail_server_id"})

    def test_values_that_do_not_fit(self) -> None:
        """Each attribute that does not fit its column is named; nothing is made."""
        attributes = {
            "hostname": "x" * 101,
            "max_size": 2**40,
            "max_clients": "many",
            "is_enabled": "perhaps",
            "listen_interface": None,
        }
        error = self.refused(self.records.create(Draft("mail_server", attributes), ADMINISTRATOR), Invalid)
        self.assertEqual(set(error.fields), set(attributes))
        for bad in ("a\0b", "a\ud800b", 5, ["a"]):
            self.refused(self.records.create(Draft("mail_server", {"hostname": bad}), ADMINISTRATOR), Invalid)
        self.assertEqual(self.found("mail_server"), [])

    def test_text_for_numbers(self) -> None:
        """The seed's string numbers are numbers afterwards."""
        record = self.server(max_clients="20", max_size="10000", is_enabled="true", nonsense=5)
        self.assertEqual(
            [record.attributes[name] for name in ("max_clients", "max_size", "is_enabled")], [20, 10000, True]
        )

    def test_unknown_type(self) -> None:
        """There is no type beside the known ones."""
        self.refused(self.records.list("_config", Query(), ADMINISTRATOR), NotFound)


class Secrets(RecordsCase):
    """What never leaves the server."""

    def test_passwords_are_never_shown(self) -> None:
        """A password is shown as the empty string, to everybody, in every answer."""
        account = self.account(self.server())
        self.assertEqual(account.attributes["password"], "")
        self.assertNotIn("geheim", repr(account))
        user = self.make("user_account", {"name": "Jo", "email": "jo@a.test"})
        self.assertNotIn(
            "secret-hash", repr(self.result(self.records.get("user_account", user.reference, ADMINISTRATOR)))
        )

    def test_every_column_is_shown_on_purpose(self) -> None:
        """Internal columns are in no list of what is shown."""
        hidden = {"id", "version", "auth_version", "directory", "file_name", "address_local", "address_domain"}
        hidden |= {"lease_until", "lease_holder", "modseq", "highestmodseq", "private_key_pem", "password"}
        for kind in KINDS.values():
            visible = set(EXPOSURES[kind.name].visible)
            self.assertEqual(visible - set(kind.table.c.keys()), set())
            self.assertEqual(visible & hidden, set())
            self.assertEqual(set(kind.labels) - visible, set())

    def test_the_empty_password_sent_back_changes_nothing(self) -> None:
        """A client that sends a document back as it got it does not blank the password."""
        account = self.account(self.server())
        self.result(self.records.patch("mail_account", account.reference, dict(account.attributes), {}, ADMINISTRATOR))
        stored = self.result(
            self.storage.read(lambda c: c.exec_driver_sql("SELECT password FROM mail_account").scalar())
        )
        self.assertEqual(stored, "hash of geheim")

    def test_internal_columns_cannot_be_set(self) -> None:
        """An attribute named like an internal column is ignored."""
        account = self.account(self.server())
        attack = {"directory": "../../etc", "address_domain": "evil.test", "version": None, "id": 5}
        self.result(self.records.patch("mail_account", account.reference, attack, {}, ADMINISTRATOR))
        row = self.result(
            self.storage.read(
                lambda c: tuple(c.exec_driver_sql("SELECT id, directory, address_domain FROM mail_account").one())
            )
        )
        self.assertEqual(row, (1, "jo", "a.test"))


class Changing(RecordsCase):
    """PATCH and DELETE."""

    def test_patch(self) -> None:
        """Only what is named changes; the time of the change is kept."""
        server = self.server()
        self.clock.advance(60)
        record = self.result(
            self.records.patch("mail_server", server.reference, {"is_enabled": True}, {}, ADMINISTRATOR)
        )
        changed = {name for name, value in record.attributes.items() if server.attributes[name] != value}
        self.assertEqual(changed, {"is_enabled", "updated_at"})
        self.assertEqual(record.attributes["updated_at"], "2026-01-02T03:05:05Z")

    def test_patch_of_nothing(self) -> None:
        """What is not there cannot be changed or deleted."""
        self.refused(self.records.patch("mail_server", NOBODY, {}, {}, ADMINISTRATOR), NotFound)
        self.refused(self.records.delete("mail_server", NOBODY, ADMINISTRATOR), NotFound)

    def test_a_stale_version(self) -> None:
        """A client that names an old version hears of the conflict."""
        server = self.server()
        for version, outcome in ((1, None), (1, Conflict)):
            change = self.records.patch("mail_server", server.reference, {"version": version}, {}, ADMINISTRATOR)
            self.result(change) if outcome is None else self.refused(change, outcome)

    def test_patch_a_foreign_key(self) -> None:
        """An account can move to another server, not to none."""
        one, other = self.server(), self.server("mail.b.test")
        account = self.account(one)
        moved = self.result(
            self.records.patch(
                "mail_account", account.reference, {}, {"mail_server_id": other.reference}, ADMINISTRATOR
            )
        )
        self.assertEqual(moved.to_one["mail_server_id"], ("mail_server", other.reference))
        nothing = self.records.patch("mail_account", account.reference, {}, {"mail_server_id": None}, ADMINISTRATOR)
        self.assertEqual(set(self.refused(nothing, Invalid).fields), {"mail_server_id"})

    def test_delete(self) -> None:
        """A row that others need stays; else it goes with its group links."""
        server = self.server()
        account = self.account(server)
        error = self.refused(self.records.delete("mail_server", server.reference, ADMINISTRATOR), Conflict)
        self.assertIn("mail_account", error.text)
        self.result(self.records.delete("mail_account", account.reference, ADMINISTRATOR))
        self.result(self.records.delete("mail_server", server.reference, ADMINISTRATOR))
        self.assertEqual(self.found("mail_server"), [])


class Watching(Plain):
    """Writes down when it is asked, and changes what it is told to."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.refuse = ""

    def _note(self, step: str, row: Row | Mapping[str, Any] | None) -> None:
        self.seen.append(f"{step} {row['hostname'] if row and 'hostname' in row else None}")
        if self.refuse == step:
            raise Invalid(fields={"hostname": "refused"})

    async def prepare(self, attributes: Mapping[str, Any], row: Row | None, viewer: Viewer) -> dict[str, Any]:
        """First."""
        self._note("prepare", row)
        return dict(attributes)

    def creating(self, transaction: ITransaction, row: Row) -> None:
        """Before the insert."""
        row["hostname"] = row["hostname"].lower()
        self._note("creating", row)

    def created(self, transaction: ITransaction, row: Row) -> None:
        """After the insert."""
        self._note(f"created {row['id']}", row)

    def patching(self, transaction: ITransaction, before: Row, changes: Row) -> None:
        """Before the update."""
        changes["hostname"] = changes["hostname"].lower()
        self._note("patching", before)

    def patched(self, transaction: ITransaction, before: Row, after: Row) -> None:
        """After the update."""
        self._note(f"patched {before['hostname']} ->", after)

    def deleting(self, transaction: ITransaction, row: Row) -> None:
        """Before the delete."""
        self._note("deleting", row)

    async def committed(self, change: str, row: Row) -> None:
        """When durable."""
        self._note(f"committed {change}", row)

    async def shown(self, row: Row, hydrate: bool) -> dict[str, Any]:
        """A computed attribute."""
        return {"hydrated": hydrate}


class Rules(RecordsCase):
    """Types may do more than hold columns."""

    def rules(self) -> dict[str, Plain]:
        """Watched."""
        self.watching = Watching()
        return {"mail_server": self.watching}

    def test_the_steps(self) -> None:
        """Every step is called in its place, and what it completes is stored."""
        record = self.server("Mail.A.Test")
        self.result(self.records.patch("mail_server", record.reference, {"hostname": "B.test"}, {}, ADMINISTRATOR))
        self.result(self.records.delete("mail_server", record.reference, ADMINISTRATOR))
        self.assertEqual(
            self.watching.seen,
            [
                "prepare None",
                "creating mail.a.test",
                "created 1 mail.a.test",
                "committed create mail.a.test",
                "prepare mail.a.test",
                "patching mail.a.test",
                "patched mail.a.test -> b.test",
                "committed patch b.test",
                "deleting b.test",
                "committed delete b.test",
            ],
        )

    def test_computed_attributes(self) -> None:
        """Rules add to what is shown; lists are not hydrated."""
        record = self.server()
        self.assertIs(record.attributes["hydrated"], True)
        page = self.result(self.records.list("mail_server", Query(), ADMINISTRATOR))
        self.assertIs(page.records[0].attributes["hydrated"], False)

    def test_a_refusal_leaves_nothing(self) -> None:
        """What a rule refuses did not happen."""
        for step in ("prepare", "creating", "created 1"):
            self.watching.refuse = step
            self.refused(self.records.create(Draft("mail_server", {"hostname": "a"}), ADMINISTRATOR), Invalid)
        self.assertEqual(self.found("mail_server"), [])

    def test_a_fault_after_the_commit(self) -> None:
        """The row is there, so the answer says so; the fault is in the log."""
        self.watching.refuse = "committed create"
        self.server()
        self.assertEqual(len(self.flushLoggedErrors(Invalid)), 1)
        self.assertEqual(self.found("mail_server"), ["mail.a.test"])
