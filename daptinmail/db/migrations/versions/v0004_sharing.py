"""Rights, annotations and quota."""

import sqlalchemy as sa
from alembic import op

revision = "v0004"
down_revision = "v0003"
branch_labels = None
depends_on = None

Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables; count what is stored, and make what is asked most quick to count."""
    _make_rights()
    _make_annotations()
    for name in ("quota_bytes", "quota_messages"):
        op.add_column("mail_account", sa.Column(name, sa.BigInteger()))
    for name in ("message_count", "octets"):
        op.add_column("mail_box", sa.Column(name, sa.BigInteger(), server_default="0", nullable=False))
    for name, columns, which in (
        ("ix_mail_unseen", ["mail_box_id", "seen"], sa.text("NOT seen")),
        ("ix_mail_deleted", ["mail_box_id", "deleted", "size"], sa.text("deleted IS TRUE")),
    ):
        op.create_index(name, "mail", columns, sqlite_where=which, postgresql_where=which)
    op.execute(
        "UPDATE mail_box SET message_count = (SELECT count(*) FROM mail WHERE mail_box_id = mail_box.id),"
        " octets = (SELECT coalesce(sum(size), 0) FROM mail WHERE mail_box_id = mail_box.id)"
    )


def downgrade() -> None:
    """Data would be lost."""
    raise NotImplementedError


def _make_rights() -> None:
    table = "mailbox_right"
    op.create_table(
        table,
        sa.Column("mail_box_id", Key, nullable=False),
        sa.Column("identifier", sa.String(length=20), nullable=False),
        sa.Column("negative", sa.Boolean(), nullable=False),
        sa.Column("mail_account_id", Key),
        sa.Column("rights", sa.String(length=20), nullable=False),
        sa.PrimaryKeyConstraint("mail_box_id", "identifier", "negative", name=f"pk_{table}"),
        _to(table, "mail_box"),
        _to(table, "mail_account"),
    )
    op.create_index(f"ix_{table}_mail_account_id", table, ["mail_account_id"])
    op.create_index(f"ix_{table}_identifier", table, ["identifier"])


def _make_annotations() -> None:
    for table, key in (("mailbox_annotation", "mail_box"), ("account_annotation", None)):
        op.create_table(
            table,
            *([sa.Column(f"{key}_id", Key, nullable=False)] if key else []),
            sa.Column("mail_account_id", Key, nullable=False),
            sa.Column("entry", sa.String(length=200), nullable=False),
            sa.Column("value", sa.LargeBinary(), nullable=False),
            sa.PrimaryKeyConstraint(*([f"{key}_id"] if key else []), "mail_account_id", "entry", name=f"pk_{table}"),
            *([_to(table, key)] if key else []),
            _to(table, "mail_account"),
        )
    op.create_index("ix_mailbox_annotation_mail_account_id", "mailbox_annotation", ["mail_account_id"])


def _to(table: str, other: str) -> sa.ForeignKeyConstraint:
    """A row goes with the one it belongs to."""
    column = f"{other}_id"
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=f"fk_{table}_{column}_{other}", ondelete="CASCADE")
