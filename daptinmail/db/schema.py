"""The tables. Names and columns of the API's types are Daptin's; columns of ours follow after them.

Ids are never used twice (``sqlite_autoincrement``): groups, listeners and sessions refer to rows by id.
"""

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.event import listen

from daptinmail.db.base import DEFAULT_PERMISSION, Key, metadata, standard
from daptinmail.db.mailbox_tables import (
    account_annotation,
    content_gone,
    content_text,
    mail,
    mail_box,
    mail_content,
    mailbox_annotation,
    mailbox_image,
    mailbox_right,
    subscription,
    tombstone,
)
from daptinmail.db.queue_tables import correspondent, outbox, outbox_destination, outgoing_hour, suppression
from daptinmail.db.types import Reference, UnixTime

__all__ = [
    "DEFAULT_PERMISSION",
    "account_annotation",
    "certificate",
    "config",
    "content_gone",
    "content_text",
    "correspondent",
    "dkim_key",
    "event",
    "file_journal",
    "mail",
    "mail_account",
    "mail_alias",
    "mail_app_password",
    "mail_box",
    "mail_content",
    "mail_server",
    "mailbox_annotation",
    "mailbox_image",
    "mailbox_right",
    "metadata",
    "outbox",
    "outbox_destination",
    "outgoing_hour",
    "record_usergroup",
    "repeatable_request",
    "subscription",
    "suppression",
    "tombstone",
    "user_account",
    "usergroup",
]

user_account = Table(
    "user_account",
    metadata,
    *standard(),
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
    *standard(),
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
    *standard(),
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
    *standard(),
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

certificate = Table(
    "certificate",
    metadata,
    *standard(),
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

dkim_key = Table(
    "dkim_key",
    metadata,
    Column("id", Key, primary_key=True),
    Column("reference_id", Reference, nullable=False, unique=True),
    Column("created_at", UnixTime, nullable=False),
    Column("domain", String(255), nullable=False),
    Column("selector", String(63), nullable=False),
    Column("algorithm", String(20), nullable=False),
    Column("state", String(20), nullable=False),
    Column("since", UnixTime, nullable=False),
    Column("public_key", Text, nullable=False),
    Column("private_key_pem", Text, nullable=False),
    UniqueConstraint("domain", "selector"),
    sqlite_autoincrement=True,
)
"""``state``: next, active, retiring or retired, ``since`` when. ``public_key``: the record's ``p=``. The private key is
encrypted; empty for the certificate's own key and for retired ones."""

mail_alias = Table(
    "mail_alias",
    metadata,
    *standard(),
    Column("address", String(320), nullable=False, unique=True),
    Column("targets", Text, nullable=False),
    Column("is_enabled", Boolean, nullable=False, default=True),
    Column("address_local", String(320), nullable=False),
    Column("address_domain", String(255), nullable=False),
    Index("ix_mail_alias_address_domain_address_local", "address_domain", "address_local"),
    sqlite_autoincrement=True,
)
"""``targets``: addresses with commas between. ``address_local``: canonical, "" for all that the domain has not."""

mail_app_password = Table(
    "mail_app_password",
    metadata,
    *standard(),
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

repeatable_request = Table(
    "repeatable_request",
    metadata,
    Column("owner", Reference, primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("digest", LargeBinary(32), nullable=False),
    Column("token", Reference, nullable=False),
    Column("answer", LargeBinary),
    Column("created_at", UnixTime, nullable=False, index=True),
)
"""Idempotency keys of users (``owner`` is a user's reference) for a day; ``digest`` of the request."""

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
