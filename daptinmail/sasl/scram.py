"""SCRAM (RFC 5802, RFC 7677): the messages, and the binding to the TLS channel (RFC 9266, RFC 5929 §4)."""

import binascii
import re
from base64 import b64decode, b64encode
from hmac import compare_digest

from attrs import frozen

from daptinmail.errors import Malformed, Unauthenticated
from daptinmail.interfaces.credentials import ScramKeys, ScramProof
from daptinmail.sasl.exchange import Client, Exchange, KeysWanted, Outcome, same_identity
from daptinmail.sasl.gs2 import Gs2Header, read_header, read_name
from daptinmail.sasl.keys import server_signature
from daptinmail.sasl.saslprep import saslprep

MAX_MESSAGE = 4096
"""Octets of one message of the client."""
NONCE_OCTETS = 18

_FIRST = re.compile(rb"n=(?P<name>[^,\x00]+),r=(?P<nonce>[\x21-\x2b\x2d-\x7e]{1,512})(?:,[A-Za-z]=[^,\x00]+)*")
_FINAL = re.compile(
    rb"(?P<bare>c=(?P<binding>[A-Za-z0-9+/=]+),r=(?P<nonce>[\x21-\x2b\x2d-\x7e]+)(?:,[A-Za-z]=[^,\x00]+)*)"
    rb",p=(?P<proof>[A-Za-z0-9+/=]+)"
)


@frozen
class Scram:
    """One mechanism: a digest, with or without channel binding."""

    digest: str
    plus: bool

    def __call__(self, initial: bytes | None, client: Client) -> Exchange:
        """The exchange of RFC 5802 §5."""
        message = initial if initial is not None else (yield b"")
        header, bare = read_header(_bounded(message))
        self._check_flag(header, client)
        name, nonce = _read_first(bare)
        same_identity(_prepared(header.identity), name)
        keys: ScramKeys = yield KeysWanted(name, self.digest)
        nonce += b64encode(client.random(NONCE_OCTETS))
        challenge = b"r=%b,s=%b,i=%d" % (nonce, b64encode(keys.salt), keys.iterations)
        final = _read_final(_bounded((yield challenge)))
        if not compare_digest(final.binding, header.octets + self._binding(header, client)):
            raise Unauthenticated(cause="SCRAM: the channel is another one")
        if not compare_digest(final.nonce, nonce):
            raise Unauthenticated(cause="SCRAM: the nonce is another one")
        signed = b",".join((bare, challenge, final.bare))
        proof = ScramProof(name, keys, signed, final.proof, client.ip)
        return Outcome(proof, accepted=b"v=" + b64encode(server_signature(keys, signed)))

    def _check_flag(self, header: Gs2Header, client: Client) -> None:
        """RFC 5802 §6: a client that thinks we cannot bind to the channel, though we can, was lied to on the way."""
        if self.plus != (header.flag == "p"):
            raise Malformed("Channel binding and mechanism do not match")
        if header.flag == "y" and client.channel.bindings:
            raise Unauthenticated(cause="SCRAM: the offer of channel binding was removed on the way")
        if self.plus and header.binding not in client.channel.bindings:
            raise Unauthenticated(cause="SCRAM: a kind of channel binding that is not supported")

    def _binding(self, header: Gs2Header, client: Client) -> bytes:
        return client.channel.bindings[header.binding]() if self.plus else b""


@frozen
class _Final:
    """The client's second message, decoded; ``bare`` is what the proof covers of it."""

    bare: bytes
    binding: bytes
    nonce: bytes
    proof: bytes


def _bounded(message: bytes) -> bytes:
    if len(message) > MAX_MESSAGE:
        raise Malformed("SCRAM message too long")
    return message


def _read_first(bare: bytes) -> tuple[str, bytes]:
    """User name, prepared (RFC 5802 §5.1), and nonce. Extensions we do not know begin with ``m=`` and do not match."""
    found = _FIRST.fullmatch(bare)
    if found is None:
        raise Malformed("Malformed SCRAM message")
    name = _prepared(read_name(found["name"]))
    if not name:
        raise Unauthenticated(cause="SCRAM: an empty name")
    return name, found["nonce"]


def _prepared(name: str) -> str:
    try:
        return saslprep(name, stored=False)
    except ValueError:
        raise Unauthenticated(cause="SCRAM: a name that cannot be prepared") from None


def _read_final(message: bytes) -> _Final:
    found = _FINAL.fullmatch(message)
    if found is None:
        raise Malformed("Malformed SCRAM message")
    try:
        binding, proof = (b64decode(found[name], validate=True) for name in ("binding", "proof"))
    except binascii.Error:
        raise Malformed("Malformed SCRAM message") from None
    return _Final(found["bare"], binding, found["nonce"], proof)
