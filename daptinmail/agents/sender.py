"""The author fields of a submission (RFC 5322 §3.6.2, RFC 6409 §6.1 and §8)."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from daptinmail.errors import Refused
from daptinmail.interfaces.directory import Account
from daptinmail.mail.address import Address
from daptinmail.mail.header import HeaderSection
from daptinmail.mail.reply import Reply
from daptinmail.mail.trace import format_date, path
from daptinmail.policy.relaying import NOT_YOURS

TWO_FROMS = Reply(550, "5.7.1", "A message has one From field")
BAD_FROM = Reply(550, "5.7.1", "The From field has no address")


def check_sender(fields: HeaderSection, may_send_as: Callable[[Address], bool]) -> None:
    """Every address in From and Sender must be the account's.

    Raises:
        Refused: one is not, From is there twice, or has no address.
    """
    if len(fields.every(b"from")) > 1 or len(fields.every(b"sender")) > 1:
        raise Refused(TWO_FROMS)
    for name in (b"from", b"sender"):
        addresses = _addresses(fields, name)
        if fields.every(name) and not addresses:
            raise Refused(BAD_FROM)
        if not all(may_send_as(address) for address in addresses):
            raise Refused(NOT_YOURS)


def sender_domain(fields: HeaderSection) -> str | None:
    """The domain of the first From address, which DKIM signs for."""
    addresses = _addresses(fields, b"from")
    return addresses[0].domain if addresses else None


def added_fields(fields: HeaderSection, account: Account, trail: UUID, now: datetime) -> bytes:
    """Date, Message-ID and From, where they are missing."""
    added = b""
    if not fields.every(b"date"):
        added += f"Date: {format_date(now)}\r\n".encode("ascii")
    if not fields.every(b"message-id"):
        added += f"Message-ID: <{trail.hex}@{account.address.ascii_domain}>\r\n".encode("ascii")
    if not fields.every(b"from"):
        added += f"From: {path(account.address)}\r\n".encode()
    return added


def _addresses(fields: HeaderSection, name: bytes) -> list[Address]:
    """Mailboxes of a field, marks of groups left out."""
    return [
        Address((one.mailbox or b"").decode("utf-8", "replace"), one.host.decode("utf-8", "replace").lower())
        for one in fields.addresses(name)
        if one.host is not None
    ]
