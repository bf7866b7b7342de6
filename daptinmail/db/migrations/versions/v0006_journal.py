"""Which batch in the journal of files was committed."""

import sqlalchemy as sa
from alembic import op

revision = "v0006"
down_revision = "v0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table with its one row."""
    table = op.create_table(
        "file_journal",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("token", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_file_journal"),
    )
    op.bulk_insert(table, [{"id": 1, "token": ""}])


def downgrade() -> None:
    """Nothing would be lost, but nobody needs it."""
    raise NotImplementedError
