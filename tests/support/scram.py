"""A client of SCRAM (RFC 5802), written for the tests from the RFC alone."""

import hashlib
import hmac
from base64 import b64decode, b64encode

from attrs import define


@define
class ScramClient:
    """``bound`` is the channel binding's data, ``flag`` the GS2 flag: n, y, or p=name."""

    username: str
    password: str
    digest: str = "sha256"
    flag: str = "n"
    bound: bytes = b""
    nonce: str = "rOprNGfwEbeRWgbNEkqO"
    identity: str = ""
    signature: bytes = b""

    @property
    def header(self) -> str:
        """The GS2 header."""
        return f"{self.flag},{'a=' + self.identity if self.identity else ''},"

    @property
    def bare(self) -> str:
        """The first message without its header."""
        return f"n={self.username},r={self.nonce}"

    def first(self) -> bytes:
        """The first message."""
        return (self.header + self.bare).encode()

    def final(self, challenge: bytes) -> bytes:
        """The second message."""
        fields = dict(part.split("=", 1) for part in challenge.decode().split(","))
        salted = hashlib.pbkdf2_hmac(self.digest, self.password.encode(), b64decode(fields["s"]), int(fields["i"]))
        client_key = hmac.digest(salted, b"Client Key", self.digest)
        binding = b64encode(self.header.encode() + self.bound).decode()
        bare = f"c={binding},r={fields['r']}"
        message = f"{self.bare},{challenge.decode()},{bare}".encode()
        signed = hmac.digest(hashlib.new(self.digest, client_key).digest(), message, self.digest)
        proof = bytes(a ^ b for a, b in zip(client_key, signed, strict=True))
        self.signature = hmac.digest(hmac.digest(salted, b"Server Key", self.digest), message, self.digest)
        return f"{bare},p={b64encode(proof).decode()}".encode()

    def is_server(self, last: bytes) -> bool:
        """Did the server prove that it knows the password?"""
        return hmac.compare_digest(last, b"v=" + b64encode(self.signature))
