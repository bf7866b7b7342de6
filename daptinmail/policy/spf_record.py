"""Reading SPF records (RFC 7208 §4.5, §4.6, §5, §6, §12)."""

import re
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network

from attrs import frozen

MAX_TERMS = 200  # far beyond what fits into the limits of §4.6.4
MAX_TERM = 500  # characters; a name has 253
MAX_REMEMBERED = 1024  # octets of a record that is kept after reading

_VERSION = re.compile(rb"v=spf1(?: |$)", re.I)
_MODIFIER = re.compile(r"([A-Za-z][A-Za-z0-9\-_.]*)=(.*)")
_MECHANISM = re.compile(r"([+\-?~]?)([A-Za-z][A-Za-z0-9\-_.]*)(.*)")
_DUAL_CIDR = re.compile(r"(.*?)(?:/(0|[1-9]\d?))?(?://(0|[1-9]\d{0,2}))?")
_MACRO = r"%\{[slodiphcrtv](?:[1-9]\d*)?r?[.\-+,/_=]*\}|%%|%_|%-"
_MACRO_STRING = re.compile(rf"(?:{_MACRO}|[!-$&-~])*", re.I)
_SPACED_MACRO_STRING = re.compile(rf"(?:{_MACRO}|[ !-$&-~])*", re.I)
_TOP_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?")
_MACRO_END = re.compile(r"(?:%\{[^{}%]*\}|%[%_\-])\Z")
_ONLY_EXPLAINED = re.compile(r"%\{[crt]", re.I)

RESULTS = {"": "pass", "+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}


class SpfSyntax(ValueError):
    """Not an SPF record: permerror. The message says what is wrong with it."""


@frozen
class Mechanism:
    """One directive. ``result`` is what a match gives; ``domain`` is the unexpanded domain-spec, "" for none."""

    result: str
    name: str
    domain: str = ""
    network: IPv4Network | IPv6Network | None = None
    prefix4: int = 32
    prefix6: int = 128
    text: str = ""


@frozen
class SpfRecord:
    """What a domain publishes."""

    mechanisms: tuple[Mechanism, ...] = ()
    redirect: str | None = None


def is_spf(text: bytes) -> bool:
    """True for a TXT record that claims to be an SPF record of version 1 (§4.5)."""
    return _VERSION.match(text) is not None


def parse_spf(text: bytes) -> SpfRecord:
    """Read a record. Those of ordinary size are remembered: reading is most of the work of SPF, and providers' recur.

    Raises:
        SpfSyntax: any term is wrong, wherever it stands (§4.6).
    """
    return _remembered(text) if len(text) <= MAX_REMEMBERED else _parse(text)


def _parse(text: bytes) -> SpfRecord:
    if not text.isascii():
        raise SpfSyntax("the record is not ASCII")
    terms = [term for term in text.decode("ascii")[6:].split(" ") if term]
    if len(terms) > MAX_TERMS or max(map(len, terms), default=0) > MAX_TERM:
        raise SpfSyntax("the record has too many terms, or too long ones")
    mechanisms: list[Mechanism] = []
    seen: dict[str, str] = {}
    for term in terms:
        modifier = _MODIFIER.fullmatch(term)
        if modifier is None:
            mechanisms.append(_mechanism(term))
            continue
        name, value = modifier[1].lower(), modifier[2]
        _check_modifier(name, value, term)
        if name in {"redirect", "exp"} and name in seen:
            raise SpfSyntax(f"{name}= appears twice")
        seen[name] = value
    return SpfRecord(tuple(mechanisms), seen.get("redirect"))


_remembered = lru_cache(maxsize=512)(_parse)


def _check_modifier(name: str, value: str, term: str) -> None:
    if name in {"redirect", "exp"}:
        _check_domain(value, term)
    elif not _MACRO_STRING.fullmatch(value):
        raise SpfSyntax(f"bad macro in {term}")


def _check_domain(spec: str, term: str) -> None:
    """See that ``spec`` is a domain-spec (§7.1). The macros c, r and t are for explanations only (§7.2)."""
    if not _MACRO_STRING.fullmatch(spec) or not _ends_well(spec) or _ONLY_EXPLAINED.search(spec):
        raise SpfSyntax(f"bad domain in {term}")


def _ends_well(spec: str) -> bool:
    """``domain-end``: a macro, or a dot and a label that is no number (§7.1)."""
    if _MACRO_END.search(spec):
        return True
    _, dot, label = spec.removesuffix(".").rpartition(".")
    return bool(dot) and not label.isdigit() and _TOP_LABEL.fullmatch(label) is not None


def _mechanism(term: str) -> Mechanism:
    matched = _MECHANISM.fullmatch(term)
    read = matched and _READERS.get(matched[2].lower())
    if not matched or not read:
        raise SpfSyntax(f"unknown mechanism {term}")
    return read(RESULTS[matched[1]], matched[2].lower(), matched[3], term)


def _all(result: str, name: str, rest: str, term: str) -> Mechanism:
    if rest:
        raise SpfSyntax(f"bad {term}")
    return Mechanism(result, name, text=term)


def _with_domain(result: str, name: str, rest: str, term: str) -> Mechanism:
    """``include`` and ``exists``: the domain is needed, prefix lengths are not allowed."""
    if not rest.startswith(":"):
        raise SpfSyntax(f"{term} lacks a domain")
    _check_domain(rest[1:], term)
    return Mechanism(result, name, rest[1:], text=term)


def _ptr(result: str, name: str, rest: str, term: str) -> Mechanism:
    return _with_domain(result, name, rest, term) if rest else Mechanism(result, name, text=term)


def _addresses(result: str, name: str, rest: str, term: str) -> Mechanism:
    """``a`` and ``mx``: domain and prefix lengths, all optional."""
    matched = _DUAL_CIDR.fullmatch(rest)
    if matched is None:
        raise SpfSyntax(f"bad {term}")
    domain, four, six = matched[1], int(matched[2] or 32), int(matched[3] or 128)
    if domain:
        if not domain.startswith(":"):
            raise SpfSyntax(f"bad {term}")
        domain = domain[1:]
        _check_domain(domain, term)
    if four > 32 or six > 128:
        raise SpfSyntax(f"bad prefix length in {term}")
    return Mechanism(result, name, domain, prefix4=four, prefix6=six, text=term)


def _network(result: str, name: str, rest: str, term: str) -> Mechanism:
    """``ip4`` and ``ip6``."""
    address, slash, length = rest[1:].partition("/")
    if not rest.startswith(":") or (slash and not re.fullmatch(r"0|[1-9]\d{0,2}", length, re.A)):
        raise SpfSyntax(f"bad {term}")
    try:
        network = ip_network(rest[1:], strict=False)
    except ValueError:
        raise SpfSyntax(f"bad address in {term}") from None
    if network.version != int(name[2]) or "%" in address:
        raise SpfSyntax(f"bad address in {term}")
    return Mechanism(result, name, network=network, text=term)


_READERS = {
    "all": _all,
    "include": _with_domain,
    "exists": _with_domain,
    "ptr": _ptr,
    "a": _addresses,
    "mx": _addresses,
    "ip4": _network,
    "ip6": _network,
}
