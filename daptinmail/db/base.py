"""What all tables share: the collection they stand in, key and standard columns."""

from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, MetaData

from daptinmail.db.types import Reference, UnixTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

DEFAULT_PERMISSION = 561441

Key = BigInteger().with_variant(Integer, "sqlite")


def standard() -> list[Column[Any]]:
    """Columns of every table of the API (Daptin's standard columns)."""
    return [
        Column("id", Key, primary_key=True),
        Column("version", Integer, nullable=False, default=1, server_default="1"),
        Column("created_at", UnixTime, nullable=False, index=True),
        Column("updated_at", UnixTime),
        Column("reference_id", Reference, nullable=False, unique=True),
        Column(
            "permission",
            Integer,
            nullable=False,
            default=DEFAULT_PERMISSION,
            server_default=str(DEFAULT_PERMISSION),
        ),
        Column("user_account_id", Key, ForeignKey("user_account.id", ondelete="SET NULL"), index=True),
    ]
