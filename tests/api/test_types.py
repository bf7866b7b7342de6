"""The table of types and the tables of the database tell the same story."""

from sqlalchemy import BigInteger, Boolean, Float, ForeignKey, Integer, String, Table, Text
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.api.types import KINDS, Form, Kind
from daptinmail.db.schema import metadata
from daptinmail.db.types import Reference, UnixTime

FORMS: dict[type, set[Form]] = {
    Boolean: {Form.BOOLEAN},
    Float: {Form.NUMBER},
    BigInteger: {Form.INTEGER},
    Integer: {Form.INTEGER},
    Text: {Form.TEXT},
    String: {Form.TEXT, Form.EMAIL, Form.SECRET},
    UnixTime: {Form.TIME},
    Reference: {Form.UUID},
}


def table_of(kind: Kind) -> Table:
    """The table behind a type."""
    return metadata.tables[kind.name]


class AgreementTests(SynchronousTestCase):
    """daptinmail.api.types against daptinmail.db.schema."""

    def test_every_column_has_a_place(self) -> None:
        """A column is an attribute, a relationship or hidden on purpose; nothing is shown by accident."""
        for kind in KINDS.values():
            shown = {one.name for one in kind.attributes.values() if not one.computed}
            linked = {link.name for link in kind.to_one}
            columns = {column.name for column in table_of(kind).columns}
            self.assertEqual(columns, shown | linked | kind.hidden, kind.name)
            self.assertFalse(kind.hidden & (shown | linked), kind.name)

    def test_forms_and_lengths(self) -> None:
        """Values that pass the API fit their columns."""
        for kind in KINDS.values():
            for attribute in kind.attributes.values():
                if attribute.computed:
                    continue
                column = table_of(kind).columns[attribute.name]
                self.assertIn(attribute.form, FORMS[type(column.type)], f"{kind.name}.{attribute.name}")
                length = getattr(column.type, "length", None)
                if length and attribute.form in {Form.TEXT, Form.EMAIL} and not attribute.read_only:
                    self.assertEqual(attribute.max_length, length, f"{kind.name}.{attribute.name}")

    def test_nullable_and_defaults(self) -> None:
        """What the database demands is required, given by default, or set by the server."""
        for kind in KINDS.values():
            for attribute in kind.attributes.values():
                if attribute.computed or attribute.read_only or attribute.name == "permission":
                    continue
                column = table_of(kind).columns[attribute.name]
                given = attribute.required or attribute.default is not None or attribute.nullable
                self.assertTrue(given or attribute.name in {"internal_date", "to_host"}, attribute.name)
                if column.default is not None and not attribute.required:
                    self.assertEqual(
                        attribute.default, getattr(column.default, "arg", None), f"{kind.name}.{attribute.name}"
                    )

    def test_unique(self) -> None:
        """Unique attributes are unique columns."""
        for kind in KINDS.values():
            for attribute in kind.attributes.values():
                if attribute.unique:
                    self.assertTrue(table_of(kind).columns[attribute.name].unique, attribute.name)

    def test_relationships(self) -> None:
        """To-one relationships are foreign keys to the table of their target; targets exist."""
        for kind in KINDS.values():
            for link in kind.relationships.values():
                self.assertIn(link.target, KINDS)
            for link in kind.to_one:
                keys: set[ForeignKey] = table_of(kind).columns[link.name].foreign_keys
                self.assertEqual({key.column.table.name for key in keys}, {link.target})
