"""Delivery status notifications (RFC 3464, RFC 6522; RFC 6533 for addresses outside US-ASCII)."""

import re
import textwrap
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from daptinmail.mail.address import Address
from daptinmail.mail.header import HeaderSection, header_end
from daptinmail.mail.reply import Reply
from daptinmail.mail.report import Action, RecipientReport
from daptinmail.mail.trace import clean_domain, format_date, path

MAX_RETURNED_HEADER = 1 << 16  # octets of the original header section that are sent back
MAX_DIAGNOSTIC = 2000  # characters of a remote host's text

_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_MESSAGE_ID = re.compile(rb"<[!-;=?-~]{1,900}>")
_TOO_LONG = re.compile(rb"([^\r\n]{990})[^\r\n]+")  # RFC 5321 §4.5.3.1.6
_OVERLONG = re.compile(rb"[^\r\n]{999}")
_LINE = 76

SUBJECTS = {
    Action.FAILED: "Your message could not be delivered",
    Action.DELAYED: "Your message is delayed",
    Action.RELAYED: "Your message was handed on",
    Action.DELIVERED: "Your message was delivered",
}
TEXTS = {
    Action.FAILED: "It could not be delivered to the recipients below. We have stopped trying.",
    Action.DELAYED: "It has not reached the recipients below yet. We keep trying; you need not send it again.",
    Action.RELAYED: "It was handed to the mail hosts of the recipients below, which do not report its delivery.",
    Action.DELIVERED: "It is in the mailboxes of the recipients below.",
}


def compose_notification(
    *,
    reporting_host: str,
    sender: Address,
    recipient: Address,
    reports: Sequence[RecipientReport],
    arrived: datetime,
    now: datetime,
    original: bytes,
    trail: UUID | str,
    unique: str,
    whole: bool = False,
    envelope_id: str | None = None,
) -> bytes:
    """A complete message that tells ``recipient``, the return-path, what became of the recipients in ``reports``.

    ``sender`` stands in From (the envelope's return-path must be null, RFC 3464 §2); ``original`` is the message, or
    its beginning: all of it goes back if it is ``whole`` and fit to be sent, else its header section. ``trail`` is the
    original's id, ``envelope_id`` what its sender called it (ENVID). ``unique``: 16 or more unpredictable letters and
    digits, which make the boundary and the Message-ID. Dates are aware.

    Raises:
        ValueError: a naive date, an address with control characters, or a bad ``unique``.
    """
    if not (unique.isascii() and unique.isalnum() and 16 <= len(unique) <= 60):
        raise ValueError("unique needs 16 to 60 letters and digits")
    host = clean_domain(reporting_host)
    header = HeaderSection(original[: header_end(original)])
    parts = [
        _explanation(host, reports, arrived),
        _status_part(host, reports, arrived, now, trail, envelope_id),
        _returned_message(original) if whole and _is_fit(original) else _returned_header(header.raw),
    ]
    delimiter = f"--{unique}".encode("ascii")
    body = b"".join(delimiter + b"\r\n" + part for part in parts) + delimiter + b"--\r\n"
    return _header(host, sender, recipient, header, now, unique, _worst(reports)) + body


def _worst(reports: Sequence[RecipientReport]) -> Action:
    found = {report.action for report in reports}
    return next((action for action in Action if action in found), Action.FAILED)


