"""RSA private keys, loaded once. Loading checks the primes, which costs more than signing."""

from attrs import define, field
from cryptography.exceptions import UnsupportedAlgorithm
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
    _loaded: dict[bytes, RSAPrivateKey] = field(init=False, factory=dict, repr=False)

    def sign(self, pem: bytes, octets: bytes) -> bytes:
        """The rsa-sha256 signature (RFC 6376 §3.3.2).

        Raises:
            Unsignable: the key cannot be read, or is weaker than 1024 bits (RFC 8301 §3.2).
        """
        return self._load(pem).sign(octets, PKCS1v15(), SHA256())

    def _load(self, pem: bytes) -> RSAPrivateKey:
        loaded = self._loaded.get(pem)
        if loaded is not None:
            return loaded
        try:
            private_key = load_pem_private_key(pem, None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise Unsignable("the private key cannot be read") from error
        if not isinstance(private_key, RSAPrivateKey) or private_key.key_size < 1024:
            raise Unsignable("the private key is not RSA of 1024 bits or more")
        if len(self._loaded) >= self.max_keys:
            self._loaded.clear()
        self._loaded[pem] = private_key
        return private_key
