"""Signed messages for the verifier: by dkimpy, and by hand where dkimpy would not sign so."""

from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from typing import Any

import dkim
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from dkim.canonicalization import CanonicalizationPolicy

from tests.dkim.support import pem_of, rsa_key

MESSAGE = (
    b"Received: from a by b; Fri, 02 Jan 2026 03:04:05 +0000\r\n"
    b"From: Ann <ann@example.test>\r\nTo: bob@example.net\r\nSubject:  Tea  \r\n\tand cake\r\n"
    b"Date: Fri, 02 Jan 2026 03:04:05 +0000\r\nMessage-ID: <1@example.test>\r\n\r\nAt  five.  \r\n\r\n\r\n"
)
SIGNED = (b"from", b"to", b"subject", b"date")


@cache
def ed25519_key() -> Ed25519PrivateKey:
    """One key for all tests."""
    return Ed25519PrivateKey.generate()


def key_record(key: RSAPrivateKey | Ed25519PrivateKey | None = None, extra: str = "v=DKIM1") -> bytes:
    """What DNS says of a key; ``extra`` stands in front."""
    key = key or rsa_key()
    if isinstance(key, Ed25519PrivateKey):
        octets, kind = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw), "ed25519"
    else:
        octets, kind = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), "rsa"
    return f"{extra}; k={kind}; p=".encode() + b64encode(octets)


def by_dkimpy(message: bytes = MESSAGE, **options: Any) -> bytes:
    """The message with a signature of dkimpy for example.test, selector d1."""
    if options.get("signature_algorithm") == b"ed25519-sha256":
        seed = ed25519_key().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        key = b64encode(seed)
    else:
        key = pem_of(rsa_key())
    field: bytes = dkim.sign(message, b"d1", b"example.test", key, **options)
    return field + message


def sealed(message: bytes, instance: int = 1, results: bytes = b"dkim=pass") -> bytes:
    """The message with one more ARC set, by dkimpy, of the host ``mx<instance>.test``."""
    host = b"mx%d.test" % instance
    chain = b"; arc=pass" if instance > 1 else b""
    stamped = b"Authentication-Results: " + host + b"; " + results + chain + b"\r\n" + message
    lines: list[bytes] = dkim.arc_sign(
        stamped, b"arc", host, pem_of(rsa_key()), host, include_headers=list(SIGNED), timestamp=1_767_000_000
    )
    return b"".join(lines) + stamped


def by_hand(
    message: bytes = MESSAGE,
    signed: Sequence[bytes] = SIGNED,
    key: RSAPrivateKey | None = None,
    c: str = "relaxed/relaxed",
    **tags: str,
) -> bytes:
    """The message with a signature that has these tags, whatever they say; ``tags`` replace the usual ones."""
    header, _, body = message.partition(b"\r\n\r\n")
    policy = CanonicalizationPolicy.from_c_value(c.encode())
    canonical = policy.canonicalize_body(body)
    if tags.get("l", "").isdigit():
        canonical = canonical[: int(tags["l"])]
    usual = {"v": "1", "a": "rsa-sha256", "c": c, "d": "example.test", "s": "d1", "h": b":".join(signed).decode()}
    usual["bh"] = b64encode(sha256(canonical).digest()).decode()
    text = "; ".join(f"{name}={value}" for name, value in {**usual, **tags}.items() if value)
    unsigned = b" " + text.encode() + b"; b="
    unfolded = header.replace(b"\r\n\t", b"\0").split(b"\r\n")
    fields = [[part.replace(b"\0", b"\r\n\t") for part in line.split(b":", 1)] for line in unfolded]
    chosen = dkim.select_headers([(name, value + b"\r\n") for name, value in fields], list(signed))
    lines = policy.canonicalize_headers([*chosen, (b"DKIM-Signature", unsigned)])
    data = b"".join(name + b":" + value for name, value in lines).removesuffix(b"\r\n")
    signature = b64encode((key or rsa_key()).sign(data, PKCS1v15(), SHA256()))
    return b"DKIM-Signature:" + unsigned + signature + b"\r\n" + message
