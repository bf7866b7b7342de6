"""The tables. Names and columns of the API's types are Daptin's; columns of ours follow after them.

Ids are never used twice (``sqlite_autoincrement``): groups, listeners and sessions refer to rows by id.
"""

from typing import Any

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.event import listen

from daptinmail.db.types import Reference, UnixTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

DEFAULT_PERMISSION = 561441

Key = BigInteger().with_variant(Integer, "sqlite")


def _standard() -> list[Column[Any]]:
    """Columns of every table of the API (Daptin's standard columns)."""
    return [
        Column("id", Key, primary_key=True),
        Column("version", Integer, nullable=False, default=1, server_default="1"),
        Column("created_at", UnixTime, nullable=False, index=True),
        Column("updated_at", UnixTime),
        Column("reference_id", Reference, nullable=False, unique=True),
        Column(
            "permission",
            Integer,
            nullable=False,
            default=DEFAULT_PERMISSION,
            server_default=str(DEFAULT_PERMISSION),
        ),
        Column("user_account_id", Key, ForeignKey("user_account.id", ondelete="SET NULL"), index=True),
    ]


user_account = Table(
    "user_account",
    metadata,
    *_standard(),
    Column("name", String(80), nullable=False),
    Column("email", String(80), nullable=False, unique=True),
    Column("password", String(200), nullable=False),
    Column("confirmed", Boolean, nullable=False, default=False),
    Column("auth_version", Integer, nullable=False, default=1),
    sqlite_autoincrement=True,
)

usergroup = Table(
    "usergroup",
    metadata,
    *_standard(),
    Column("name", String(80), nullable=False, unique=True),
    sqlite_autoincrement=True,
)

