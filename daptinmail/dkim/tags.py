"""Signature fields: their tags, and the octets that they sign (RFC 6376 §3.5, §3.7, §6.1.1; RFC 8617 §4.1)."""

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping, Sequence

from attrs import frozen
from dkim.canonicalization import Relaxed
from dkim.util import InvalidTagValueList, parse_tag_value

from daptinmail.mail.header import MAX_FIELDS, find_fields
from daptinmail.mail.hostname import to_ascii

ALGORITHMS = frozenset({b"rsa-sha256", b"ed25519-sha256"})  # RFC 8301 §3, RFC 8463 §3
CLOCK_SKEW = 3600  # seconds that the clocks of others may be wrong
MAX_NUMBER = 15  # digits
MAX_FIELD = 1 << 15  # octets of a signature field
MAX_TAGS = 100

_BLANKS = re.compile(rb"[ \t\r\n]+")
_DNS_NAME = re.compile(r"[a-z0-9_](?:[a-z0-9_\-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_\-]{0,61}[a-z0-9_])?)*")


class BadSignature(Exception):
    """This signature counts for nothing; ``result`` is the word of RFC 8601 §2.7.1."""

    def __init__(self, result: str, reason: str) -> None:
        super().__init__(reason)
        self.result = result
        self.reason = reason


@frozen
class HeaderField:
    """One field: ``name`` in lower case, ``raw`` as it stands in the message, with CRLF."""

    name: bytes
    raw: bytes

    @property
    def value(self) -> bytes:
        """What follows the colon."""
        return self.raw.partition(b":")[2]


@frozen
class Tags:
    """The tags of one signature field that all kinds share."""

    field: HeaderField
    values: Mapping[bytes, bytes]
    algorithm: str
    domain: str
    selector: str
    signature: bytes

    def number(self, name: bytes) -> int | None:
        """A tag that holds a decimal number, ``None`` without one."""
        text = self.values.get(name)
        if text is None:
            return None
        if not text.isdigit() or len(text) > MAX_NUMBER:
            raise BadSignature("neutral", f"{name.decode()}= is not a number")
        return int(text)


@frozen
class MessageTags:
    """What DKIM-Signature and ARC-Message-Signature add: which fields they sign, and the body."""

    tags: Tags
    signed: tuple[bytes, ...]
    relaxed_header: bool
    relaxed_body: bool
    body_hash: bytes
    length: int | None


def header_fields(header: bytes) -> list[HeaderField]:
    """The fields of a header section, the first on top; no more than ``MAX_FIELDS``."""
    found = []
    for one in find_fields(header):
        raw = header[one.start : one.end]
        found.append(HeaderField(one.name.lower(), raw if raw.endswith(b"\r\n") else raw.rstrip(b"\r\n") + b"\r\n"))
        if len(found) >= MAX_FIELDS:
            break
    return found


def read_tags(field: HeaderField, needed: Sequence[bytes]) -> Tags:
    """The tags of a field, all of ``needed`` among them.

    Raises:
        BadSignature: it cannot be read, or uses what may not be used any more.
    """
    if len(field.raw) > MAX_FIELD or field.raw.count(b";") > MAX_TAGS:
        raise BadSignature("neutral", "the field is too long")
    try:
        values = dict(parse_tag_value(_BLANKS.sub(b" ", field.value)))
    except (InvalidTagValueList, IndexError):
        raise BadSignature("neutral", "the field cannot be read") from None
    for name in needed:
        if not values.get(name):
            raise BadSignature("neutral", f"{name.decode()}= is missing")
    domain, selector = _dns_name(values[b"d"], "d"), _dns_name(values[b"s"], "s")
    algorithm = values[b"a"].lower()
    if algorithm not in ALGORITHMS:
        known = algorithm.startswith((b"rsa-", b"ed25519-"))
        raise BadSignature("policy" if known else "neutral", f"{_shown(algorithm)} is not accepted")
    return Tags(field, values, algorithm.decode(), domain, selector, _base64(values[b"b"], "b"))


