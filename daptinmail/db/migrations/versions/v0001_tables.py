"""All tables of the first release."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "v0001"
down_revision = None
branch_labels = None
depends_on = None

Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

RECORDS = (
    "user_account",
    "certificate",
    "mail_server",
    "usergroup",
    "mail_account",
    "mail_box",
    "outbox",
    "mail",
)
"""Tables with the standard columns."""


def upgrade() -> None:
    """Make the tables, then the indexes on their standard columns."""
    _make_settings()
    _make_users()
    _make_servers()
    _make_accounts()
    _make_mailboxes()
    _make_mail()
    _make_metadata()
    _make_outbox()
    for table in RECORDS:
        for column in ("created_at", "user_account_id"):
            op.create_index(f"ix_{table}_{column}", table, [column])


def downgrade() -> None:
    """There is nothing before the first release."""
    raise NotImplementedError


def _standard(table: str) -> list[Any]:
    owner = f"fk_{table}_user_account_id_user_account"
    return [
        sa.Column("id", Key, nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger()),
        sa.Column("reference_id", sa.LargeBinary(16), nullable=False),
        sa.Column("permission", sa.Integer(), server_default="561441", nullable=False),
        sa.Column("user_account_id", Key),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.UniqueConstraint("reference_id", name=f"uq_{table}_reference_id"),
        sa.ForeignKeyConstraint(["user_account_id"], ["user_account.id"], name=owner, ondelete="SET NULL"),
    ]


def _make_settings() -> None:
    """The configuration and the event log."""
    op.create_table(
        "_config",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("value", sa.String(length=5000), nullable=False),
        sa.Column("previous_value", sa.String(length=5000)),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("name", name="pk__config"),
    )
    op.create_table(
        "event",
        sa.Column("id", Key, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("trail", sa.LargeBinary(16)),
        sa.Column("subject", sa.String(length=100), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_event"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_event_trail", "event", ["trail"])


def _make_users() -> None:
    """Users and groups."""
    op.create_table(
        "user_account",
        *_standard("user_account"),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("email", sa.String(length=80), nullable=False),
        sa.Column("password", sa.String(length=200), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("auth_version", sa.Integer(), nullable=False),
        sa.UniqueConstraint("email", name="uq_user_account_email"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "usergroup",
        *_standard("usergroup"),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.UniqueConstraint("name", name="uq_usergroup_name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "record_usergroup",
        sa.Column("id", Key, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("record_id", Key, nullable=False),
        sa.Column("usergroup_id", Key, nullable=False),
        sa.Column("permission", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["usergroup_id"], ["usergroup.id"], name="fk_record_usergroup_usergroup_id_usergroup", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_record_usergroup"),
        sa.UniqueConstraint(
            "kind", "record_id", "usergroup_id", name="uq_record_usergroup_kind_record_id_usergroup_id"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_record_usergroup_usergroup_id", "record_usergroup", ["usergroup_id"])


def _make_servers() -> None:
    """Mail servers and certificates."""
    op.create_table(
        "mail_server",
        *_standard("mail_server"),
        sa.Column("hostname", sa.String(length=100), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("listen_interface", sa.String(length=100), nullable=False),
        sa.Column("max_size", sa.Integer(), nullable=False),
        sa.Column("max_clients", sa.Integer(), nullable=False),
        sa.Column("xclient_on", sa.Boolean(), nullable=False),
        sa.Column("always_on_tls", sa.Boolean(), nullable=False),
        sa.Column("authentication_required", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("status_message", sa.Text(), nullable=False),
        sa.UniqueConstraint("hostname", name="uq_mail_server_hostname"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "certificate",
        *_standard("certificate"),
        sa.Column("hostname", sa.String(length=100), nullable=False),
        sa.Column("issuer", sa.String(length=100), nullable=False),
        sa.Column("generated_at", sa.BigInteger()),
        sa.Column("certificate_pem", sa.Text()),
        sa.Column("root_certificate", sa.Text()),
        sa.Column("private_key_pem", sa.Text()),
        sa.Column("public_key_pem", sa.Text()),
        sa.Column("expires_at", sa.BigInteger()),
        sa.UniqueConstraint("hostname", name="uq_certificate_hostname"),
        sqlite_autoincrement=True,
    )


def _make_accounts() -> None:
    """Mail accounts."""
    op.create_table(
        "mail_account",
        *_standard("mail_account"),
        sa.Column("username", sa.String(length=100), nullable=False),
        sa.Column("password", sa.String(length=200), nullable=False),
        sa.Column("mail_server_id", Key, nullable=False),
        sa.Column("address_local", sa.String(length=100), nullable=False),
        sa.Column("address_domain", sa.String(length=255), nullable=False),
        sa.Column("directory", sa.String(length=600), nullable=False),
        sa.Column("last_uidvalidity", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["mail_server_id"], ["mail_server.id"], name="fk_mail_account_mail_server_id_mail_server"
        ),
        sa.UniqueConstraint("address_domain", "address_local", name="uq_mail_account_address_domain_address_local"),
        sa.UniqueConstraint("directory", name="uq_mail_account_directory"),
        sa.UniqueConstraint("username", name="uq_mail_account_username"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_mail_account_mail_server_id", "mail_account", ["mail_server_id"])


def _make_mailboxes() -> None:
    """Mailboxes and subscriptions."""
    op.create_table(
        "mail_box",
        *_standard("mail_box"),
        sa.Column("name", sa.String(length=1000), nullable=False),
        sa.Column("subscribed", sa.Boolean(), nullable=False),
        sa.Column("uidvalidity", sa.BigInteger(), nullable=False),
        sa.Column("nextuid", sa.BigInteger(), nullable=False),
        sa.Column("attributes", sa.String(length=100), nullable=False),
        sa.Column("flags", sa.String(length=100), nullable=False),
        sa.Column("permanent_flags", sa.String(length=100), nullable=False),
        sa.Column("mail_account_id", Key, nullable=False),
        sa.Column("special_use", sa.String(length=40)),
        sa.Column("highestmodseq", sa.BigInteger(), nullable=False),
        sa.Column("first_recent_uid", sa.BigInteger(), nullable=False),
        sa.Column("directory", sa.String(length=1000), nullable=False),
        sa.ForeignKeyConstraint(
            ["mail_account_id"], ["mail_account.id"], name="fk_mail_box_mail_account_id_mail_account"
        ),
        sa.UniqueConstraint("mail_account_id", "name", name="uq_mail_box_mail_account_id_name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "subscription",
        sa.Column("mail_account_id", Key, nullable=False),
        sa.Column("name", sa.String(length=1000), nullable=False),
        sa.ForeignKeyConstraint(
            ["mail_account_id"],
            ["mail_account.id"],
            name="fk_subscription_mail_account_id_mail_account",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("mail_account_id", "name", name="pk_subscription"),
    )
    op.create_table(
        "tombstone",
        sa.Column("mail_box_id", Key, nullable=False),
        sa.Column("uid", sa.BigInteger(), nullable=False),
        sa.Column("modseq", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["mail_box_id"], ["mail_box.id"], name="fk_tombstone_mail_box_id_mail_box", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("mail_box_id", "uid", name="pk_tombstone"),
    )
    op.create_index("ix_tombstone_mail_box_id_modseq", "tombstone", ["mail_box_id", "modseq"])


def _make_mail() -> None:
    """Messages."""
    op.create_table(
        "mail",
        *_standard("mail"),
        sa.Column("message_id", sa.String(length=500), nullable=False),
        sa.Column("mail_id", sa.String(length=100), nullable=False),
        sa.Column("from_address", sa.String(length=200), nullable=False),
        sa.Column("internal_date", sa.BigInteger(), nullable=False),
        sa.Column("to_address", sa.String(length=200), nullable=False),
        sa.Column("reply_to_address", sa.String(length=200), nullable=False),
        sa.Column("sender_address", sa.String(length=200), nullable=False),
        sa.Column("subject", sa.String(length=500), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("recipient", sa.String(length=320), nullable=False),
        sa.Column("has_attachment", sa.Boolean(), nullable=False),
        sa.Column("ip_addr", sa.String(length=45), nullable=False),
        sa.Column("return_path", sa.String(length=320), nullable=False),
        sa.Column("is_tls", sa.Boolean(), nullable=False),
        sa.Column("seen", sa.Boolean(), nullable=False),
        sa.Column("recent", sa.Boolean(), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("spam_score", sa.Float(), nullable=False),
        sa.Column("spam", sa.Boolean(), nullable=False),
        sa.Column("hash", sa.String(length=100), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("flags", sa.Text(), nullable=False),
        sa.Column("uid", sa.BigInteger(), nullable=False),
        sa.Column("mail_box_id", Key, nullable=False),
        sa.Column("modseq", sa.BigInteger(), nullable=False),
        sa.Column("saved_at", sa.BigInteger(), nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("trail", sa.LargeBinary(16)),
        sa.ForeignKeyConstraint(["mail_box_id"], ["mail_box.id"], name="fk_mail_mail_box_id_mail_box"),
        sa.UniqueConstraint("mail_box_id", "uid", name="uq_mail_mail_box_id_uid"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_mail_internal_date", "mail", ["internal_date"])
    op.create_index("ix_mail_mail_box_id_modseq", "mail", ["mail_box_id", "modseq"])
    op.create_index("ix_mail_message_id", "mail", ["message_id"])


def _make_metadata() -> None:
    """What FETCH answers of messages."""
    op.create_table(
        "mail_metadata",
        sa.Column("mail_id", Key, nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("bodystructure", sa.LargeBinary(), nullable=False),
        sa.Column("header", sa.LargeBinary(), nullable=False),
        sa.Column("parts", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["mail_id"], ["mail.id"], name="fk_mail_metadata_mail_id_mail", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("mail_id", name="pk_mail_metadata"),
    )


def _make_outbox() -> None:
    """The queue."""
    op.create_table(
        "outbox",
        *_standard("outbox"),
        sa.Column("from_address", sa.String(length=320), nullable=False),
        sa.Column("to_address", sa.String(length=320), nullable=False),
        sa.Column("to_host", sa.String(length=255), nullable=False),
        sa.Column("sent", sa.Boolean(), nullable=False),
        sa.Column("retry_count", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text()),
        sa.Column("next_retry_at", sa.BigInteger()),
        sa.Column("mail_server_id", Key),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("mail_account_id", Key),
        sa.Column("trail", sa.LargeBinary(16), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("eight_bit", sa.Boolean(), nullable=False),
        sa.Column("smtputf8", sa.Boolean(), nullable=False),
        sa.Column("lease_until", sa.BigInteger()),
        sa.Column("lease_holder", sa.String(length=40)),
        sa.Column("sent_at", sa.BigInteger()),
        sa.Column("remote", sa.String(length=255)),
        sa.ForeignKeyConstraint(
            ["mail_account_id"], ["mail_account.id"], name="fk_outbox_mail_account_id_mail_account", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["mail_server_id"], ["mail_server.id"], name="fk_outbox_mail_server_id_mail_server", ondelete="SET NULL"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_mail_server_id", "outbox", ["mail_server_id"])
    op.create_index("ix_outbox_next_retry_at", "outbox", ["next_retry_at"])
    op.create_index("ix_outbox_sent", "outbox", ["sent"])
    op.create_index("ix_outbox_state", "outbox", ["state"])
    op.create_index("ix_outbox_trail", "outbox", ["trail"])
