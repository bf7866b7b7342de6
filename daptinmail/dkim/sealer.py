"""Seals a content that is passed on, so that the next host can trust what this one found (RFC 8617 §5.1)."""

import re
from base64 import b64encode

from attrs import define, field
from dkim.canonicalization import Relaxed
from twisted.logger import Logger
from zope.interface import implementer

from daptinmail.dkim.arc import MAX_SETS, ArcChain, BrokenChain, read_chain
from daptinmail.dkim.private_keys import PrivateKeys, Unsignable
from daptinmail.dkim.selection import fields_to_sign
from daptinmail.dkim.signer import Fields, canonical_header, completed, dns_name, header_list, read_content
from daptinmail.dkim.tags import HeaderField
from daptinmail.interfaces.runtime import IBlocking, IClock
from daptinmail.interfaces.storage import Content
from daptinmail.interfaces.tls import ISealer, ISigningKeys, SigningKey

log = Logger()

_BREAKS = re.compile(r"[\r\n]+[ \t]*")


@implementer(ISealer)
@define(eq=False)
class Sealer:
    """``ISealer`` with the domain's DKIM key."""

    keys: ISigningKeys
    blocking: IBlocking
    clock: IClock
    private_keys: PrivateKeys = field(factory=PrivateKeys)

    async def seal(self, domain: str, content: Content, results: str) -> bytes:
        """Reads and signs in a pool thread."""
        key = await self.keys.signing_key(domain)
        if key is None:
            return b""
        try:
            return await self.blocking.run(self._seal, key, content, results, int(self.clock.now().timestamp()))
        except (Unsignable, BrokenChain) as error:
            log.warn("Not sealed for {domain}: {reason}", domain=domain, reason=str(error))
            return b""

    def _seal(self, key: SigningKey, content: Content, results: str, timestamp: int) -> bytes:
        """Runs in a thread."""
        fields, body_hash = read_content(content)
        chain = read_chain([HeaderField(name.lower(), name + b":" + value) for name, value in fields])
        number = len(chain.sets) + 1 if chain is not None else 1
        if number > MAX_SETS:
            raise Unsignable("the chain is as long as it may be")
        found = b"ARC-Authentication-Results: i=%d; %b\r\n" % (number, _BREAKS.sub("\r\n ", results).strip().encode())
        message = self._message_signature(key, fields, body_hash, number, timestamp)
        seal = self._chain_seal(key, chain, [found, message], number, timestamp)
        return seal + message + found

    def _message_signature(
        self, key: SigningKey, fields: Fields, body_hash: bytes, number: int, timestamp: int
    ) -> bytes:
        """As DKIM signs, and the signatures that are there (§4.1.2)."""
        present = [name.lower() for name, _ in fields]
        names = fields_to_sign(present) + [b"dkim-signature"] * present.count(b"dkim-signature")
        lines = [
            b"ARC-Message-Signature: i=%d; a=rsa-sha256; c=relaxed/relaxed;" % number,
            _signer(key, timestamp),
            *header_list(names),
            b" bh=%b;" % b64encode(body_hash),
            b" b=",
        ]
        unsigned = b"\r\n".join(lines)
        signed = canonical_header(fields, names, unsigned)
        return completed(unsigned, self.private_keys.sign(key.private_key_pem, signed))

    def _chain_seal(
        self, key: SigningKey, chain: ArcChain | None, own: list[bytes], number: int, timestamp: int
    ) -> bytes:
        """Over all sets in order, this one's last (§5.1.1)."""
        validity = b"none" if chain is None else b"pass"
        unsigned = b"ARC-Seal: i=%d; a=rsa-sha256; cv=%b;\r\n%b\r\n b=" % (number, validity, _signer(key, timestamp))
        earlier = [one.raw for arc_set in chain.sets for one in arc_set.fields] if chain is not None else []
        pairs = [raw.partition(b":")[::2] for raw in (*earlier, *own, unsigned)]
        canonical = Relaxed.canonicalize_headers(pairs)
        signed = b"".join([b"%b:%b" % pair for pair in canonical]).removesuffix(b"\r\n")
        return completed(unsigned, self.private_keys.sign(key.private_key_pem, signed))


def _signer(key: SigningKey, timestamp: int) -> bytes:
    return b" d=%b; s=%b; t=%d;" % (dns_name(key.domain), dns_name(key.selector), timestamp)
