"""Values of a new ``mail`` row and of its content."""

from datetime import datetime
from typing import Any
from uuid import UUID

from attrs import frozen

from daptinmail.db.schema import DEFAULT_PERMISSION
from daptinmail.interfaces.messages import Arrival, Flags
from daptinmail.mail.summary import Summary
from daptinmail.store.flags import DELETED, SEEN, has_keywords, to_column


@frozen
class Placed:
    """Where a message goes: what is particular to this copy of it."""

    mailbox_id: int
    owner: int | None
    uid: int
    modseq: int
    file_name: str
    reference: UUID
    now: datetime


def flag_values(flags: Flags) -> dict[str, Any]:
    """The columns that tell flags."""
    return {"flags": to_column(flags), "seen": SEEN in flags, "deleted": DELETED in flags}


def place_values(placed: Placed) -> dict[str, Any]:
    """The columns that differ between copies of a message."""
    return {
        "reference_id": placed.reference,
        "created_at": placed.now,
        "user_account_id": placed.owner,
        "mail_box_id": placed.mailbox_id,
        "uid": placed.uid,
        "modseq": placed.modseq,
        "file_name": placed.file_name,
        "saved_at": placed.now,
        "recent": True,
        "name_due": False,
    }


def mail_values(
    placed: Placed,
    size: int,
    summary: Summary,
    flags: Flags,
    internal_date: datetime | None,
    arrival: Arrival,
    recipient: str,
) -> dict[str, Any]:
    """All columns of a new row but ``id`` and ``updated_at`` (compat 1.5, 6.6)."""
    return {
        **place_values(placed),
        **flag_values(flags),
        "name_due": has_keywords(flags),
        "message_id": summary.message_id or f"{arrival.trail.hex}.{recipient}"[:500],
        "mail_id": arrival.trail.hex,
        "hash": arrival.trail.hex,
        "trail": arrival.trail,
        "from_address": summary.from_address[:200],
        "sender_address": (summary.sender_address or summary.from_address)[:200],
        "to_address": (summary.to_address or recipient)[:200],
        "reply_to_address": summary.reply_to_address[:200],
        "subject": summary.subject[:500],
        "content_type": summary.content_type,
        "has_attachment": summary.has_attachment,
        "recipient": recipient[:320],
        "return_path": arrival.return_path[:320],
        "ip_addr": arrival.ip[:45],
        "is_tls": arrival.tls,
        "internal_date": internal_date or placed.now,
        "size": size,
        "version": 1,
        "permission": DEFAULT_PERMISSION,
        "spam_score": 0.0,
        "spam": False,
    }


def content_values(summary: Summary, account_id: int, email_id: bytes, thread_id: bytes) -> dict[str, Any]:
    """The row of ``mail_content``, without ``id``."""
    terms = summary.terms
    return {
        "mail_account_id": account_id,
        "email_id": email_id,
        "thread_id": thread_id,
        "sent_at": terms.sent_at,
        "sent_day": terms.sent_day,
        "is_reply": terms.is_reply,
        "message_id": terms.message_id,
        "base_subject": terms.base_subject,
        "sort_from": terms.sort_from,
        "sort_to": terms.sort_to,
        "sort_cc": terms.sort_cc,
        "display_from": terms.display_from,
        "display_to": terms.display_to,
        "fields": terms.fields,
        "references": terms.references,
        "preview": summary.preview,
        "envelope": summary.envelope,
        "parts": summary.parts,
        "body": summary.body,
        "bodystructure": summary.bodystructure,
        "header": summary.header,
    }
