"""DKIM keys after the first one of each domain."""

import sqlalchemy as sa
from alembic import op

revision = "v0010"
down_revision = "v0009"
branch_labels = None
depends_on = None

Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table."""
    table = "dkim_key"
    op.create_table(
        table,
        sa.Column("id", Key, nullable=False),
        sa.Column("reference_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("domain", sa.String(length=255), nullable=False),
        sa.Column("selector", sa.String(length=63), nullable=False),
        sa.Column("algorithm", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("private_key_pem", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.UniqueConstraint("reference_id", name=f"uq_{table}_reference_id"),
        sa.UniqueConstraint("domain", "selector", name=f"uq_{table}_domain_selector"),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    """Keys would be lost."""
    raise NotImplementedError