record_usergroup = Table(
    "record_usergroup",
    metadata,
    Column("id", Key, primary_key=True),
    Column("kind", String(40), nullable=False),
    Column("record_id", Key, nullable=False),
    Column("usergroup_id", Key, ForeignKey("usergroup.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("permission", Integer, nullable=False, default=DEFAULT_PERMISSION),
    UniqueConstraint("kind", "record_id", "usergroup_id"),
    sqlite_autoincrement=True,
)
"""Which groups a row of any type belongs to; for ``user_account`` rows this is membership."""

config = Table(
    "_config",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("value", String(5000), nullable=False),
    Column("previous_value", String(5000)),
    Column("created_at", UnixTime, nullable=False),
    Column("updated_at", UnixTime),
)

mail_server = Table(
    "mail_server",
    metadata,
    *_standard(),
    Column("hostname", String(100), nullable=False, unique=True),
    Column("is_enabled", Boolean, nullable=False, default=False),
    Column("listen_interface", String(100), nullable=False, default="0.0.0.0:465"),
    Column("max_size", Integer, nullable=False, default=10000),
    Column("max_clients", Integer, nullable=False, default=20),
    Column("xclient_on", Boolean, nullable=False, default=False),
    Column("always_on_tls", Boolean, nullable=False, default=True),
    Column("authentication_required", Boolean, nullable=False, default=True),
    Column("status", String(20), nullable=False, default="pending"),
    Column("status_message", Text, nullable=False, default=""),
    sqlite_autoincrement=True,
)
"""``status``: pending (until the next restart or sync), listening, disabled or failed (``status_message`` says why)."""

mail_account = Table(
    "mail_account",
    metadata,
    *_standard(),
    Column("username", String(100), nullable=False, unique=True),
    Column("password", String(200), nullable=False),
    Column("scram_sha256", String(200)),
    Column("scram_sha1", String(200)),
    Column("certificate_fingerprint", String(100), index=True),
    Column("mail_server_id", Key, ForeignKey("mail_server.id"), nullable=False, index=True),
    Column("address_local", String(100), nullable=False),
    Column("address_domain", String(255), nullable=False),
    Column("directory", String(600), nullable=False, unique=True),
    Column("last_uidvalidity", BigInteger, nullable=False, default=0, server_default="0"),
    Column("quota_bytes", BigInteger),
    Column("quota_messages", BigInteger),
    UniqueConstraint("address_domain", "address_local"),
    sqlite_autoincrement=True,
)
"""``address_*``: where the account gets mail: ``username`` split, or its server's host name; lower case for look-up.
``scram_*``: SCRAM keys of the same password in the form of RFC 5803, empty until it is known.
``certificate_fingerprint``: SHA-256 of the client certificate that may log in, in hexadecimal.
``directory``: root of its Maildir++ tree, relative to the mail directory; it never changes.
``last_uidvalidity``: the greatest UIDVALIDITY given to any of its mailboxes, so that none is given twice.
``quota_*``: how much all its messages together may be; null for no limit."""

mail_box = Table(
    "mail_box",
    metadata,
    *_standard(),
    Column("name", String(1000), nullable=False),
    Column("subscribed", Boolean, nullable=False, default=True),
    Column("uidvalidity", BigInteger, nullable=False),
    Column("nextuid", BigInteger, nullable=False, default=1),
    Column("attributes", String(100), nullable=False, default=""),
    Column("flags", String(100), nullable=False, default="\\*"),
    Column("permanent_flags", String(100), nullable=False, default="\\*"),
    Column("mail_account_id", Key, ForeignKey("mail_account.id"), nullable=False),
    Column("special_use", String(40)),
    Column("highestmodseq", BigInteger, nullable=False, default=1),
    Column("first_recent_uid", BigInteger, nullable=False, default=1),
    Column("directory", String(1000), nullable=False),
    Column("pruned_modseq", BigInteger, nullable=False, default=0, server_default="0"),
    Column("message_count", BigInteger, nullable=False, default=0, server_default="0"),
    Column("octets", BigInteger, nullable=False, default=0, server_default="0"),
    UniqueConstraint("mail_account_id", "name"),
    sqlite_autoincrement=True,
)
"""``directory``: name of the Maildir++ folder inside the account's tree, "" for INBOX. ``pruned_modseq``: tombstones up
to this modseq may have been thrown away. ``message_count`` and ``octets``: of all its messages, for quota."""

mailbox_right = Table(
    "mailbox_right",
    metadata,
    Column("mail_box_id", Key, ForeignKey("mail_box.id", ondelete="CASCADE"), primary_key=True),
    Column("identifier", String(20), primary_key=True, index=True),
    Column("negative", Boolean, primary_key=True),
    Column("mail_account_id", Key, ForeignKey("mail_account.id", ondelete="CASCADE"), index=True),
    Column("rights", String(20), nullable=False),
)
"""Access control lists (RFC 4314). ``identifier``: "anyone", "authenticated" or the number of the account."""

mailbox_annotation = Table(
    "mailbox_annotation",
    metadata,
    Column("mail_box_id", Key, ForeignKey("mail_box.id", ondelete="CASCADE"), primary_key=True),
    Column("mail_account_id", Key, ForeignKey("mail_account.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("entry", String(200), primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
"""Annotations (RFC 5464), entries in small letters. ``/private/...`` belong to the account that made them,
``/shared/...`` to the mailbox's owner."""

account_annotation = Table(
    "account_annotation",
    metadata,
    Column("mail_account_id", Key, ForeignKey("mail_account.id", ondelete="CASCADE"), primary_key=True),
    Column("entry", String(200), primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
"""Annotations of the server, as one account sees it."""

mailbox_image = Table(
    "mailbox_image",
    metadata,
    Column("mail_box_id", Key, ForeignKey("mail_box.id", ondelete="CASCADE"), primary_key=True),
    Column("modseq", BigInteger, nullable=False),
    Column("packed", LargeBinary, nullable=False),
)
"""UIDs, modseqs and flags of a mailbox as they were at ``modseq``, to open large ones fast. A cache: rows may go."""

subscription = Table(
    "subscription",
    metadata,
    Column("mail_account_id", Key, ForeignKey("mail_account.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String(1000), primary_key=True),
)
"""Subscribed names that have no mailbox (any more) (RFC 3501 §6.3.9)."""

mail_content = Table(
    "mail_content",
    metadata,
    Column("id", Key, primary_key=True),
    Column("mail_account_id", Key, ForeignKey("mail_account.id", ondelete="SET NULL")),
    Column("email_id", LargeBinary(16), nullable=False),
    Column("thread_id", LargeBinary(16), nullable=False),
    Column("sent_at", BigInteger),
    Column("sent_day", Integer),
    Column("is_reply", Boolean, nullable=False, default=False),
    Column("message_id", LargeBinary, nullable=False),
    Column("base_subject", Text, nullable=False),
    Column("sort_from", Text, nullable=False),
    Column("sort_to", Text, nullable=False),
    Column("sort_cc", Text, nullable=False),
    Column("display_from", Text, nullable=False),
    Column("display_to", Text, nullable=False),
    Column("fields", LargeBinary, nullable=False),
    Column("references", LargeBinary, nullable=False),
    Column("preview", LargeBinary),
    Column("envelope", LargeBinary, nullable=False),
    Column("parts", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("bodystructure", LargeBinary, nullable=False),
    Column("header", LargeBinary, nullable=False),
    Index("ix_mail_content_mail_account_id_message_id", "mail_account_id", "message_id"),
    sqlite_autoincrement=True,
)
"""What IMAP answers of a content without opening its file, ready to send; copies of a message share it.

``mail_account_id`` is where it came first: threads are looked for there. ``preview`` is null where it was not worked
out. SQLite reads the columns of a row in order: what is large, or asked for seldom, comes last."""

mail = Table(
    "mail",
    metadata,
    *_standard(),
    Column("message_id", String(500), nullable=False, index=True),
    Column("mail_id", String(100), nullable=False),
    Column("from_address", String(200), nullable=False),
    Column("internal_date", UnixTime, nullable=False, index=True),
    Column("to_address", String(200), nullable=False),
    Column("reply_to_address", String(200), nullable=False),
    Column("sender_address", String(200), nullable=False),
    Column("subject", String(500), nullable=False),
    Column("content_type", Text, nullable=False),
    Column("recipient", String(320), nullable=False),
    Column("has_attachment", Boolean, nullable=False, default=False),
    Column("ip_addr", String(45), nullable=False),
    Column("return_path", String(320), nullable=False),
    Column("is_tls", Boolean, nullable=False, default=False),
    Column("seen", Boolean, nullable=False, default=False),
    Column("recent", Boolean, nullable=False, default=True),
    Column("deleted", Boolean, nullable=False, default=False),
    Column("spam_score", Float, nullable=False, default=0.0),
    Column("spam", Boolean, nullable=False, default=False),
    Column("hash", String(100), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("flags", Text, nullable=False, default=""),
    Column("uid", BigInteger, nullable=False),
    Column("mail_box_id", Key, ForeignKey("mail_box.id"), nullable=False),
    Column("modseq", BigInteger, nullable=False),
    Column("saved_at", UnixTime, nullable=False),
    Column("file_name", String(255), nullable=False),
    Column("trail", Reference),
    Column("content_id", Key, ForeignKey("mail_content.id"), index=True),
    Column("name_due", Boolean, nullable=False, default=False, server_default=false()),
    UniqueConstraint("mail_box_id", "uid"),
    Index("ix_mail_mail_box_id_modseq", "mail_box_id", "modseq"),
    Index("ix_mail_mail_box_id_content_id_uid", "mail_box_id", "content_id", "uid"),
    sqlite_autoincrement=True,
)
"""``flags``: comma-separated, without ``\\Recent``. ``file_name``: the file in the mailbox's ``cur``;
while ``name_due`` its info suffix tells the flags of before."""

Index("ix_mail_name_due", mail.c.mail_box_id, sqlite_where=mail.c.name_due, postgresql_where=mail.c.name_due)
_UNSEEN, _DELETED = text("NOT seen"), text("deleted IS TRUE")
Index("ix_mail_unseen", mail.c.mail_box_id, mail.c.seen, sqlite_where=_UNSEEN, postgresql_where=_UNSEEN)
Index(
    "ix_mail_deleted",
    mail.c.mail_box_id,
    mail.c.deleted,
    mail.c.size,
    sqlite_where=_DELETED,
    postgresql_where=_DELETED,
)

tombstone = Table(
    "tombstone",
    metadata,
    Column("mail_box_id", Key, ForeignKey("mail_box.id", ondelete="CASCADE"), primary_key=True),
    Column("uid", BigInteger, primary_key=True),
    Column("modseq", BigInteger, nullable=False),
    Column("buried_at", UnixTime, nullable=False, server_default="0"),
    Index("ix_tombstone_mail_box_id_modseq", "mail_box_id", "modseq"),
)
"""Expunged messages, for sessions and clients that catch up from a modseq."""

outbox = Table(
    "outbox",
    metadata,
    *_standard(),
    Column("from_address", String(320), nullable=False),
    Column("to_address", String(320), nullable=False),
    Column("to_host", String(255), nullable=False),
    Column("sent", Boolean, nullable=False, default=False, index=True),
    Column("retry_count", Integer, nullable=False, default=0),
    Column("last_error", Text),
    Column("next_retry_at", UnixTime, index=True),
    Column("mail_server_id", Key, ForeignKey("mail_server.id", ondelete="SET NULL"), index=True),
    Column("state", String(20), nullable=False, default="queued", index=True),
    Column("mail_account_id", Key, ForeignKey("mail_account.id", ondelete="SET NULL")),
    Column("trail", Reference, nullable=False, index=True),
    Column("size", BigInteger, nullable=False),
    Column("eight_bit", Boolean, nullable=False, default=False),
    Column("smtputf8", Boolean, nullable=False, default=False),
    Column("lease_until", UnixTime),
    Column("lease_holder", String(40)),
    Column("sent_at", UnixTime),
    Column("remote", String(255)),
    sqlite_autoincrement=True,
)
"""``state``: queued, held, sent or failed. The content is the file ``<queue dir>/<trail hex>``."""

certificate = Table(
    "certificate",
    metadata,
    *_standard(),
    Column("hostname", String(100), nullable=False, unique=True),
    Column("issuer", String(100), nullable=False, default="self"),
    Column("generated_at", UnixTime),
    Column("certificate_pem", Text),
    Column("root_certificate", Text),
    Column("private_key_pem", Text),
    Column("public_key_pem", Text),
    Column("expires_at", UnixTime),
    sqlite_autoincrement=True,
)
"""``private_key_pem`` is encrypted with the key ``encryption.secret`` of ``_config``."""

mail_app_password = Table(
    "mail_app_password",
    metadata,
    *_standard(),
    Column("name", String(80), nullable=False),
    Column("mail_account_id", Key, ForeignKey("mail_account.id", ondelete="CASCADE"), nullable=False),
    Column("protocols", String(20), nullable=False, default="imap,smtp"),
    Column("expires_at", UnixTime),
    Column("last_used_at", UnixTime),
    Column("digest", String(64), nullable=False),
    UniqueConstraint("mail_account_id", "digest"),
    sqlite_autoincrement=True,
)
"""``digest``: of the secret, keyed with ``auth.secret`` of ``_config``; the secret itself is kept nowhere."""

content_gone = Table("content_gone", metadata, Column("content_id", Key, primary_key=True, autoincrement=False))
"""SQLite: contents that have gone and are still in the text index, a file of its own."""

listen(
    mail_content,
    "after_create",
    DDL(  # type: ignore[no-untyped-call]  # SQLAlchemy's
        "CREATE TRIGGER mail_content_gone AFTER DELETE ON mail_content"
        " BEGIN INSERT OR IGNORE INTO content_gone VALUES (OLD.id); END"
    ).execute_if(dialect="sqlite"),
)

content_text = Table(
    "content_text",
    metadata,
    Column("content_id", Key, ForeignKey("mail_content.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    *(Column(name, Text) for name in ("subject", "from", "to", "cc", "bcc", "header", "mime", "body")),
)
"""PostgreSQL: the text index. All null: the content could not be read."""

event = Table(
    "event",
    metadata,
    Column("id", Key, primary_key=True),
    Column("at", UnixTime, nullable=False),
    Column("kind", String(60), nullable=False),
    Column("trail", Reference, index=True),
    Column("subject", String(100), nullable=False, default=""),
    Column("data", Text, nullable=False, default="{}"),
    sqlite_autoincrement=True,
)
"""Append-only. ``subject`` is ``<type>/<reference>``; ``data`` a JSON object without bodies or secrets."""

file_journal = Table(
    "file_journal",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("token", String(32), nullable=False),
)
"""One row: the last batch that stood in the journal of files and was committed (``db.journal``)."""

listen(
    file_journal,
    "after_create",
    DDL("INSERT INTO file_journal (id, token) VALUES (1, '')"),  # type: ignore[no-untyped-call]  # SQLAlchemy's
)
