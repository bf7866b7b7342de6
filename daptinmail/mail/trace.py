"""Trace fields: Received and Return-Path (RFC 5321 §4.4), and dates (RFC 5322 §3.3).

What comes from a client is cut down to the characters its place allows, so that no field can be smuggled in.
"""

import re
from datetime import datetime
from email.utils import format_datetime
from ipaddress import ip_address
from uuid import UUID

from daptinmail.mail.address import Address

_NOT_DOMAIN = re.compile(r"[^A-Za-z0-9._:\[\]\-]")
_NOT_WORD = re.compile(r"[^A-Za-z0-9._+/\-]")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_RECEIVED = re.compile(rb"^received[ \t]*:", re.I | re.M)


def received_field(
    *,
    helo: str,
    ip: str,
    by: str,
    protocol: str,
    trail: UUID | str,
    now: datetime,
    recipient: Address | None = None,
    tls: str | None = None,
    cipher: str | None = None,
) -> bytes:
    """One Received field with CRLF, folded.

    ``helo`` is what the client called itself ("" if nothing), ``ip`` its address ("" if there is none), ``by`` our
    host name, ``protocol`` the word of RFC 3848 ("ESMTPSA"), ``trail`` the message's id, ``recipient`` the only
    recipient or ``None`` (RFC 5321 §7.6), ``tls`` and ``cipher`` as OpenSSL names them, ``now`` aware.

    Raises:
        ValueError: ``now`` is naive, or the address has control characters.
    """
    lines = [f"Received: from {clean_domain(helo)}{_tcp_info(ip)}", f" by {clean_domain(by)} with {_word(protocol)}"]
    if tls:
        lines[1] += f" (version={_word(tls)}" + (f" cipher={_word(cipher)})" if cipher else ")")
    identifier = trail.hex if isinstance(trail, UUID) else _word(trail)
    if recipient is None:
        lines.append(f" id {identifier};")
    else:
        lines += [f" id {identifier}", f" for {path(recipient)};"]
    lines.append(f" {format_date(now)}")
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8")


def return_path_field(return_path: Address | None) -> bytes:
    """The Return-Path field with CRLF; ``None`` is the null path.

    Raises:
        ValueError: the address has control characters.
    """
    return f"Return-Path: {path(return_path)}\r\n".encode()


def count_received(header: bytes) -> int:
    """How many Received fields a header section has, to find loops (RFC 5321 §6.3)."""
    return len(_RECEIVED.findall(header))


def format_date(moment: datetime) -> str:
    """A date as RFC 5322 §3.3 writes it, in the zone of ``moment``.

    Raises:
        ValueError: ``moment`` is naive.
    """
    if moment.utcoffset() is None:
        raise ValueError("a date needs a time zone")
    return format_datetime(moment)


def path(address: Address | None) -> str:
    """The address in angle brackets; ``ValueError`` if it has control characters."""
    text = "" if address is None else str(address)
    if _CONTROLS.search(text):
        raise ValueError("control characters in an address")
    return f"<{text}>"


def clean_domain(name: str) -> str:
    """A host name or address literal with everything else replaced by ``?``; "unknown" if empty."""
    return _NOT_DOMAIN.sub("?", name[:255]) or "unknown"


def _tcp_info(ip: str) -> str:
    """The address literal of the client (RFC 5321 §4.1.3, §4.4)."""
    try:
        address = ip_address(ip.partition("%")[0])
    except ValueError:
        return ""
    return f" ([IPv6:{address}])" if address.version == 6 else f" ([{address}])"


def _word(text: str) -> str:
    return _NOT_WORD.sub("?", text[:100]) or "unknown"
