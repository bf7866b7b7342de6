"""SCRAM's keys (RFC 5802 §3): made when a password is set, compared by HMAC alone when somebody logs in."""

import hashlib
import hmac
from base64 import b64decode, b64encode

from daptinmail.interfaces.credentials import ScramKeys, ScramProof
from daptinmail.sasl.saslprep import saslprep

DIGESTS = ("sha256", "sha1")
MIN_ITERATIONS = 4096
"""RFC 7677 §4, RFC 5802 §5.1."""
SALT_LENGTH = 16

_NAMES = {"sha256": "SCRAM-SHA-256", "sha1": "SCRAM-SHA-1"}


def make_keys(password: str, digest: str, salt: bytes, iterations: int) -> ScramKeys:
    """The keys of a password. Slow on purpose: call in a thread.

    Raises:
        ValueError: the password has no prepared form (RFC 5802 §5.1, RFC 4013), or too few iterations.
    """
    if iterations < MIN_ITERATIONS:
        raise ValueError("too few iterations")
    prepared = saslprep(password, stored=True).encode()
    if not prepared:
        raise ValueError("an empty password")
    salted = hashlib.pbkdf2_hmac(digest, prepared, salt, iterations)
    client_key = hmac.digest(salted, b"Client Key", digest)
    stored_key = hashlib.new(digest, client_key).digest()
    return ScramKeys(digest, salt, iterations, stored_key, hmac.digest(salted, b"Server Key", digest))


def is_proved(proof: ScramProof, keys: ScramKeys) -> bool:
    """True if ``proof`` was made with the password behind ``keys``, and they are the keys that the client was shown."""
    signature = hmac.digest(keys.stored_key, proof.message, keys.digest)
    if len(proof.proof) != len(signature):
        return False
    client_key = bytes(a ^ b for a, b in zip(proof.proof, signature, strict=True))
    right = hmac.compare_digest(hashlib.new(keys.digest, client_key).digest(), keys.stored_key)
    return right and keys == proof.keys


def server_signature(keys: ScramKeys, message: bytes) -> bytes:
    """What proves to the client that we know the password too."""
    return hmac.digest(keys.server_key, message, keys.digest)


def to_text(keys: ScramKeys) -> str:
    """As kept in the database: the form of RFC 5803 §2."""
    salt, stored_key, server_key = (b64encode(part).decode() for part in (keys.salt, keys.stored_key, keys.server_key))
    return f"{_NAMES[keys.digest]}${keys.iterations}:{salt}${stored_key}:{server_key}"


def from_text(text: str, digest: str) -> ScramKeys:
    """What ``to_text`` wrote.

    Raises:
        ValueError: something else, or of another digest.
    """
    name, work, made = text.split("$")
    iterations, salt = work.split(":")
    stored_key, server_key = made.split(":")
    if name != _NAMES[digest]:
        raise ValueError("keys of another digest")
    return ScramKeys(digest, b64decode(salt), int(iterations), b64decode(stored_key), b64decode(server_key))


def nobodys_keys(secret: bytes, username: str, digest: str, iterations: int) -> ScramKeys:
    """Keys for a name that has none: always the same for one name, and nothing can be proved against them."""

    def derived(purpose: str) -> bytes:
        return hmac.digest(secret, f"{purpose}\0{digest}\0{username}".encode(), digest)

    salt = derived("scram salt")[:SALT_LENGTH]
    return ScramKeys(digest, salt, iterations, derived("scram stored key"), derived("scram server key"))