def read_message_tags(tags: Tags) -> MessageTags:
    """What a signature over a message says of header and body.

    Raises:
        BadSignature: it cannot be read.
    """
    header, slash, body = tags.values.get(b"c", b"simple/simple").lower().partition(b"/")
    body = body if slash else b"simple"
    if not {header, body} <= {b"simple", b"relaxed"}:
        raise BadSignature("neutral", "c= is unknown")
    signed = tuple(name.strip().lower() for name in tags.values[b"h"].split(b":"))
    body_hash = _base64(tags.values[b"bh"], "bh")
    return MessageTags(tags, signed, header == b"relaxed", body == b"relaxed", body_hash, tags.number(b"l"))


def check_dkim(read: MessageTags, now: int) -> None:
    """What DKIM-Signature asks for beyond its form (RFC 6376 §3.5, §6.1.1). ``now`` is seconds since the epoch.

    Raises:
        BadSignature: it is expired, or says what it may not.
    """
    values = read.tags.values
    if values[b"v"] != b"1":
        raise BadSignature("neutral", "v= is not 1")
    if b"from" not in read.signed:
        raise BadSignature("permerror", "From is not signed")
    if b"dns/txt" not in [one.strip() for one in values.get(b"q", b"dns/txt").lower().split(b":")]:
        raise BadSignature("neutral", "q= is unknown")
    identity = _identity_domain(values.get(b"i", b""))
    if identity and identity != read.tags.domain and not identity.endswith("." + read.tags.domain):
        raise BadSignature("permerror", "i= is not within d=")
    check_times(read.tags, now)


def check_times(tags: Tags, now: int) -> None:
    """See that a signature is of the past and not expired.

    Raises:
        BadSignature: it is not.
    """
    signed, expires = tags.number(b"t"), tags.number(b"x")
    if signed is not None and signed > now + CLOCK_SKEW:
        raise BadSignature("permerror", "signed in the future")
    if expires is None:
        return
    if signed is not None and expires <= signed:
        raise BadSignature("permerror", "x= is before t=")
    if expires < now - CLOCK_SKEW:
        raise BadSignature("permerror", "signature expired")


def select(fields: Sequence[HeaderField], names: Sequence[bytes]) -> list[HeaderField]:
    """The fields that ``h=`` means: each name takes the lowest one not yet taken (RFC 6376 §5.4.2)."""
    left: dict[bytes, list[HeaderField]] = {}
    for field in fields:
        left.setdefault(field.name, []).append(field)
    chosen = []
    for name in names:
        rest = left.get(name)
        if rest:
            chosen.append(rest.pop())
    return chosen


def canonical_header(fields: Sequence[HeaderField], last: HeaderField, relaxed: bool) -> bytes:
    """The octets that are signed: the fields, then the signature field itself without its signature (§3.7)."""
    unsigned = HeaderField(last.name, without_signature(last.raw))
    lines = [*fields, unsigned]
    if not relaxed:
        return b"".join(line.raw for line in lines).removesuffix(b"\r\n")
    canonical = Relaxed.canonicalize_headers([(line.name, line.value) for line in lines])
    return b"".join([b"%b:%b" % pair for pair in canonical]).removesuffix(b"\r\n")


def without_signature(raw: bytes) -> bytes:
    """A signature field with nothing behind ``b=`` (§3.5)."""
    name, colon, value = raw.partition(b":")
    specs = value.split(b";")
    for position, spec in enumerate(specs):
        before, equals, _ = spec.partition(b"=")
        if equals and before.strip(b" \t\r\n") == b"b":
            specs[position] = before + b"="
    return name + colon + b";".join(specs)


def _identity_domain(identity: bytes) -> str:
    """The domain of ``i=``, whose local part may be quoted-printable (§2.11)."""
    domain = identity.rpartition(b"@")[2]
    return _dns_name(domain, "i") if domain else ""


def _dns_name(value: bytes, tag: str) -> str:
    try:
        name = to_ascii(value.decode("utf-8").strip().removesuffix(".").lower())
    except (UnicodeDecodeError, ValueError):
        name = ""
    if len(name) > 253 or not _DNS_NAME.fullmatch(name):
        raise BadSignature("neutral", f"{tag}= is not a domain name")
    return name


def _base64(value: bytes, tag: str) -> bytes:
    try:
        return b64decode(value.replace(b" ", b""), validate=True)
    except (Base64Error, ValueError):
        raise BadSignature("neutral", f"{tag}= is not base64") from None


def _shown(value: bytes) -> str:
    return value[:30].decode("ascii", "replace")
