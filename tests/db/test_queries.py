"""Promises of ``daptinmail.db.queries`` and ``daptinmail.db.operators``: what a list has, in what order."""

from typing import Any
from uuid import UUID

from daptinmail.errors import Invalid
from daptinmail.interfaces.records import Condition, Query
from tests.db.records_case import ADMINISTRATOR, RecordsCase


class Listing(RecordsCase):
    """GET of a type."""

    def setUp(self) -> None:
        super().setUp()
        self.rows = {}
        for number, name in enumerate(("alpha", "beta", "Gamma_x", "delta%y", "eps\\z")):
            self.rows[name] = self.server(name, max_size=number * 10, is_enabled=number % 2 == 0)
            self.clock.advance(60)

    def ids(self, **query: Any) -> list[str]:
        """The names in the order of the answer."""
        page = self.result(self.records.list("mail_server", Query(**query), ADMINISTRATOR))
        return [record.attributes["hostname"] for record in page.records]

    def where(self, column: str, operator: str, value: Any = None) -> list[str]:
        """The names that one condition finds, oldest first."""
        return self.ids(sort=("created_at",), conditions=(Condition(column, operator, value),))

    def assert_invalid(self, field: str, **query: Any) -> None:
        """The query is refused, naming the field at fault."""
        error = self.refused(self.records.list("mail_server", Query(**query), ADMINISTRATOR), Invalid)
        self.assertIn(field, error.fields)

    def test_newest_first(self) -> None:
        """Without a wish the newest row comes first."""
        self.assertEqual(self.ids(), ["eps\\z", "delta%y", "Gamma_x", "beta", "alpha"])

    def test_pages(self) -> None:
        """Pages follow each other; the total counts all; beyond the end is nothing."""
        self.assertEqual(self.ids(sort=("max_size",), size=2), ["alpha", "beta"])
        self.assertEqual(self.ids(sort=("max_size",), size=2, page=3), ["eps\\z"])
        self.assertEqual(self.ids(page=10**30, size=10**30), [])
        self.assertEqual(len(self.ids(page=-5, size=-5)), 1)
        page = self.result(self.records.list("mail_server", Query(size=1), ADMINISTRATOR))
        self.assertEqual(page.total, 5)

    def test_sort(self) -> None:
        """Several keys, either direction, empty ones ignored; rows without a value come first when ascending."""
        self.assertEqual(self.ids(sort=("is_enabled", "-max_size"))[:2], ["delta%y", "beta"])
        self.assertEqual(self.ids(sort=("", "+max_size"))[0], "alpha")
        self.result(self.records.patch("mail_server", self.rows["beta"].reference, {}, {}, ADMINISTRATOR))
        self.assertEqual(self.ids(sort=("updated_at",))[-1], "beta")
        self.assertEqual(self.ids(sort=("-updated_at",))[0], "beta")

    def test_cursors(self) -> None:
        """Going on from a row gives its neighbours in the order asked for, with values and without."""
        self.result(self.records.patch("mail_server", self.rows["beta"].reference, {}, {}, ADMINISTRATOR))
        for sort in (
            (),
            ("-created_at",),
            ("max_size",),
            ("updated_at",),
            ("-updated_at",),
            ("is_enabled", "hostname"),
        ):
            whole = self.ids(sort=sort)
            for place, name in enumerate(whole):
                reference = self.rows[name].reference
                self.assertEqual(self.ids(sort=sort, after=reference, size=2), whole[place + 1 : place + 3], sort)
                self.assertEqual(self.ids(sort=sort, before=reference, size=2), whole[max(place - 2, 0) : place], sort)

    def test_filter(self) -> None:
        """The text search looks into names, in any case, and knows no wildcards."""
        self.assertEqual(self.ids(filter="GAMMA"), ["Gamma_x"])
        self.assertEqual(self.ids(filter="%"), ["delta%y"])
        self.assertEqual(self.ids(filter="_"), ["Gamma_x"])
        self.assertEqual(self.ids(filter="\\"), ["eps\\z"])
        self.assert_invalid("filter", filter="x" * 2000)

    def test_equality(self) -> None:
        """``is``, ``eq``, ``is not``, ``neq`` on texts, numbers as text, booleans and null."""
        self.assertEqual(self.where("hostname", "is", "alpha"), ["alpha"])
        self.assertEqual(self.where("max_size", "eq", "20"), ["Gamma_x"])
        self.assertEqual(len(self.where("max_size", "neq", 20)), 4)
        self.assertEqual(self.where("is_enabled", "is", "false"), ["beta", "delta%y"])
        self.assertEqual(len(self.where("updated_at", "is", None)), 5)
        self.assertEqual(len(self.where("updated_at", "is not", "2026-01-02T03:04:05Z")), 5)

    def test_texts(self) -> None:
        """Operators on parts of a text, in any case, with and without the ``%`` of Daptin's clients."""
        for value in ("amma", "%amma%", "AMMA"):
            self.assertEqual(self.where("hostname", "contains", value), ["Gamma_x"])
        self.assertEqual(self.where("hostname", "contains", "a_x"), ["Gamma_x"])
        self.assertEqual(self.where("hostname", "contains", "m_x"), [])
        self.assertEqual(self.where("hostname", "fuzzy", "eta"), ["beta"])
        self.assertEqual(self.where("hostname", "fuzzy_any", "eta alph"), ["alpha", "beta"])
        self.assertEqual(self.where("hostname", "fuzzy all", "eta b"), ["beta"])
        self.assertEqual(self.where("hostname", "begins with", "al"), ["alpha"])
        self.assertEqual(self.where("hostname", "ends with", "ta"), ["beta"])
        self.assertEqual(self.where("hostname", "like", "%eta"), ["beta"])
        self.assertEqual(self.where("hostname", "ilike", "GAMMA%"), ["Gamma_x"])
        self.assertEqual(len(self.where("hostname", "not contains", "eta")), 4)
        self.assertEqual(len(self.where("hostname", "not like", "%eta")), 4)
        self.assertEqual(self.where("hostname", "like", "eps\\\\z"), ["eps\\z"])

    def test_choices(self) -> None:
        """Lists of values, as JSON or with commas."""
        self.assertEqual(self.where("hostname", "in", ["alpha", "beta"]), ["alpha", "beta"])
        self.assertEqual(self.where("hostname", "any of", "alpha,beta"), ["alpha", "beta"])
        self.assertEqual(len(self.where("max_size", "none of", [0, 10])), 3)

    def test_order(self) -> None:
        """Greater and smaller, for numbers and times."""
        self.assertEqual(self.where("max_size", "more than", 20), ["delta%y", "eps\\z"])
        self.assertEqual(self.where("max_size", "less than", "10"), ["alpha"])
        self.assertEqual(self.where("created_at", "before", "2026-01-02T03:05:00Z"), ["alpha"])
        self.assertEqual(self.where("created_at", "after", "2026-01-02T03:07:30Z"), ["eps\\z"])

    def test_without_a_value(self) -> None:
        """Operators that need none."""
        self.assertEqual(len(self.where("updated_at", "is empty")), 5)
        self.assertEqual(len(self.where("status_message", "is empty")), 5)
        self.assertEqual(self.where("is_enabled", "is false"), ["beta", "delta%y"])
        self.assertEqual(len(self.where("is_enabled", "is true")), 3)

    def test_groups_of_conditions(self) -> None:
        """Conditions of one group are alternatives; all else must hold together."""
        conditions = (
            Condition("hostname", "is", "alpha", "a"),
            Condition("hostname", "is", "beta", "a"),
            Condition("is_enabled", "is true"),
        )
        self.assertEqual(self.ids(conditions=conditions), ["alpha"])

    def test_foreign_keys(self) -> None:
        """Foreign keys are compared by reference."""
        one, other = self.account(self.rows["alpha"], "a"), self.account(self.rows["beta"], "b")
        self.assertNotEqual(one.reference, other.reference)
        alpha = str(self.rows["alpha"].reference)
        self.assertEqual(self.found("mail_account", Condition("mail_server_id", "is", alpha)), ["a"])
        self.assertEqual(self.found("mail_account", Condition("mail_server_id", "neq", alpha)), ["b"])
        self.assertEqual(self.found("mail_account", Condition("mail_server_id", "in", [alpha])), ["a"])
        self.assertEqual(self.found("mail_account", Condition("user_account_id", "is", None)), ["a", "b"])
        self.assertEqual(self.found("mail_account", related={"mail_server_id": UUID(alpha)}), ["a"])

    def test_what_cannot_be_asked(self) -> None:
        """Unknown columns, operators and values are refused by name; secret columns are unknown."""
        self.assert_invalid("nonsense", sort=("nonsense",))
        self.assert_invalid("id", sort=("id",))
        self.assert_invalid("nonsense", conditions=(Condition("nonsense", "is", 1),))
        self.assert_invalid("hostname", conditions=(Condition("hostname", "resembles", 1),))
        self.assert_invalid("max_size", conditions=(Condition("max_size", "is", "x"),))
        self.assert_invalid("is_enabled", conditions=(Condition("is_enabled", "more than", False),))
        self.assert_invalid("hostname", conditions=(Condition("hostname", "like", "%a" * 50),))
        self.assert_invalid("hostname", conditions=(Condition("hostname", "in", ["x"] * 1001),))
        self.assert_invalid("hostname", conditions=(Condition("hostname", "contains", "\ud800"),))
        self.assert_invalid("nonsense", related={"nonsense": UUID(int=1)})
        self.assert_invalid("page", after=UUID(int=1))
        self.assert_invalid("query", conditions=(Condition("hostname", "is", "x"),) * 51)

    def test_password_hashes_cannot_be_guessed_by_searching(self) -> None:
        """No condition, sort key or cursor tells anything about a secret column."""
        for kind, column in (
            ("mail_account", "password"),
            ("user_account", "password"),
            ("certificate", "private_key_pem"),
        ):
            for query in (Query(sort=(column,)), Query(conditions=(Condition(column, "like", "a%"),))):
                self.refused(self.records.list(kind, query, ADMINISTRATOR), Invalid)

    def test_injection(self) -> None:
        """Values are never part of a statement."""
        evil = "x' OR 1=1; DROP TABLE mail_server; --"
        for operator in ("is", "contains", "like", "in", "begins with"):
            self.assertEqual(self.where("hostname", operator, evil), [])
        self.assertEqual(self.ids(filter=evil), [])
        self.assertEqual(len(self.ids()), 5)
