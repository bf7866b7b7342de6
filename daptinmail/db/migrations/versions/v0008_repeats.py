"""Requests that may be sent twice and act once."""

import sqlalchemy as sa
from alembic import op

revision = "v0008"
down_revision = "v0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    table = "repeatable_request"
    op.create_table(
        table,
        sa.Column("owner", sa.LargeBinary(length=16), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("token", sa.LargeBinary(length=16), nullable=False),
        sa.Column("answer", sa.LargeBinary()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("owner", "key", name=f"pk_{table}"),
    )
    op.create_index(f"ix_{table}_created_at", table, ["created_at"])


def downgrade() -> None:
    """Nothing would be lost but answers, and nobody needs it."""
    raise NotImplementedError
