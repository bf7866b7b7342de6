"""Private keys that sign, loaded once. Loading checks the primes, which costs more than signing."""

from hashlib import sha256

from attrs import define, field
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key


class Unsignable(ValueError):
    """This content or key cannot give a signature; the text is for the log."""


@define(eq=False)
class PrivateKeys:
    """Up to ``max_keys`` stay loaded. Used in threads."""

    max_keys: int = 64
    _loaded: dict[bytes, RSAPrivateKey | Ed25519PrivateKey] = field(init=False, factory=dict, repr=False)

    def sign(self, pem: bytes, octets: bytes) -> bytes:
        """The rsa-sha256 signature (RFC 6376 §3.3.2), or with an Ed25519 key that of RFC 8463 §3.

        Raises:
            Unsignable: the key cannot be read, or is weaker than 1024 bits (RFC 8301 §3.2).
        """
        key = self._load(pem)
        if isinstance(key, Ed25519PrivateKey):
            return key.sign(sha256(octets).digest())
        return key.sign(octets, PKCS1v15(), SHA256())

    def _load(self, pem: bytes) -> RSAPrivateKey | Ed25519PrivateKey:
        loaded = self._loaded.get(pem)
        if loaded is not None:
            return loaded
        try:
            private_key = load_pem_private_key(pem, None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise Unsignable("the private key cannot be read") from error
        if not _is_strong(private_key):
            raise Unsignable("the private key is neither RSA of 1024 bits or more nor Ed25519")
        assert isinstance(private_key, RSAPrivateKey | Ed25519PrivateKey)
        if len(self._loaded) >= self.max_keys:
            self._loaded.clear()
        self._loaded[pem] = private_key
        return private_key


def _is_strong(key: object) -> bool:
    return isinstance(key, Ed25519PrivateKey) or (isinstance(key, RSAPrivateKey) and key.key_size >= 1024)
