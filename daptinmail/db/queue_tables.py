"""The tables of what leaves this server: queued messages, destinations, who may be written to and how often."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from daptinmail.db.base import Key, metadata, standard
from daptinmail.db.types import Reference, UnixTime

outbox = Table(
    "outbox",
    metadata,
    *standard(),
    Column("from_address", String(320), nullable=False),
    Column("to_address", String(320), nullable=False),
    Column("to_host", String(255), nullable=False),
    Column("sent", Boolean, nullable=False, default=False, index=True),
    Column("retry_count", Integer, nullable=False, default=0),
    Column("last_error", Text),
    Column("next_retry_at", UnixTime, index=True),
    Column("mail_server_id", Key, ForeignKey("mail_server.id", ondelete="SET NULL"), index=True),
    Column("state", String(20), nullable=False, default="queued"),
    Column("mail_account_id", Key, ForeignKey("mail_account.id", ondelete="SET NULL")),
    Column("trail", Reference, nullable=False, index=True),
    Column("size", BigInteger, nullable=False),
    Column("eight_bit", Boolean, nullable=False, default=False),
    Column("smtputf8", Boolean, nullable=False, default=False),
    Column("binary_mime", Boolean, nullable=False, default=False, server_default=false()),
    Column("require_tls", Boolean, nullable=False, default=False, server_default=false()),
    Column("lease_until", UnixTime, index=True),
    Column("lease_holder", String(40)),
    Column("sent_at", UnixTime),
    Column("remote", String(255)),
    Column("is_paused", Boolean, nullable=False, default=False, server_default=false()),
    Column("tried_since", UnixTime),
    Column("tried_at", UnixTime),
    Column("report_at", UnixTime, index=True),
    Column("notify", String(40)),
    Column("original_recipient", String(600)),
    Column("envelope_id", String(120)),
    Column("returned_part", String(4)),
    Index("ix_outbox_state_is_paused_tried_since", "state", "is_paused", "tried_since"),
    Index("ix_outbox_claim", "to_host", "state", "lease_until", "next_retry_at"),
    sqlite_autoincrement=True,
)
"""``state``: queued, held, sent or failed. The content is the file ``<queue dir>/<trail hex>``.

``is_paused``: held by name, not by the setting. ``tried_since``: when its lifetime began, ``tried_at``: the last try.
``report_at``: when the sender is to be told of the state that the row is then in, empty when there is nothing to tell.
``notify``, ``original_recipient``, ``envelope_id``, ``returned_part``: as asked for by DSN (RFC 3461), NOTIFY and ORCPT
in the recipient's RCPT, ENVID and RET in MAIL, decoded."""

outbox_destination = Table(
    "outbox_destination",
    metadata,
    Column("host", String(255), primary_key=True),
    Column("due_at", UnixTime, nullable=False, index=True),
    Column("rest_until", UnixTime, nullable=False),
    Column("failures", Integer, nullable=False, default=0),
)
"""One row for each ``to_host`` with rows that wait: no free one of them is due before ``due_at``, by which destinations
take turns. ``failures``: attempts in a row that did not reach it; ``rest_until``: not tried before."""

suppression = Table(
    "suppression",
    metadata,
    *standard(),
    Column("address", String(320), nullable=False, unique=True),
    Column("reason", Text, nullable=False, default=""),
    Column("remote", String(255)),
    Column("trail", Reference),
    sqlite_autoincrement=True,
)
"""Addresses that do not exist, as their own hosts said; nothing is sent there. In the form of ``queue.suppression``."""

outgoing_hour = Table(
    "outgoing_hour",
    metadata,
    Column("mail_account_id", Key, ForeignKey("mail_account.id", ondelete="CASCADE"), primary_key=True),
    Column("hour", Integer, primary_key=True, autoincrement=False),
    Column("messages", Integer, nullable=False),
)
"""How many messages an account sent to other hosts in an hour (hours since 1970); kept for a day."""

correspondent = Table(
    "correspondent",
    metadata,
    Column("id", Key, primary_key=True),
    Column("mail_account_id", Key, ForeignKey("mail_account.id", ondelete="CASCADE"), nullable=False),
    Column("address", String(320), nullable=False),
    Column("since", UnixTime, nullable=False),
    UniqueConstraint("mail_account_id", "address"),
    Index("ix_correspondent_mail_account_id_since", "mail_account_id", "since"),
    sqlite_autoincrement=True,
)
"""Whom an account has written to at other hosts, and since when."""
