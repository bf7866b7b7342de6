"""A signer without keys: it marks a content as signed for a domain."""

from attrs import define, field
from zope.interface import implementer

from daptinmail.interfaces.storage import Content
from daptinmail.interfaces.tls import ISealer, ISigner


@implementer(ISigner)
@define(eq=False)
class MarkingSigner:
    """Signs for ``domains``; ``signed`` holds what was signed, in order. Raises ``error`` if set."""

    domains: set[str] = field(factory=set)
    error: Exception | None = None
    signed: list[tuple[str, bytes]] = field(factory=list)

    async def sign(self, domain: str, content: Content) -> bytes:
        """A field that names the domain, or ``b""``."""
        if self.error:
            raise self.error
        if domain not in self.domains:
            return b""
        self.signed.append((domain, content.read()))
        return f"DKIM-Signature: v=1; d={domain}; b=\r\n".encode("ascii")


@implementer(ISealer)
@define(eq=False)
class MarkingSealer:
    """Seals for ``domains``."""

    domains: set[str] = field(factory=set)

    async def seal(self, domain: str, content: Content, results: str) -> bytes:
        """A field that names the domain and the results, or ``b""``."""
        return f"ARC-Seal: d={domain}; {results}\r\n".encode() if domain in self.domains else b""
