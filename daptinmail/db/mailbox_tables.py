"""The tables of mailboxes and what lies in them: messages, contents, rights, annotations."""

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
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.event import listen

from daptinmail.db.base import Key, metadata, standard
from daptinmail.db.types import Reference, UnixTime

mail_box = Table(
    "mail_box",
    metadata,
    *standard(),
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
    *standard(),
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
