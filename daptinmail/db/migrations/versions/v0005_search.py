"""What SEARCH looks into."""

revision = "v0005"
down_revision = "v0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Data would be lost."""
    raise NotImplementedError
