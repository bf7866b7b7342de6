"""Ways to prove who one is, beside the password."""

import sqlalchemy as sa
from alembic import op

revision = "v0003"
down_revision = "v0002"
branch_labels = None
depends_on = None

Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Keys and fingerprints are empty: the former are made at the next login with the password."""
    for column in ("scram_sha256", "scram_sha1"):
        op.add_column("mail_account", sa.Column(column, sa.String(200)))
    op.add_column("mail_account", sa.Column("certificate_fingerprint", sa.String(100)))
    op.create_index("ix_mail_account_certificate_fingerprint", "mail_account", ["certificate_fingerprint"])
    _make_app_passwords()


def _make_app_passwords() -> None:
    table = "mail_app_password"
    owner, account = f"fk_{table}_user_account_id_user_account", f"fk_{table}_mail_account_id_mail_account"
    op.create_table(
        table,
        sa.Column("id", Key, nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger()),
        sa.Column("reference_id", sa.LargeBinary(16), nullable=False),
        sa.Column("permission", sa.Integer(), server_default="561441", nullable=False),
        sa.Column("user_account_id", Key),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("mail_account_id", Key, nullable=False),
        sa.Column("protocols", sa.String(20), nullable=False),
        sa.Column("expires_at", sa.BigInteger()),
        sa.Column("last_used_at", sa.BigInteger()),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.UniqueConstraint("reference_id", name=f"uq_{table}_reference_id"),
        sa.UniqueConstraint("mail_account_id", "digest", name=f"uq_{table}_mail_account_id_digest"),
        sa.ForeignKeyConstraint(["user_account_id"], ["user_account.id"], name=owner, ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["mail_account_id"], ["mail_account.id"], name=account, ondelete="CASCADE"),
        sqlite_autoincrement=True,
    )
    for column in ("created_at", "user_account_id"):
        op.create_index(f"ix_{table}_{column}", table, [column])


def downgrade() -> None:
    """Data would be lost."""
    raise NotImplementedError
