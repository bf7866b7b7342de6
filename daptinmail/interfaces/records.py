"""The generic rows behind the JSON:API. Attribute values are JSON values; references are UUIDs."""

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any
from uuid import UUID

from attrs import field, frozen
from zope.interface import Interface

from daptinmail.interfaces.directory import Viewer
from daptinmail.interfaces.storage import ITransaction

Row = dict[str, Any]
"""Column name -> database value, with the integer ``id``."""


@frozen
class Record:
    """One row as the API shows it, without what is secret."""

    kind: str
    reference: UUID
    attributes: Mapping[str, Any]
    to_one: Mapping[str, tuple[str, UUID] | None] = field(factory=dict)
    to_many: Mapping[str, Sequence[tuple[str, UUID]]] = field(factory=dict)


@frozen
class Condition:
    """One item of ``query``. Items with the same ``group`` are OR-ed, all else AND-ed."""

    column: str
    operator: str
    value: Any = None
    group: str | None = None


@frozen
class Query:
    """What to list: page numbers are 1-based, ``sort`` names carry ``-`` for descending.

    ``filter`` is the plain text search over label columns; ``related`` restricts to a foreign key.
    """

    page: int = 1
    size: int = 10
    after: UUID | None = None
    before: UUID | None = None
    sort: tuple[str, ...] = ("-created_at",)
    filter: str = ""
    conditions: tuple[Condition, ...] = ()
    related: Mapping[str, UUID] = field(factory=dict)


@frozen
class Page:
    """Some of ``total`` records."""

    records: Sequence[Record]
    total: int


@frozen
class Draft:
    """A record to be made. ``attributes`` are already coerced to column types by the API's description."""

    kind: str
    attributes: Mapping[str, Any]
    to_one: Mapping[str, UUID | None] = field(factory=dict)
    reference: UUID | None = None


class IRecords(Interface):
    """Rows with permissions. ``kind`` is a type of the API, known to exist.

    Raises ``NotFound``, ``Forbidden``, ``AlreadyExists``, ``Conflict``, ``Invalid`` (with the field at fault).
    A row the viewer may not even peek at is ``NotFound``.
    """

    def list(kind: str, query: Query, viewer: Viewer) -> Awaitable[Page]:
        """The rows the viewer may read."""

    def get(kind: str, reference: UUID, viewer: Viewer, hydrate: bool = True) -> Awaitable[Record]:
        """One row. ``hydrate`` fills computed attributes such as ``mail.mail``."""

    def create(draft: Draft, viewer: Viewer) -> Awaitable[Record]:
        """Make a row, owned by the viewer."""

    def patch(
        kind: str,
        reference: UUID,
        attributes: Mapping[str, Any],
        to_one: Mapping[str, UUID | None],
        viewer: Viewer,
    ) -> Awaitable[Record]:
        """Change a row."""

    def delete(kind: str, reference: UUID, viewer: Viewer) -> Awaitable[None]:
        """Remove a row and what belongs to it."""

    def related(kind: str, reference: UUID, relationship: str, query: Query, viewer: Viewer) -> Awaitable[Page]:
        """The rows at the other end of a relationship; none or one for to-one."""

    def relate(
        kind: str, reference: UUID, relationship: str, targets: Sequence[UUID], replace: bool, viewer: Viewer
    ) -> Awaitable[None]:
        """Add to a relationship, or replace it."""

    def unrelate(
        kind: str, reference: UUID, relationship: str, targets: Sequence[UUID], viewer: Viewer
    ) -> Awaitable[None]:
        """Remove from a relationship."""


class IRecordRules(Interface):
    """What one type does beyond holding columns. ``db.rules.Plain`` does nothing; types override what they need."""

    def prepare(attributes: Mapping[str, Any], row: Row | None, viewer: Viewer) -> Awaitable[dict[str, Any]]:
        """Before the transaction, in the reactor: slow work such as hashing. Answers the attributes to write.

        ``row`` is ``None`` on create.
        """

    def creating(transaction: ITransaction, row: Row) -> None:
        """In the transaction, before the insert: check and complete ``row``."""

    def created(transaction: ITransaction, row: Row) -> None:
        """In the transaction, after the insert; ``row`` has its id."""

    def patching(transaction: ITransaction, before: Row, changes: Row) -> None:
        """In the transaction, before the update: check and complete ``changes``."""

    def patched(transaction: ITransaction, before: Row, after: Row) -> None:
        """In the transaction, after the update."""

    def deleting(transaction: ITransaction, row: Row) -> None:
        """In the transaction, before the delete: remove what belongs to the row."""

    def committed(change: str, row: Row) -> Awaitable[None]:
        """In the reactor after the commit; ``change`` is "create", "patch" or "delete"."""

    def shown(row: Row, hydrate: bool) -> Awaitable[dict[str, Any]]:
        """Attributes to add or replace in what the API shows."""
