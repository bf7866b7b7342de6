"""Destinations that take turns, what senders asked to be told, who may be written to and how often."""

import sqlalchemy as sa
from alembic import op

revision = "v0007"
down_revision = "v0006"
branch_labels = None
depends_on = None

Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add what is new to the queue, and make a destination of each host that rows wait for."""
    for name in ("is_paused", "binary_mime", "require_tls"):
        op.add_column("outbox", sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False))
    for name in ("tried_since", "tried_at", "report_at"):
        op.add_column("outbox", sa.Column(name, sa.BigInteger()))
    for name, length in (("notify", 40), ("original_recipient", 600), ("envelope_id", 120), ("returned_part", 4)):
        op.add_column("outbox", sa.Column(name, sa.String(length=length)))
    op.execute("UPDATE outbox SET tried_since = created_at")
    op.execute("UPDATE outbox SET report_at = created_at + 14400000 WHERE state = 'queued' AND from_address <> ''")
    op.drop_index("ix_outbox_state", "outbox")
    for name in ("lease_until", "report_at"):
        op.create_index(f"ix_outbox_{name}", "outbox", [name])
    op.create_index("ix_outbox_state_is_paused_tried_since", "outbox", ["state", "is_paused", "tried_since"])
    op.create_index("ix_outbox_claim", "outbox", ["to_host", "state", "lease_until", "next_retry_at"])
    _make_destinations()
    _make_suppression()
    _make_caps()


def downgrade() -> None:
    """Data would be lost."""
    raise NotImplementedError


def _make_destinations() -> None:
    table = "outbox_destination"
    op.create_table(
        table,
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("rest_until", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("host", name=f"pk_{table}"),
    )
    op.create_index(f"ix_{table}_due_at", table, ["due_at"])
    op.execute(
        "INSERT INTO outbox_destination (host, due_at, rest_until, failures)"
        " SELECT to_host, min(coalesce(next_retry_at, 0)), 0, 0 FROM outbox WHERE state = 'queued' GROUP BY to_host"
    )


def _make_suppression() -> None:
    table = "suppression"
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
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("remote", sa.String(length=255)),
        sa.Column("trail", sa.LargeBinary(length=16)),
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
    for column in ("created_at", "user_account_id"):
        op.create_index(f"ix_{table}_{column}", table, [column])


def _make_caps() -> None:
    op.create_table(
        "outgoing_hour",
        sa.Column("mail_account_id", Key, nullable=False, autoincrement=False),
        sa.Column("hour", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        _of_account("outgoing_hour"),
        sa.PrimaryKeyConstraint("mail_account_id", "hour", name="pk_outgoing_hour"),
    )
    table = "correspondent"
    op.create_table(
        table,
        sa.Column("id", Key, nullable=False),
        sa.Column("mail_account_id", Key, nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        _of_account(table),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.UniqueConstraint("mail_account_id", "address", name=f"uq_{table}_mail_account_id_address"),
        sqlite_autoincrement=True,
    )
    op.create_index(f"ix_{table}_mail_account_id_since", table, ["mail_account_id", "since"])


def _of_account(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["mail_account_id"], ["mail_account.id"], name=f"fk_{table}_mail_account_id_mail_account", ondelete="CASCADE"
    )
