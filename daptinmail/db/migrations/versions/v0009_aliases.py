"""Addresses that stand for others."""

import sqlalchemy as sa
from alembic import op

revision = "v0009"
down_revision = "v0008"
branch_labels = None
depends_on = None

Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table."""
    table = "mail_alias"
    op.create_table(
        table,
        sa.Column("id", Key, nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger()),
        sa.Column("reference_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("permission", sa.Integer(), server_default="561441", nullable=False),
        sa.Column("user_account_id", Key),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("targets", sa.Text(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("address_local", sa.String(length=320), nullable=False),
        sa.Column("address_domain", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_account_id"],
            ["user_account.id"],
            name=f"fk_{table}_user_account_id_user_account",
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.UniqueConstraint("reference_id", name=f"uq_{table}_reference_id"),
        sa.UniqueConstraint("address", name=f"uq_{table}_address"),
        sqlite_autoincrement=True,
    )
    op.create_index(f"ix_{table}_address_domain_address_local", table, ["address_domain", "address_local"])
    for column in ("created_at", "user_account_id"):
        op.create_index(f"ix_{table}_{column}", table, [column])


def downgrade() -> None:
    """Data would be lost."""
    raise NotImplementedError
