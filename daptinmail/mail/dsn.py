"""Delivery status notifications (RFC 3464, RFC 6522; RFC 6533 for addresses outside US-ASCII)."""

import re
import textwrap
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from daptinmail.mail.address import Address
from daptinmail.mail.header import HeaderSection, header_end
from daptinmail.mail.receipt import Receipt
from daptinmail.mail.reply import Reply
from daptinmail.mail.trace import clean_domain, format_date, path

MAX_RETURNED_HEADER = 1 << 16  # octets of the original header section that are sent back
MAX_DIAGNOSTIC = 2000  # characters of a remote host's text

_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_MESSAGE_ID = re.compile(rb"<[!-;=?-~]{1,900}>")
_TOO_LONG = re.compile(rb"([^\r\n]{990})[^\r\n]+")  # RFC 5321 §4.5.3.1.6
_LINE = 76


def compose_notification(
    *,
    reporting_host: str,
    sender: Address,
    recipient: Address,
    receipts: Sequence[Receipt],
    arrived: datetime,
    now: datetime,
    header: bytes,
    trail: UUID | str,
    unique: str,
    delayed: bool = False,
) -> bytes:
    """A complete message that tells ``recipient``, the return-path, what became of the recipients in ``receipts``.

    ``sender`` stands in From (the envelope's return-path must be null, RFC 3464 §2); ``header`` is the original header
    section, ``trail`` the original's id, ``unique`` 16 or more unpredictable letters and digits, which make the
    boundary and the Message-ID. ``delayed`` says that delivery is still tried. Dates are aware.

    Raises:
        ValueError: a naive date, an address with control characters, or a bad ``unique``.
    """
    if not (unique.isascii() and unique.isalnum() and 16 <= len(unique) <= 60):
        raise ValueError("unique needs 16 to 60 letters and digits")
    host = clean_domain(reporting_host)
    original = HeaderSection(header[: header_end(header)])
    parts = [
        _explanation(host, receipts, arrived, delayed),
        _status_part(host, receipts, arrived, now, trail, delayed),
        _returned_header(original.raw),
    ]
    delimiter = f"--{unique}".encode("ascii")
    body = b"".join(delimiter + b"\r\n" + part for part in parts) + delimiter + b"--\r\n"
    return _header(host, sender, recipient, original, now, unique, delayed) + body


def _header(
    host: str, sender: Address, recipient: Address, original: HeaderSection, now: datetime, unique: str, delayed: bool
) -> bytes:
    lines = [
        f"From: Mail Delivery System {path(sender)}",
        f"To: {path(recipient)}",
        f"Subject: {'Your message is delayed' if delayed else 'Your message could not be delivered'}",
        f"Date: {format_date(now)}",
        f"Message-ID: <{unique}@{host}>",
        "Auto-Submitted: auto-replied",  # RFC 3834 §5.1
        "MIME-Version: 1.0",
        "Content-Type: multipart/report; report-type=delivery-status;",
        f' boundary="{unique}"',
    ]
    message_id = _MESSAGE_ID.match(original.first(b"message-id") or b"")
    if message_id:
        lines[5:5] = [f"In-Reply-To: {message_id[0].decode('ascii')}", f"References: {message_id[0].decode('ascii')}"]
    return _lines(lines) + b"\r\n"


def _explanation(host: str, receipts: Sequence[Receipt], arrived: datetime, delayed: bool) -> bytes:
    """The part for people (RFC 6522 §3)."""
    text = f"This is the mail server {host}. Your message of {format_date(arrived)} "
    if delayed:
        text += "has not reached the recipients below yet. We keep trying; you need not send it again."
    else:
        text += "could not be delivered to the recipients below. We have stopped trying."
    lines = [*textwrap.wrap(text, _LINE), ""]
    for receipt in receipts:
        who = f"{clean_domain(receipt.remote)} said: " if receipt.remote else ""
        lines.append(path(receipt.recipient))
        lines += [f"    {line}" for line in _wrap(f"{who}{_diagnostic(receipt.reply)}", _LINE - 4)]
        lines.append("")
    body = _lines(lines)
    charset, encoding = ("us-ascii", "7bit") if body.isascii() else ("utf-8", "8bit")
    return _part(f"text/plain; charset={charset}", encoding, "Explanation", body)


