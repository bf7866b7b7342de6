"""Rights, annotations and quota."""

revision = "v0004"
down_revision = "v0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Data would be lost."""
    raise NotImplementedError
