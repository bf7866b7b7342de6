"""Private keys at rest: AES-256-GCM (NIST SP 800-38D), bound to the row that holds them."""

import os
from base64 import b64decode, b64encode
from binascii import Error as BadBase64
from collections.abc import Callable
from uuid import UUID

from attrs import define, field
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from daptinmail.errors import StoreDamaged

_PREFIX = "gcm1:"
_NONCE = 12  # octets


@define(eq=False)
class RowCipher:
    """Encrypts text of one row with a key derived (RFC 5869) from ``secret``, the value of ``encryption.secret``."""

    secret: str = field(repr=False)
    random: Callable[[int], bytes] = os.urandom
    _aead: AESGCM = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        derived = HKDF(SHA256(), 32, salt=None, info=b"daptinmail certificate private key 1")
        self._aead = AESGCM(derived.derive(self.secret.encode()))

    def encrypt(self, reference: UUID, plain: bytes) -> str:
        """Text for the column."""
        nonce = self.random(_NONCE)
        return _PREFIX + b64encode(nonce + self._aead.encrypt(nonce, plain, reference.bytes)).decode("ascii")

    def decrypt(self, reference: UUID, stored: str) -> bytes:
        """What was encrypted for this row.

        Raises:
            StoreDamaged: changed, moved here from another row, or made with another secret.
        """
        try:
            data = b64decode(stored.removeprefix(_PREFIX), validate=True)
            if not stored.startswith(_PREFIX) or len(data) <= _NONCE:
                raise BadBase64
            return self._aead.decrypt(data[:_NONCE], data[_NONCE:], reference.bytes)
        except (BadBase64, InvalidTag, ValueError):
            raise StoreDamaged(cause=f"private key of certificate {reference} cannot be decrypted") from None