def _status_part(
    host: str, receipts: Sequence[Receipt], arrived: datetime, now: datetime, trail: UUID | str, delayed: bool
) -> bytes:
    """The part for programs: fields of the message, then of each recipient (RFC 3464 §2.2, §2.3)."""
    is_global = not all(receipt.recipient.is_ascii for receipt in receipts)
    identifier = trail.hex if isinstance(trail, UUID) else clean_domain(trail)
    lines = [f"Reporting-MTA: dns; {host}", f"X-Trail: {identifier}", f"Arrival-Date: {format_date(arrived)}"]
    for receipt in receipts:
        lines += ["", *_recipient_fields(receipt, now, delayed, is_global)]
    body = _lines(lines)
    if is_global:  # RFC 6533 §4
        return _part("message/global-delivery-status", "8bit", "Delivery report", body)
    return _part("message/delivery-status", "7bit", "Delivery report", body)


def _recipient_fields(receipt: Receipt, now: datetime, delayed: bool, is_global: bool) -> list[str]:
    address = path(receipt.recipient)[1:-1]
    kind = "rfc822" if address.isascii() else "utf-8"
    diagnostic = _diagnostic(receipt.reply)
    if not is_global:
        diagnostic = diagnostic.encode("ascii", "replace").decode("ascii")
    lines = [
        f"Final-Recipient: {kind}; {address}",
        f"Action: {'delayed' if delayed else 'failed'}",
        f"Status: {_status(receipt.reply)}",
    ]
    if receipt.remote:
        lines.append(f"Remote-MTA: dns; {clean_domain(receipt.remote)}")
    lines += "\n ".join(_wrap(f"Diagnostic-Code: smtp; {diagnostic}", _LINE)).split("\n")
    lines.append(f"Last-Attempt-Date: {format_date(now)}")
    return lines


def _returned_header(raw: bytes) -> bytes:
    """The header section of the original (RFC 6522 §4, RFC 6533 §6)."""
    raw = raw.rstrip(b"\r\n") + b"\r\n"
    if len(raw) > MAX_RETURNED_HEADER:
        raw = raw[: raw.rfind(b"\n", 0, MAX_RETURNED_HEADER) + 1]
    raw = raw.replace(b"\0", b"?").replace(b"\r\n", b"\n").replace(b"\r", b" ").replace(b"\n", b"\r\n")
    raw = _TOO_LONG.sub(rb"\1", raw)
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        raw = raw.decode("ascii", "replace").encode("ascii", "replace")
    if raw.isascii():
        return _part("text/rfc822-headers", "7bit", "Header of your message", raw)
    return _part("message/global-headers", "8bit", "Header of your message", raw)


def _part(content_type: str, encoding: str, description: str, body: bytes) -> bytes:
    lines = [
        f"Content-Type: {content_type}",
        f"Content-Transfer-Encoding: {encoding}",
        f"Content-Description: {description}",
    ]
    return _lines(lines) + b"\r\n" + body + b"\r\n"


def _lines(lines: Sequence[str]) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8")


def _status(reply: Reply) -> str:
    """The enhanced status, or the class of the reply code (RFC 3463 §2)."""
    if reply.status and _STATUS.fullmatch(reply.status):
        return reply.status
    return "4.0.0" if reply.temporary else "5.0.0"


def _diagnostic(reply: Reply) -> str:
    """A reply on one line."""
    return _UNPRINTABLE.sub(" ", str(reply)[:MAX_DIAGNOSTIC]).strip()


def _wrap(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_long_words=True, break_on_hyphens=False) or [""]
