"""Signs a content for a domain (RFC 6376).

dkimpy chooses and canonicalizes the fields; the body hash and the RSA operation are our own, because its
pure-Python ones cost twenty times as much.
"""

import re
from base64 import b64encode
from collections.abc import Iterator, Sequence

from attrs import define, field
from dkim import select_headers
from dkim.canonicalization import Relaxed
from twisted.logger import Logger
from zope.interface import implementer

from daptinmail.dkim.body import RelaxedBody
from daptinmail.dkim.private_keys import PrivateKeys, Unsignable
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


@implementer(ISigner)
@define(eq=False)
class Signer:
    """``ISigner`` with RSA and Ed25519 keys.

    What cannot be signed goes out unsigned, and the log says why.
    """

    keys: ISigningKeys
    blocking: IBlocking
    clock: IClock
    private_keys: PrivateKeys = field(factory=PrivateKeys)

    async def sign(self, domain: str, content: Content) -> bytes:
        """A DKIM-Signature field (with CRLF) for each key, or ``b""``. Reads and signs in a pool thread."""
        keys = await self.keys.signing_keys(domain)
        if not keys:
            return b""
        try:
            return await self.blocking.run(self._sign_all, keys, content, int(self.clock.now().timestamp()))
        except Unsignable as error:
            log.warn("Not signed for {domain}: {reason}", domain=domain, reason=str(error))
            return b""

    def _sign_all(self, keys: Sequence[SigningKey], content: Content, timestamp: int) -> bytes:
        """The content is read once. Runs in a thread."""
        fields, body_hash = read_content(content)
        return b"".join([self._sign(key, fields, body_hash, timestamp) for key in keys])

    def _sign(self, key: SigningKey, fields: Fields, body_hash: bytes, timestamp: int) -> bytes:
        names = fields_to_sign([name.lower() for name, _ in fields])
        unsigned = signature_field(key, timestamp, names, body_hash)
        signed = canonical_header(fields, names, unsigned)
        return completed(unsigned, self.private_keys.sign(key.private_key_pem, signed))


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
    domain, selector = dns_name(key.domain), dns_name(key.selector)
    lines = [
        b"DKIM-Signature: v=1; a=%b; c=relaxed/relaxed;" % key.algorithm.encode("ascii"),
        b" d=%b; s=%b; t=%d;" % (domain, selector, timestamp),
        *header_list(names),
        b" bh=%b;" % b64encode(body_hash),
        b" b=",
    ]
    return b"\r\n".join(lines)


def dns_name(text: str) -> bytes:
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


def header_list(names: list[bytes]) -> list[bytes]:
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


def completed(unsigned: bytes, signature: bytes) -> bytes:
    """The field with its signature, folded, and CRLF."""
    text, width = b64encode(signature), _LINE - 3
    return unsigned + b"\r\n  ".join([text[at : at + width] for at in range(0, len(text), width)]) + b"\r\n"
