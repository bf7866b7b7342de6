"""ENVELOPE, BODY and BODYSTRUCTURE as IMAP sends them, rendered once when a message arrives (RFC 9051 §7.5.2)."""

import re

from daptinmail.mail.addresslist import ListedAddress
from daptinmail.mail.header import HeaderSection
from daptinmail.mail.parameters import Parameters
from daptinmail.mail.structure import DEFAULT_TEXT, MESSAGES, Part

MAX_QUOTED = 1000  # octets; longer strings go as literals
MAX_STRING = 1 << 15  # octets of one string that are shown

MAX_TAGS = 100  # of Content-Language

# What a quoted string may hold without an escape (RFC 9051 §9, QUOTED-CHAR).
_PLAIN = re.compile(rb"[ !#-\[\]-~]*")
_QUOTABLE = re.compile(rb"[\x01-\x09\x0b\x0c\x0e-\x7f]*")
_SPECIAL = re.compile(rb'(["\\])')
_NO_ENVELOPE = b"(" + b" ".join([b"NIL"] * 10) + b")"
_NO_TEXT = b'("text" "plain" NIL NIL NIL "7bit" 0 0)'
_OPAQUE = ("application", "octet-stream")


def string(value: bytes | None) -> bytes:
    """An nstring: NIL, quoted, or a literal where RFC 9051 §4.3 wants one. NUL cannot be sent and is dropped."""
    if value is None:
        return b"NIL"
    size = len(value)
    if size <= MAX_QUOTED:
        if _PLAIN.fullmatch(value):
            return b'"%b"' % value
        if _QUOTABLE.fullmatch(value):
            return b'"%b"' % _SPECIAL.sub(rb"\\\1", value)
    value = value[:MAX_STRING].replace(b"\0", b"")
    return b"{%d}\r\n%b" % (len(value), value)


def render_envelope(header: bytes | HeaderSection) -> bytes:
    """ENVELOPE of a header section. Sender and Reply-To default to From."""
    section = header if isinstance(header, HeaderSection) else HeaderSection(header)
    first = section.first
    sender = _addresses(section, b"from")
    return b"(%b %b %b %b %b %b %b %b %b %b)" % (
        string(first(b"date")),
        string(first(b"subject")),
        sender,
        _addresses(section, b"sender", sender),
        _addresses(section, b"reply-to", sender),
        _addresses(section, b"to"),
        _addresses(section, b"cc"),
        _addresses(section, b"bcc"),
        string(first(b"in-reply-to")),
        string(first(b"message-id")),
    )


def render_structures(part: Part) -> tuple[bytes, bytes]:
    """BODY, without extension data, and BODYSTRUCTURE, with it."""
    rendered: dict[int, tuple[bytes, bytes]] = {}
    for one in reversed(list(part.walk())):  # what is inside comes first
        rendered[id(one)] = _multipart(one, rendered) if one.children else _single(one, rendered)
    return rendered[id(part)]


def _single(part: Part, rendered: dict[int, tuple[bytes, bytes]]) -> tuple[bytes, bytes]:
    fields = _media(part)
    extension = b" %b %b" % (string(part.md5), _extension(part))
    if part.media_type in MESSAGES and not part.opaque:
        inner = part.message
        envelope = _NO_ENVELOPE if inner is None else render_envelope(inner.header)
        body, structure = (_NO_TEXT, _NO_TEXT) if inner is None else rendered.pop(id(inner))
        plain = b"(%b %b %b %d)" % (fields, envelope, body, part.lines)
        return plain, b"(%b %b %b %d%b)" % (fields, envelope, structure, part.lines, extension)
    if part.type == "text":
        fields += b" %d" % part.lines
    return b"(%b)" % fields, b"(%b%b)" % (fields, extension)


def _addresses(section: HeaderSection, name: bytes, default: bytes = b"NIL") -> bytes:
    listed = section.addresses(name)
    return b"(%b)" % b"".join(map(_address, listed)) if listed else default


def _address(one: ListedAddress) -> bytes:
    return b"(%b %b %b %b)" % (string(one.name), string(one.route), string(one.mailbox), string(one.host))


def _multipart(part: Part, rendered: dict[int, tuple[bytes, bytes]]) -> tuple[bytes, bytes]:
    children = [rendered.pop(id(child)) for child in part.children]
    subtype = string(part.subtype.encode("latin-1"))
    body = b"(%b %b)" % (b"".join([plain for plain, _ in children]), subtype)
    structure = b"".join([extended for _, extended in children])
    return body, b"(%b %b %b %b)" % (structure, subtype, _parameters(part.parameters), _extension(part))


def _media(part: Part) -> bytes:
    """Type, subtype, parameters, id, description, encoding, size: the body-fields."""
    kind, subtype = _OPAQUE if part.opaque else (part.type, part.subtype)
    return b"%b %b %b %b %b %b %d" % (
        string(kind.encode("latin-1")),
        string(subtype.encode("latin-1")),
        _parameters(part.parameters),
        string(part.id),
        string(part.description),
        string(part.encoding.encode("latin-1")),
        part.size,
    )


def _extension(part: Part) -> bytes:
    """Disposition, language, location: the end of body-ext-1part and body-ext-mpart."""
    disposition = b"NIL"
    if part.disposition is not None:
        disposition = b"(%b %b)" % (string(part.disposition), _parameters(part.disposition_parameters))
    return b"%b %b %b" % (disposition, _language(part.language), string(part.location))


def _language(value: bytes | None) -> bytes:
    """One tag, or a list of tags (RFC 3282)."""
    tags = [tag.strip() for tag in (value or b"").split(b",", MAX_TAGS)[:MAX_TAGS] if tag.strip()]
    if len(tags) > 1:
        return b"(%b)" % b" ".join(map(string, tags))
    return string(tags[0]) if tags else b"NIL"


def _parameters(parameters: Parameters) -> bytes:
    if parameters is DEFAULT_TEXT:
        return b'("charset" "us-ascii")'
    if not parameters:
        return b"NIL"
    return b"(%b)" % b" ".join([b"%b %b" % (string(name), string(value)) for name, value in parameters])
