"""The DNS record of a DKIM key (RFC 6376 §3.6.1)."""

import re
from base64 import b64decode

MAX_STRING = 255  # octets of one character-string, RFC 1035 §3.3
DEFAULT_SELECTOR = "d1"
TTL = 3600  # seconds

_RSA_ENCRYPTION = bytes.fromhex("06092a864886f70d010101")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?")


def parse_selector(text: str | None) -> str:
    """The selector to use: ``text`` (config ``mail.dkim_selector``) if it is one valid label, else the default."""
    selector = (text or "").strip().strip('"').lower()
    return selector if _LABEL.fullmatch(selector) else DEFAULT_SELECTOR


def record_name(selector: str, domain: str) -> str:
    """Owner name of the TXT record."""
    return f"{selector}._domainkey.{domain}"


def is_rsa_public_key(public_key_pem: str) -> bool:
    """True for RSA in SubjectPublicKeyInfo: only such a key goes with ``k=rsa`` (RFC 6376 §3.6.1)."""
    # The DER begins with the algorithm; 1.2.840.113549.1.1.1 is rsaEncryption (RFC 3279 §2.3.1).
    lines = [line.strip() for line in public_key_pem.strip().splitlines() if not line.startswith("-")]
    try:
        return _RSA_ENCRYPTION in b64decode("".join(lines), validate=True)[:32]
    except ValueError:
        return False


def record_text(public_key_pem: str) -> str:
    """The record's text: the tags with the public key."""
    lines = public_key_pem.strip().splitlines()
    return "v=DKIM1; k=rsa; p=" + "".join(line.strip() for line in lines if not line.startswith("-"))


def read_tags(text: str) -> dict[str, str]:
    """A tag list (RFC 6376 §3.2) with names in lower case and values without white space."""
    pairs = [pair.partition("=") for pair in text.split(";")]
    return {name.strip().lower(): "".join(value.split()) for name, _, value in pairs if name.strip()}


def zone_line(name: str, text: str) -> str:
    """A line for a zone file, the text split into strings of at most 255 octets (RFC 1035 §5.1)."""
    pieces = [text[start : start + MAX_STRING] for start in range(0, len(text), MAX_STRING)]
    strings = " ".join('"' + piece.replace("\\", "\\\\").replace('"', '\\"') + '"' for piece in pieces)
    return f"{name.rstrip('.')}. {TTL} IN TXT ({strings})"
