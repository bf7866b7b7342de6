"""Promises of relationships: ``related``, ``relate``, ``unrelate``."""

from uuid import UUID

from sqlalchemy import ForeignKey

from daptinmail.db.relations import GROUPS, KINDS
from daptinmail.errors import Conflict, Invalid, NotFound
from daptinmail.interfaces.records import Query, Record
from tests.db.records_case import ADMINISTRATOR, RecordsCase


class Relating(RecordsCase):
    """Both ends of a foreign key, and groups."""

    def ends(self, kind: str, row: Record, name: str) -> list[UUID]:
        """The references at the other end."""
        page = self.result(self.records.related(kind, row.reference, name, Query(sort=()), ADMINISTRATOR))
        self.assertEqual(page.total, len(page.records))
        return [record.reference for record in page.records]

    def relate(self, kind: str, row: Record, name: str, *targets: Record, replace: bool = False) -> None:
        """Add to or replace a relationship."""
        references = [target.reference for target in targets]
        self.result(self.records.relate(kind, row.reference, name, references, replace, ADMINISTRATOR))

    def test_the_description_agrees_with_the_tables(self) -> None:
        """Every relation described is a foreign key of the tables."""
        for kind in KINDS.values():
            for name, one in kind.to_one.items():
                self.assertEqual(self.key_of(kind.name, name).column.table.name, one.target)
            for many in kind.to_many.values():
                self.assertEqual(self.key_of(many.target, many.column).column.table.name, kind.name)
                self.assertIn(many.column, KINDS[many.target].to_one)

    def key_of(self, kind: str, column: str) -> ForeignKey:
        """The foreign key of a column."""
        (key,) = KINDS[kind].table.c[column].foreign_keys
        return key

    def test_to_one(self) -> None:
        """The other end of a foreign key is one row or none."""
        server = self.server()
        account = self.account(server)
        self.assertEqual(self.ends("mail_account", account, "mail_server_id"), [server.reference])
        self.assertEqual(self.ends("mail_account", account, "user_account_id"), [])

    def test_to_many(self) -> None:
        """The other end of a reverse relation are all rows that point here."""
        server, other = self.server(), self.server("mail.b.test")
        one, two = self.account(server, "a"), self.account(server, "b")
        self.assertEqual(self.ends("mail_server", server, "mail_account_id"), [one.reference, two.reference])
        self.assertEqual(self.ends("mail_server", other, "mail_account_id"), [])

    def test_unknown(self) -> None:
        """There is no relationship beside the known ones."""
        server = self.server()
        self.refused(self.records.related("mail_server", server.reference, "x", Query(), ADMINISTRATOR), NotFound)
        self.refused(self.records.relate("mail_server", server.reference, "x", [], False, ADMINISTRATOR), NotFound)

    def test_move_rows(self) -> None:
        """Adding to a reverse relation moves the rows; a row that needs its parent cannot be left without."""
        server, other = self.server(), self.server("mail.b.test")
        account = self.account(server)
        self.relate("mail_server", other, "mail_account_id", account)
        self.assertEqual(self.ends("mail_server", other, "mail_account_id"), [account.reference])
        for waiting in (
            self.records.unrelate(
                "mail_server", other.reference, "mail_account_id", [account.reference], ADMINISTRATOR
            ),
            self.records.relate("mail_server", other.reference, "mail_account_id", [], True, ADMINISTRATOR),
        ):
            self.refused(waiting, Conflict)
        self.assertEqual(self.ends("mail_server", other, "mail_account_id"), [account.reference])

    def test_all_or_none(self) -> None:
        """One unknown target, and nothing is moved."""
        server, other = self.server(), self.server("mail.b.test")
        account = self.account(server)
        targets = [account.reference, UUID(int=5)]
        error = self.refused(
            self.records.relate("mail_server", other.reference, "mail_account_id", targets, False, ADMINISTRATOR),
            Invalid,
        )
        self.assertEqual(error.fields, {"mail_account_id": "no such mail_account"})
        self.assertEqual(self.ends("mail_server", server, "mail_account_id"), [account.reference])

    def test_groups(self) -> None:
        """Any row joins and leaves groups; joining twice is once; replacing leaves the others."""
        server = self.server()
        one, two = (self.make("usergroup", {"name": name}) for name in ("one", "two"))
        self.relate("mail_server", server, GROUPS, one, one)
        self.relate("mail_server", server, GROUPS, one)
        shown = self.result(self.records.get("mail_server", server.reference, ADMINISTRATOR))
        self.assertEqual(shown.to_many[GROUPS], [("usergroup", one.reference)])
        self.relate("mail_server", server, GROUPS, two, replace=True)
        self.assertEqual(self.ends("mail_server", server, GROUPS), [two.reference])
        self.result(self.records.unrelate("mail_server", server.reference, GROUPS, [two.reference], ADMINISTRATOR))
        self.assertEqual(self.ends("mail_server", server, GROUPS), [])
        self.refused(
            self.records.relate("mail_server", server.reference, GROUPS, [UUID(int=1)], False, ADMINISTRATOR), Invalid
        )

    def test_a_deleted_group_leaves_its_rows(self) -> None:
        """Rows outlive a group they were in."""
        server = self.server()
        group = self.make("usergroup", {"name": "one"})
        self.relate("mail_server", server, GROUPS, group)
        self.result(self.records.delete("usergroup", group.reference, ADMINISTRATOR))
        self.assertEqual(self.ends("mail_server", server, GROUPS), [])

    def test_an_owner_that_is_deleted(self) -> None:
        """Rows outlive their owner."""
        server = self.server()
        user = self.make("user_account", {"name": "Jo", "email": "jo@a.test"})
        self.relate("mail_server", server, "user_account_id", user)
        self.assertEqual(self.ends("mail_server", server, "user_account_id"), [user.reference])
        self.result(self.records.delete("user_account", user.reference, ADMINISTRATOR))
        self.assertEqual(self.ends("mail_server", server, "user_account_id"), [])

    def test_ids_are_not_used_twice(self) -> None:
        """A new row never inherits the groups of a deleted one."""
        group = self.make("usergroup", {"name": "one"})
        first = self.server("a.test")
        self.relate("mail_server", first, GROUPS, group)
        self.result(self.records.delete("mail_server", first.reference, ADMINISTRATOR))
        self.assertEqual(self.server("b.test").to_many[GROUPS], [])
        number = self.result(self.storage.read(lambda c: c.exec_driver_sql("SELECT id FROM mail_server").scalar()))
        self.assertEqual(number, 2)
