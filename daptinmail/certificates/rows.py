"""The ``certificate`` rows as values, and the statements that read them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from attrs import field, frozen
from sqlalchemy import Connection, select

from daptinmail.certificates.generate import parse_hostnames
from daptinmail.db.schema import certificate


@frozen
class CertificateRow:
    """One row. ``sealed_key`` is the private key as the database holds it, encrypted; empty if there is none."""

    id: int
    reference: UUID
    hostname: str
    certificate_pem: str
    chain_pem: str
    sealed_key: str = field(repr=False)
    public_key_pem: str
    expires_at: datetime | None

    @property
    def hostnames(self) -> tuple[str, ...]:
        """Every host name of the row; none if the column cannot be read."""
        try:
            return parse_hostnames(self.hostname)
        except ValueError:
            return ()

    @property
    def is_complete(self) -> bool:
        """True with a certificate and its key."""
        return bool(self.certificate_pem and self.sealed_key)


_COLUMNS = certificate.c
_ROWS = select(
    _COLUMNS.id,
    _COLUMNS.reference_id,
    _COLUMNS.hostname,
    _COLUMNS.certificate_pem,
    _COLUMNS.root_certificate,
    _COLUMNS.private_key_pem,
    _COLUMNS.public_key_pem,
    _COLUMNS.expires_at,
).order_by(_COLUMNS.id)


def all_rows(connection: Connection) -> list[CertificateRow]:
    """Every row, oldest first."""
    return [_row(found) for found in connection.execute(_ROWS)]


def row_by_reference(connection: Connection, reference: UUID) -> CertificateRow | None:
    """The row behind an API reference."""
    found = connection.execute(_ROWS.where(_COLUMNS.reference_id == reference)).first()
    return _row(found) if found is not None else None


def row_for_name(connection: Connection, name: str) -> CertificateRow | None:
    """The row of exactly this host name, alone or in a list; the one with a key first."""
    some = connection.execute(_ROWS.where(_COLUMNS.hostname.contains(name, autoescape=True)))
    rows = [row for row in map(_row, some) if name in row.hostnames]
    return min(rows, key=lambda row: (row.hostname != name, not row.sealed_key, row.id), default=None)


def _row(found: Any) -> CertificateRow:
    return CertificateRow(
        id=found.id,
        reference=found.reference_id,
        hostname=found.hostname,
        certificate_pem=found.certificate_pem or "",
        chain_pem=found.root_certificate or "",
        sealed_key=found.private_key_pem or "",
        public_key_pem=found.public_key_pem or "",
        expires_at=found.expires_at,
    )