def _header(
    host: str, sender: Address, recipient: Address, original: HeaderSection, now: datetime, unique: str, action: Action
) -> bytes:
    lines = [
        f"From: Mail Delivery System {path(sender)}",
        f"To: {path(recipient)}",
        f"Subject: {SUBJECTS[action]}",
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


def _explanation(host: str, reports: Sequence[RecipientReport], arrived: datetime) -> bytes:
    """The part for people (RFC 6522 §3)."""
    lines = [
        *textwrap.wrap(f"This is the mail server {host}, about your message of {format_date(arrived)}.", _LINE),
        "",
    ]
    for action in Action:
        about = [report for report in reports if report.action is action]
        if about:
            lines += [*textwrap.wrap(TEXTS[action], _LINE), ""]
        for report in about:
            lines += [path(report.recipient), *(f"    {line}" for line in _said(report)), ""]
    body = _lines(lines)
    charset, encoding = ("us-ascii", "7bit") if body.isascii() else ("utf-8", "8bit")
    return _part(f"text/plain; charset={charset}", encoding, "Explanation", body)


def _said(report: RecipientReport) -> list[str]:
    """The reply that decided, for people."""
    lines = []
    if report.reply is not None:
        who = f"{clean_domain(report.remote)} said: " if report.remote else ""
        lines += _wrap(f"{who}{_diagnostic(report.reply)}", _LINE - 4)
    if report.until is not None:
        lines.append(f"We try until {format_date(report.until)}.")
    return lines


def _status_part(
    host: str,
    reports: Sequence[RecipientReport],
    arrived: datetime,
    now: datetime,
    trail: UUID | str,
    envelope_id: str | None,
) -> bytes:
    """The part for programs: fields of the message, then of each recipient (RFC 3464 §2.2, §2.3)."""
    is_global = not all(report.recipient.is_ascii for report in reports)
    identifier = trail.hex if isinstance(trail, UUID) else clean_domain(trail)
    lines = [f"Original-Envelope-Id: {_plain(envelope_id)}"] if envelope_id else []
    lines += [f"Reporting-MTA: dns; {host}", f"X-Trail: {identifier}", f"Arrival-Date: {format_date(arrived)}"]
    for report in reports:
        lines += ["", *_recipient_fields(report, now, is_global)]
    body = _lines(lines)
    if is_global:  # RFC 6533 §4
        return _part("message/global-delivery-status", "8bit", "Delivery report", body)
    return _part("message/delivery-status", "7bit", "Delivery report", body)


def _recipient_fields(report: RecipientReport, now: datetime, is_global: bool) -> list[str]:
    address = path(report.recipient)[1:-1]
    kind = "rfc822" if address.isascii() else "utf-8"
    lines = [f"Original-Recipient: {_plain(report.original)}"] if report.original else []
    lines += [
        f"Final-Recipient: {kind}; {address}",
        f"Action: {report.action.value}",
        f"Status: {_status(report)}",
    ]
    if report.remote:
        lines.append(f"Remote-MTA: dns; {clean_domain(report.remote)}")
    if report.reply is not None:
        diagnostic = _diagnostic(report.reply) if is_global else _plain(_diagnostic(report.reply))
        lines += "\n ".join(_wrap(f"Diagnostic-Code: smtp; {diagnostic}", _LINE)).split("\n")
    lines.append(f"Last-Attempt-Date: {format_date(report.tried or now)}")
    if report.until is not None:
        lines.append(f"Will-Retry-Until: {format_date(report.until)}")
    return lines


def _is_fit(original: bytes) -> bool:
    """Can it be sent as it is: whole lines, none too long, no NUL (RFC 6152 §3)?"""
    if original.count(b"\r\n") != original.count(b"\n") or original.count(b"\r") != original.count(b"\n"):
        return False
    return b"\0" not in original and _OVERLONG.search(original) is None


def _returned_message(original: bytes) -> bytes:
    """All of the original (RFC 6522 §4, RFC 6533 §6)."""
    original += b"" if original.endswith(b"\r\n") else b"\r\n"
    encoding = "7bit" if original.isascii() else "8bit"
    kind = "message/rfc822" if original[: header_end(original)].isascii() else "message/global"
    return _part(kind, encoding, "Your message", original)


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


def _status(report: RecipientReport) -> str:
    """The enhanced status, or the class of what happened or of the reply code (RFC 3463 §2)."""
    classes = {Action.FAILED: "45", Action.DELAYED: "4"}.get(report.action, "2")
    status = report.reply.status if report.reply is not None else None
    if status and _STATUS.fullmatch(status) and status[0] in classes:
        return status
    if classes == "45":
        return "4.0.0" if report.reply is not None and report.reply.temporary else "5.0.0"
    return f"{classes}.0.0"


def _diagnostic(reply: Reply) -> str:
    """A reply on one line."""
    return _UNPRINTABLE.sub(" ", str(reply)[:MAX_DIAGNOSTIC]).strip()


def _plain(text: str) -> str:
    """On one line, in US-ASCII."""
    return _UNPRINTABLE.sub(" ", text[:MAX_DIAGNOSTIC]).encode("ascii", "replace").decode("ascii").strip()


def _wrap(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_long_words=True, break_on_hyphens=False) or [""]
