"""Keys of signers as DNS publishes them (RFC 6376 §3.6.1, §6.1.2; RFC 8301; RFC 8463)."""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Sequence

from attrs import frozen
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.serialization import load_der_public_key
from dkim.util import InvalidTagValueList, parse_tag_value

from daptinmail.dkim.tags import BadSignature
from daptinmail.errors import NotFound, Unavailable
from daptinmail.interfaces.transfer import IResolver
from daptinmail.mail.dkim_record import record_name

MIN_BITS = 1024  # RFC 8301 §3.2
MAX_BITS = 8192  # a longer one would cost the verifier more than the signer


@frozen
class KeyRecord:
    """A key record. ``testing`` and ``exact`` are the flags y and s of ``t=``."""

    key: RSAPublicKey | Ed25519PublicKey
    testing: bool = False
    exact: bool = False

    def verify(self, algorithm: str, signature: bytes, data: bytes) -> bool:
        """Is this the signature of ``data``? Costs CPU time.

        Raises:
            BadSignature: the key is of another kind.
        """
        try:
            if isinstance(self.key, RSAPublicKey) and algorithm == "rsa-sha256":
                self.key.verify(signature, data, PKCS1v15(), SHA256())
            elif isinstance(self.key, Ed25519PublicKey) and algorithm == "ed25519-sha256":
                digest = Hash(SHA256())  # The hash itself is what is signed (RFC 8463 §3).
                digest.update(data)
                self.key.verify(signature, digest.finalize())
            else:
                raise BadSignature("permerror", "the key is of another kind than the signature")
        except InvalidSignature:
            return False
        return True


async def fetch_key(resolver: IResolver, selector: str, domain: str) -> Sequence[bytes] | BadSignature:
    """The TXT records where the key should be, or why there are none. Never raises for DNS."""
    try:
        texts = await resolver.texts(record_name(selector, domain))
    except NotFound:
        texts = []
    except Unavailable:
        return BadSignature("temperror", "DNS does not answer")
    return texts or BadSignature("permerror", "no key")


def read_key(texts: Sequence[bytes]) -> KeyRecord:
    """The first key among TXT records.

    Raises:
        BadSignature: none can be used, for the reason of the first one.
    """
    refusal = BadSignature("permerror", "no key")
    for number, text in enumerate(texts):
        try:
            return _read(text)
        except BadSignature as error:
            refusal = error if number == 0 else refusal
    raise refusal


def _read(text: bytes) -> KeyRecord:
    try:
        values = parse_tag_value(text)
    except (InvalidTagValueList, IndexError):
        raise BadSignature("permerror", "the key record cannot be read") from None
    if values.get(b"v", b"DKIM1") != b"DKIM1":
        raise BadSignature("permerror", "the key record is of another version")
    if b"p" not in values:
        raise BadSignature("permerror", "no key in the key record")
    if not values[b"p"]:
        raise BadSignature("permerror", "the key is revoked")
    if not _allows(values.get(b"s", b"*"), b"email") or not _allows(values.get(b"h", b"*"), b"sha256"):
        raise BadSignature("permerror", "the key is not for mail with SHA-256")
    flags = [flag.strip() for flag in values.get(b"t", b"").split(b":")]
    return KeyRecord(_load(values.get(b"k", b"rsa").lower(), values[b"p"]), b"y" in flags, b"s" in flags)


def _allows(listed: bytes, wanted: bytes) -> bool:
    return not {wanted, b"*"}.isdisjoint(one.strip().lower() for one in listed.split(b":"))


def _load(kind: bytes, text: bytes) -> RSAPublicKey | Ed25519PublicKey:
    try:
        octets = b64decode(b"".join(text.split()), validate=True)
        if kind == b"ed25519":
            return Ed25519PublicKey.from_public_bytes(octets)
        key = load_der_public_key(octets) if kind == b"rsa" else None
    except (Base64Error, ValueError, UnsupportedAlgorithm):
        raise BadSignature("permerror", "the key cannot be read") from None
    if not isinstance(key, RSAPublicKey):
        raise BadSignature("permerror", "the key is of an unknown kind")
    if key.key_size < MIN_BITS:
        raise BadSignature("policy", f"the key has only {key.key_size} bits")
    if key.key_size > MAX_BITS:
        raise BadSignature("policy", f"the key has more than {MAX_BITS} bits")
    return key
