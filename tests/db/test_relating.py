"""Relationships with one end, limits, and what follows a change."""

from uuid import UUID

from twisted.logger import capturedLogs

from daptinmail.db.records import MAX_TARGETS
from daptinmail.db.rules import Plain
from daptinmail.errors import Invalid
from daptinmail.interfaces.records import Draft, Query, Record, Row
from tests.db.records_case import ADMINISTRATOR, RecordsCase


class FaultyRules(Plain):
    """Something goes wrong after the commit."""

    async def committed(self, change: str, row: Row) -> None:
        """Fail."""
        raise ZeroDivisionError


class OneEndTests(RecordsCase):
    """The owner of a row, changed as a relationship."""

    def rules(self) -> dict[str, Plain]:
        """Groups whose rules fail late."""
        return {**super().rules(), "usergroup": FaultyRules()}

    def owners(self, row: Record) -> list[UUID]:
        """Who owns it."""
        link = (row.kind, row.reference, "user_account_id")
        page = self.result(self.records.related(*link, Query(sort=()), ADMINISTRATOR))
        return [record.reference for record in page.records]

    def test_owner(self) -> None:
        """One is set and taken away; to take away another changes nothing; two are refused by name."""
        ann, bob = (self.user(name).reference for name in ("ann", "bob"))
        assert ann is not None
        assert bob is not None
        row = self.server()
        link = ("mail_server", row.reference, "user_account_id")
        self.result(self.records.relate(*link, [ann], True, ADMINISTRATOR))
        self.assertEqual(self.owners(row), [ann])
        self.result(self.records.unrelate(*link, [bob], ADMINISTRATOR))
        self.assertEqual(self.owners(row), [ann])
        error = self.refused(self.records.relate(*link, [ann, bob], True, ADMINISTRATOR), Invalid)
        self.assertEqual(list(error.fields), ["user_account_id"])
        self.result(self.records.unrelate(*link, [ann], ADMINISTRATOR))
        self.assertEqual(self.owners(row), [])

    def test_limit(self) -> None:
        """More rows at once than any screen shows are refused before the database is asked."""
        many = [UUID(int=number) for number in range(MAX_TARGETS + 1)]
        link = ("mail_server", self.server().reference, "usergroup_id")
        for asked in (
            self.records.relate(*link, many, False, ADMINISTRATOR),
            self.records.unrelate(*link, many, ADMINISTRATOR),
        ):
            self.refused(asked, Invalid)

    def test_what_follows_fails(self) -> None:
        """A row that is written is answered, whatever goes wrong afterwards; the log tells."""
        with capturedLogs() as logged:
            made = self.result(self.records.create(Draft("usergroup", {"name": "staff"}), ADMINISTRATOR))
        self.assertEqual(self.found("usergroup"), ["staff"])
        self.assertEqual((made.attributes["name"], len(logged)), ("staff", 1))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_no_such_relationship(self) -> None:
        """A relationship that the type does not have is named."""
        draft = Draft("mail_server", {"hostname": "a.test"}, {"nonsense": None})
        self.assertEqual(list(self.refused(self.records.create(draft, ADMINISTRATOR), Invalid).fields), ["nonsense"])

    def test_null(self) -> None:
        """Null where a value is needed is refused by name."""
        row = self.server()
        change = self.records.patch("mail_server", row.reference, {"max_size": None}, {}, ADMINISTRATOR)
        self.assertEqual(list(self.refused(change, Invalid).fields), ["max_size"])
