"""Mailbox names and account directories, and what they are called on disk. Pure.

A mailbox ``Work/Old.stuff`` is the Maildir++ folder ``.Work.Old&AC4-stuff``: modified UTF-7 (RFC 3501 §5.1.3), as
other Maildir++ tools write it, in which the delimiter ``.`` inside a component is shifted to base64 too.
"""

import base64
import binascii
import re
import unicodedata
from hashlib import sha256

from daptinmail.errors import Invalid
from daptinmail.mail.address import Address, BadAddress

DELIMITER = "/"
INBOX = "INBOX"
MAX_NAME = 1000  # characters: width of the column
MAX_DIRECTORY = 255  # octets: NAME_MAX of the usual file systems
MAX_DEPTH = 50

_FORBIDDEN = frozenset({"Cc", "Cs", "Zl", "Zp"})  # RFC 9051 §5.1, RFC 5198 §2
_SHIFTED = re.compile(r"&|[^\x20-\x7e.]+|\.+")
_ENCODED = re.compile(r"&([A-Za-z0-9+,]*)-")
_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-_+=~.@")


def normal_name(name: str) -> str:
    """The one spelling of a mailbox name: NFC, INBOX in capitals.

    Raises:
        Invalid: empty or too long, a bad component, too deep, or characters that no name may have.
    """
    name = unicodedata.normalize("NFC", name)
    if not name or len(name) > MAX_NAME:
        raise Invalid(fields={"name": f"must have 1 to {MAX_NAME} characters"})
    if name.startswith("#"):
        raise Invalid(fields={"name": "must not begin with #"})  # RFC 9051 §5.1.2.1
    if any(unicodedata.category(character) in _FORBIDDEN for character in name):
        raise Invalid(fields={"name": "must not contain control characters"})
    components = name.split(DELIMITER)
    if len(components) > MAX_DEPTH:
        raise Invalid(fields={"name": f"must not be deeper than {MAX_DEPTH} levels"})
    if any(component in {"", ".", ".."} for component in components):
        raise Invalid(fields={"name": "has an empty, . or .. component"})
    if components[0].upper() == INBOX:
        components[0] = INBOX
    name = DELIMITER.join(components)
    if len(directory_name(name).encode()) > MAX_DIRECTORY:
        raise Invalid(fields={"name": "is too long"})
    return name


def parents(name: str) -> list[str]:
    """The names above ``name``, outermost first."""
    components = name.split(DELIMITER)
    return [DELIMITER.join(components[:depth]) for depth in range(1, len(components))]


def in_order(name: str) -> tuple[bool, str]:
    """Sort key: INBOX first, then by name."""
    return name != INBOX, name


def directory_name(name: str) -> str:
    """The Maildir++ folder of a normal name, ``""`` for INBOX."""
    if name == INBOX:
        return ""
    return "." + ".".join(_SHIFTED.sub(_shift, component) for component in name.split(DELIMITER))


def name_of_directory(directory: str) -> str | None:
    """The mailbox name of a folder's directory; ``None`` if it is not the directory of any name."""
    if not directory:
        return INBOX
    try:
        components = [_ENCODED.sub(_unshift, component) for component in directory.removeprefix(".").split(".")]
        name = normal_name(DELIMITER.join(components))
    except (Invalid, UnicodeError, binascii.Error):
        return None
    return name if directory_name(name) == directory else None


def account_directory(address: Address) -> str:
    """``<domain>/<local part>`` with everything unusual escaped; alike for all spellings of one address."""
    try:
        domain = address.ascii_domain
    except BadAddress:
        domain = address.domain
    return f"{_escaped(domain)}/{_escaped(address.local)}"


def _shift(match: re.Match[str]) -> str:
    """Modified base64 (RFC 3501 §5.1.3) of a run of characters."""
    run = match.group()
    if run == "&":
        return "&-"
    encoded = base64.b64encode(run.encode("utf-16-be")).decode("ascii")
    return f"&{encoded.rstrip('=').replace('/', ',')}-"


def _unshift(match: re.Match[str]) -> str:
    """The characters of one shifted run."""
    encoded = match.group(1)
    if not encoded:
        return "&"
    padded = encoded.replace(",", "/") + "=" * (-len(encoded) % 4)
    return base64.b64decode(padded).decode("utf-16-be")


def _escaped(text: str) -> str:
    """A file name for ``text``: lower case, octets outside a small set as ``%XX``, never hidden, never too long."""
    octets = unicodedata.normalize("NFC", text).lower().encode("utf-8", "surrogatepass")
    escaped = "".join(chr(octet) if octet in _PLAIN else f"%{octet:02X}" for octet in octets)
    if escaped.startswith("."):
        escaped = "%2E" + escaped[1:]
    if not escaped or len(escaped) > MAX_DIRECTORY:
        escaped = f"{escaped[:100]}%%{sha256(octets).hexdigest()}"
    return escaped
