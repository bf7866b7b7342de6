"""What a request may write, and what the database says when it cannot."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from attrs import frozen
from sqlalchemy import Table, UniqueConstraint
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from daptinmail.db.exposure import EXPOSURES, ONLY_PATCHED, UNIQUE_NAMES
from daptinmail.db.relations import OWNER, Kind
from daptinmail.db.values import reference, to_column
from daptinmail.errors import AlreadyExists, Conflict, DaptinmailError, Forbidden, Invalid
from daptinmail.interfaces.directory import Viewer
from daptinmail.interfaces.records import Row


@frozen
class Wanted:
    """A request taken apart: ``attributes`` as asked, without what nobody may set; ``to_one`` the foreign keys."""

    attributes: dict[str, Any]
    to_one: dict[str, UUID | None]
    version: int | None = None


def asked(kind: Kind, attributes: Mapping[str, Any], to_one: Mapping[str, UUID | None], patch: bool) -> Wanted:
    """Take a request apart. Names that are no columns stay, for the rules of the type; forbidden ones are dropped.

    Raises:
        Invalid: a relationship is unknown, or a foreign key is not a UUID.
    """
    for name in to_one:
        if name not in kind.to_one:
            raise Invalid(fields={name[:100]: "no such relationship"})
    writable = EXPOSURES[kind.name].writable - (frozenset() if patch else ONLY_PATCHED)
    references = {name: _reference(name, value) for name, value in attributes.items() if name in kind.to_one}
    plain = {
        name: value
        for name, value in attributes.items()
        if name not in kind.to_one and (name in writable or name not in kind.table.c)
    }
    if patch:
        for name in EXPOSURES[kind.name].masked:
            if plain.get(name) == "":  # what we showed, sent back
                del plain[name]
    version = attributes.get("version")
    links = {name: found for name, found in {**references, **to_one}.items() if name in writable}
    return Wanted(plain, links, version if patch and isinstance(version, int) else None)


def checked(kind: Kind, attributes: Mapping[str, Any]) -> Row:
    """Column values for the attributes that are columns.

    Raises:
        Invalid: naming every attribute at fault.
    """
    row: Row = {}
    faults: dict[str, str] = {}
    for name, value in attributes.items():
        if name not in kind.table.c:
            continue
        try:
            row[name] = to_column(kind.table.c[name], value)
        except ValueError as error:
            faults[name] = str(error)
    if faults:
        raise Invalid(fields=faults)
    return row


def defaults(table: Table) -> Row:
    """The columns' own values, so that rules see a whole row."""
    row: Row = {column.name: None for column in table.c if column.name != "id"}
    for column in table.c:
        if isinstance(column.default, ScalarElementColumnDefault):
            row[column.name] = column.default.arg
    return row


def require(kind: Kind, row: Mapping[str, Any], names: tuple[str, ...] | None = None) -> None:
    """See that ``names`` (else every column that must have a value) are there.

    Raises:
        Invalid: naming what is missing.
    """
    needed = names if names is not None else [c.name for c in kind.table.c if not c.nullable and c.name != "id"]
    missing = {name: "is required" for name in needed if row.get(name) is None}
    if missing:
        raise Invalid(fields=missing)


def may_change(row: Row, wanted: Wanted, viewer: Viewer) -> None:
    """Permissions are changed by the owner, ownership by administrators, else a group's right to update gives all.

    Raises:
        Forbidden.
    """
    if viewer.is_administrator:
        return
    owner = viewer.user_id is not None and row[OWNER] == viewer.user_id
    if OWNER in wanted.to_one or ("permission" in wanted.attributes and not owner):
        raise Forbidden


@contextmanager
def violations(kind: Kind) -> Iterator[None]:
    """Tell a violated constraint as an error about the type's fields."""
    try:
        yield
    except IntegrityError as error:
        raise _violation(kind, error) from error


def _violation(kind: Kind, error: IntegrityError) -> DaptinmailError:
    said = str(error.orig)
    columns = _unique_columns(kind.table, error, said)
    if columns:
        names = ", ".join(dict.fromkeys(UNIQUE_NAMES.get(name, name) for name in columns))
        return AlreadyExists(f"There is a {kind.name} with this {names} already", cause=said)
    if "FOREIGN KEY" in said.upper():
        return Conflict("Other rows refer to this one", cause=said)
    return Conflict("The database refused the change", cause=said)


def _unique_columns(table: Table, error: IntegrityError, said: str) -> list[str]:
    """SQLite names the columns, PostgreSQL the constraint."""
    if said.startswith("UNIQUE constraint failed: "):
        places = said.removeprefix("UNIQUE constraint failed: ").split(", ")
        return [place.removeprefix(f"{table.name}.") for place in places if place.startswith(f"{table.name}.")]
    broken = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint) and constraint.name == broken:
            return [column.name for column in constraint.columns]
    return []


def _reference(name: str, value: Any) -> UUID | None:
    try:
        return None if value is None or value == "" else reference(value)
    except ValueError as error:
        raise Invalid(fields={name: str(error)}) from error
