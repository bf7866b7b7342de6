"""What a message's content is, apart from where it lies."""

revision = "v0002"
down_revision = "v0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Data would be lost."""
    raise NotImplementedError
