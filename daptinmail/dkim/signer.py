"""Signs a content for a domain (RFC 6376).

dkimpy chooses and canonicalizes the fields; the body hash and the RSA operation are our own, because its
pure-Python ones cost twenty times as much.
"""

import re
from base64 import b64encode
from collections.abc import Iterator

from attrs import define, field
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from dkim import select_headers
from dkim.canonicalization import Relaxed
from twisted.logger import Logger
from zope.interface import implementer

from daptinmail.dkim.body import RelaxedBody
from daptinmail.dkim.selection import fields_to_sign
from daptinmail.interfaces.runtime import IBlocking, IClock
from daptinmail.interfaces.storage import Content
from daptinmail.interfaces.tls import ISigner, ISigningKeys, SigningKey
from daptinmail.mail.header import MAX_FIELDS, find_fields, header_end
from daptinmail.mail.hostname import to_ascii

_CHUNK = 1 << 18
_LINE = 72
_NAME = re.compile(rb"[A-Za-z0-9_\-]{1,63}(?:\.[A-Za-z0-9_\-]{1,63})*")
log = Logger()

Fields = list[tuple[bytes, bytes]]
"""Names and raw values with their line end, in order."""


class Unsignable(ValueError):
    """This content or key cannot give a signature; the text is for the log."""


@implementer(ISigner)
@define(eq=False)
class Signer:
    """``ISigner`` with RSA keys, of which ``max_keys`` stay loaded.

    What cannot be signed goes out unsigned, and the log says why.
    """

    keys: ISigningKeys
    blocking: IBlocking
    clock: IClock
    max_keys: int = 64
    _loaded: dict[bytes, RSAPrivateKey] = field(init=False, factory=dict, repr=False)

    async def sign(self, domain: str, content: Content) -> bytes:
        """The DKIM-Signature field (with CRLF), or ``b""``. Reads and signs in a pool thread."""
        key = await self.keys.signing_key(domain)
        if key is None:
            return b""
        try:
            return await self.blocking.run(self._sign, key, content, int(self.clock.now().timestamp()))
        except Unsignable as error:
            log.warn("Not signed for {domain}: {reason}", domain=domain, reason=str(error))
            return b""

    def _sign(self, key: SigningKey, content: Content, timestamp: int) -> bytes:
        """Runs in a thread."""
        private_key = self._load(key.private_key_pem)
        fields, body_hash = read_content(content)
        names = fields_to_sign([name.lower() for name, _ in fields])
        unsigned = signature_field(key, timestamp, names, body_hash)
        signature = private_key.sign(canonical_header(fields, names, unsigned), PKCS1v15(), SHA256())
        return unsigned + _fold(b64encode(signature), _LINE - 3) + b"\r\n"

    def _load(self, pem: bytes) -> RSAPrivateKey:
        """Loading checks the primes, which costs more than signing; so loaded keys are kept."""
        loaded = self._loaded.get(pem)
        if loaded is not None:
            return loaded
        try:
            private_key = load_pem_private_key(pem, None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise Unsignable("the private key cannot be read") from error
        if not isinstance(private_key, RSAPrivateKey) or private_key.key_size < 1024:  # RFC 8301 §3.2
            raise Unsignable("the private key is not RSA of 1024 bits or more")
        if len(self._loaded) >= self.max_keys:
            self._loaded.clear()
        self._loaded[pem] = private_key
        return private_key


def read_content(content: Content) -> tuple[Fields, bytes]:
    """The fields and the hash of the body. Holds the header section and one piece of the body in memory.

    Raises:
        Unsignable: no From, or a header section beyond the limits.
    """
    octets = _octets(content)
    buffered = b""
    end = 0
    for data in octets:
        buffered += data
        end = header_end(buffered)
        if end < len(buffered):
            break
    if end < len(buffered) and not buffered.endswith((b"\n\r\n", b"\n\n"), 0, end):
        raise Unsignable("no header section, or too long a one")
    fields = [(one.name, one.value + b"\r\n") for one in find_fields(buffered[:end])]
    if len(fields) > MAX_FIELDS or not any(name.lower() == b"from" for name, _ in fields):
        raise Unsignable("no From field, or too many fields")
    body = RelaxedBody()
    body.update(buffered[end:])
    for data in octets:
        body.update(data)
    return fields, body.digest()


def signature_field(key: SigningKey, timestamp: int, names: list[bytes], body_hash: bytes) -> bytes:
    """The DKIM-Signature field up to and with ``b=`` (RFC 6376 §3.5)."""
    domain, selector = _dns_name(key.domain), _dns_name(key.selector)
    lines = [
        b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;",
        b" d=%b; s=%b; t=%d;" % (domain, selector, timestamp),
        *_header_list(names),
        b" bh=%b;" % b64encode(body_hash),
        b" b=",
    ]
    return b"\r\n".join(lines)


def _dns_name(text: str) -> bytes:
    """The name as A-labels (RFC 6376 §3.5 on d= and s=)."""
    try:
        name = to_ascii(text).encode("ascii")
    except ValueError as error:
        raise Unsignable("the domain or selector is not valid") from error
    if not _NAME.fullmatch(name):
        raise Unsignable("the domain or selector is not valid")
    return name


def canonical_header(fields: Fields, names: list[bytes], unsigned: bytes) -> bytes:
    """What is signed: the chosen fields, then the signature field without its signature (RFC 6376 §3.7)."""
    name, _, value = unsigned.partition(b":")
    canonical = Relaxed.canonicalize_headers([*select_headers(fields, names), (name, value)])
    return b"".join([b"%b:%b" % pair for pair in canonical]).removesuffix(b"\r\n")


def _octets(content: Content) -> Iterator[bytes]:
    """The content in pieces."""
    if content.path is None:
        yield content.read()
        return
    yield content.prefix
    with content.path.open("rb", buffering=0) as file:
        while data := file.read(_CHUNK):
            yield data


def _header_list(names: list[bytes]) -> list[bytes]:
    """``h=`` folded at its colons."""
    lines = [b" h=" + names[0]]
    for name in names[1:]:
        if len(lines[-1]) + len(name) + 2 > _LINE:
            lines[-1] += b":"
            lines.append(b"  " + name)
        else:
            lines[-1] += b":" + name
    lines[-1] += b";"
    return lines


def _fold(text: bytes, width: int) -> bytes:
    return b"\r\n  ".join([text[at : at + width] for at in range(0, len(text), width)])
