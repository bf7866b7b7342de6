"""Macro expansion in SPF records (RFC 7208 §7)."""

import re
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import quote

MAX_NAME = 253  # octets of a domain name as text

_MACRO = re.compile(r"%(?:\{([a-z])(\d*)(r?)([.\-+,/_=]*)\}|([%_\-]))", re.I)
_LITERAL = {"%": "%", "_": " ", "-": "%20"}


def letters(ip: IPv4Address | IPv6Address, local: str, sender_domain: str, helo: str) -> dict[str, str]:
    """What the macro letters stand for, without ``d``, which changes on the way, and ``p``, which asks DNS."""
    dotted = str(ip) if ip.version == 4 else ".".join(f"{int(ip):032x}")
    return {
        "s": f"{local}@{sender_domain}",
        "l": local,
        "o": sender_domain,
        "i": dotted,
        "v": "in-addr" if ip.version == 4 else "ip6",
        "h": helo,
    }


def uses_validated_name(spec: str) -> bool:
    """True if ``%{p}`` occurs, for which DNS has to be asked."""
    return "%{p" in spec.lower()


def expand_domain(spec: str, values: Mapping[str, str]) -> str:
    """The name that a domain-spec means; labels are cut from the left until it fits DNS (§7.3)."""
    name = _MACRO.sub(lambda match: _expand(match, values), spec).removesuffix(".")
    if len(name) <= MAX_NAME:
        return name
    return name[name.find(".", len(name) - MAX_NAME - 1) + 1 :]


def _expand(match: "re.Match[str]", values: Mapping[str, str]) -> str:
    letter, digits, reverse, delimiters, literal = match.groups()
    if literal:
        return _LITERAL[literal]
    value = values[letter.lower()]
    if digits or reverse or delimiters:
        parts = re.split(f"[{re.escape(delimiters or '.')}]", value)
        if reverse:
            parts.reverse()
        if digits:
            parts = parts[-int(digits) :] if int(digits) < len(parts) else parts
        value = ".".join(parts)
    return quote(value, safe="-._~") if letter.isupper() else value
