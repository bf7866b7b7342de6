"""XCLIENT: a proxy in front of us tells who the client really is.

Accepted only when the server's ``xclient_on`` is set *and* the proxy stands at a loopback, private (RFC 1918) or
unique local (RFC 4193) address: otherwise anybody on the Internet could choose the address to be judged by.
"""

import ipaddress
import re

from daptinmail.smtp import replies
from daptinmail.smtp.session import HELO_NAME, Answer, Session

_TRUSTED = tuple(
    ipaddress.ip_network(network)
    for network in ("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
)
_IGNORED = {"NAME", "PORT", "PROTO", "DESTADDR", "DESTPORT"}
_UNKNOWN = {"[UNAVAILABLE]", "[TEMPUNAVAIL]"}


def normalized(ip: str) -> str:
    """The address without an IPv6 zone, and IPv4 addresses as IPv4; ``ip`` itself if it is no address."""
    try:
        address = ipaddress.ip_address(ip.partition("%")[0])
    except ValueError:
        return ip
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def permitted(session: Session) -> bool:
    """May this peer use XCLIENT?"""
    try:
        address = ipaddress.ip_address(session.peer)
    except ValueError:
        return False
    return session.server.xclient_on and any(address in network for network in _TRUSTED)


def xclient(session: Session, argument: bytes) -> Answer:
    """Take ADDR and HELO; names that we have no use for are ignored, LOGIN and unknown ones refused."""
    if not permitted(session):
        return Answer(replies.XCLIENT_DENIED)
    if session.envelope is not None or session.account is not None:
        return Answer(replies.NOT_NOW)
    try:
        given = _read(argument.decode("ascii"))
        ip = _address(given["ADDR"]) if "ADDR" in given else session.ip
    except ValueError:
        return Answer(replies.BAD_XCLIENT)
    session.ip = ip
    session.greet(given.get("HELO", ""), session.extended)
    return Answer(replies.greeting(session.server.hostname))


def _read(text: str) -> dict[str, str]:
    given = {}
    for word in text.split(" "):
        name, equals, value = word.partition("=")
        name = name.upper()
        if not equals or not value or name not in {"ADDR", "HELO"} | _IGNORED:
            raise ValueError("bad attribute")
        given[name] = _decode(value)
    return {name: value for name, value in given.items() if value.upper() not in _UNKNOWN}


def _decode(xtext: str) -> str:
    text = re.sub(r"\+([0-9A-Fa-f]{2})", lambda match: chr(int(match[1], 16)), xtext)
    if not HELO_NAME.fullmatch(text.encode()):
        raise ValueError("bad xtext")
    return text


def _address(text: str) -> str:
    bare = text[5:] if text.upper().startswith("IPV6:") else text
    ipaddress.ip_address(bare)
    return normalized(bare)
