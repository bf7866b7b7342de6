"""What costs CPU time in verification: hashing bodies and public-key operations. For a pool thread."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hmac import compare_digest

from attrs import define, field, frozen

from daptinmail.dkim.body import BodyHash, RelaxedBody, SimpleBody
from daptinmail.dkim.public_key import KeyRecord, read_key
from daptinmail.dkim.tags import BadSignature, HeaderField, MessageTags, Tags, canonical_header, select
from daptinmail.interfaces.storage import Content

_PIECE = 1 << 18  # octets; a larger piece would keep other threads from the interpreter

KeyName = tuple[str, str]
"""Selector and domain."""
Keys = Mapping[KeyName, Sequence[bytes] | BadSignature]
"""What DNS says of each key."""


@frozen
class BodyKind:
    """One way to hash a body."""

    relaxed: bool
    length: int | None


def key_name(tags: Tags) -> KeyName:
    """Which key a signature is made with."""
    return tags.selector, tags.domain


@define(eq=False)
class Material:
    """A message with the keys of its signatures; ``body_start`` is where its body begins."""

    content: Content
    body_start: int
    fields: Sequence[HeaderField]
    keys: Keys
    _bodies: dict[BodyKind, BodyHash] = field(factory=dict)
    _digests: dict[BodyKind, bytes] = field(factory=dict)

    def key(self, tags: Tags) -> KeyRecord:
        """The key of a signature.

        Raises:
            BadSignature: there is none that can be used.
        """
        found = self.keys[key_name(tags)]
        if isinstance(found, BadSignature):
            raise found
        return read_key(found)

    def hash_bodies(self, wanted: Iterable[MessageTags]) -> None:
        """Read the body once, for all signatures whose key can be used. Blocking."""
        for read in wanted:
            try:
                self.key(read.tags)
            except BadSignature:
                continue
            kind = BodyKind(read.relaxed_body, read.length)
            self._bodies.setdefault(kind, (RelaxedBody if kind.relaxed else SimpleBody)(kind.length))
        if self._bodies:
            for piece in _pieces(self.content, self.body_start):
                for body in self._bodies.values():
                    body.update(piece)
        self._digests = {kind: body.digest() for kind, body in self._bodies.items()}

    def check_message(self, read: MessageTags) -> KeyRecord:
        """Verify a signature over header and body; ``hash_bodies`` has seen it.

        Raises:
            BadSignature: it does not hold.
        """
        key = self.key(read.tags)
        kind = BodyKind(read.relaxed_body, read.length)
        size = self._bodies[kind].size
        if read.length is not None and read.length > size:
            raise BadSignature("permerror", "l= is more than the body has")
        if not compare_digest(self._digests[kind], read.body_hash):
            raise _failed("body hash did not verify", key)
        own = read.tags.field
        others = [one for one in self.fields if one is not own]
        if sum(one.name == b"from" for one in others) > read.signed.count(b"from") > 0:
            raise _failed("a From field is not signed", key)
        data = canonical_header(select(others, read.signed), own, read.relaxed_header)
        if not key.verify(read.tags.algorithm, read.tags.signature, data):
            raise _failed("signature did not verify", key)
        if read.length is not None and read.length < size:
            raise BadSignature("policy", f"only {read.length} of {size} octets of the body are signed")
        return key

    def check_seal(self, tags: Tags, sealed: Sequence[HeaderField]) -> None:
        """Verify an ARC-Seal over the ``sealed`` fields (RFC 8617 §5.1.1).

        Raises:
            BadSignature: it does not hold.
        """
        data = canonical_header(sealed, tags.field, relaxed=True)
        if not self.key(tags).verify(tags.algorithm, tags.signature, data):
            raise BadSignature("fail", "signature did not verify")


def _failed(reason: str, key: KeyRecord) -> BadSignature:
    """A failure; with a key in testing mode it is as if there were no signature (RFC 6376 §3.6.1)."""
    return BadSignature("neutral", f"{reason}, key in testing mode") if key.testing else BadSignature("fail", reason)


def _pieces(content: Content, start: int) -> Iterator[bytes]:
    """The octets from ``start`` on."""
    if content.path is None:
        body = content.body or b""
        for position in range(start, len(body), _PIECE):
            yield body[position : position + _PIECE]
        return
    with content.path.open("rb", buffering=0) as file:
        file.seek(start)
        while data := file.read(_PIECE):
            yield data
