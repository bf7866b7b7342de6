"""Ways to prove who one is, beside the password."""

revision = "v0003"
down_revision = "v0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Data would be lost."""
    raise NotImplementedError
