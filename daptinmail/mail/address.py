"""Mail addresses: local part and domain (RFC 5321 §4.1.2, RFC 6531 §3.3)."""

import re
from typing import Self

from attrs import frozen

from daptinmail.mail.hostname import to_ascii

MAX_LOCAL_PART = 64  # octets, RFC 5321 §4.5.3.1.1
MAX_DOMAIN = 255  # octets, RFC 5321 §4.5.3.1.2
MAX_PATH = 254  # octets without the angle brackets, RFC 5321 §4.5.3.1.3

# UTF-8 beyond US-ASCII (RFC 6531 §3.3), without C1 controls, line separators and surrogates, which no field can carry.
_UTF8 = "\u00a0-\u2027\u202a-\ud7ff\ue000-\U0010ffff"
_ATEXT = r"A-Za-z0-9!#$%&'*+/=?^_`{|}~\-" + _UTF8
_DOT_STRING = re.compile(rf"[{_ATEXT}]+(?:\.[{_ATEXT}]+)*")
_QUOTED_STRING = re.compile(rf'"(?:[ !#-\[\]-~{_UTF8}]|\\[ -~])*"')
_LABEL = rf"[A-Za-z0-9{_UTF8}](?:[A-Za-z0-9\-_{_UTF8}]*[A-Za-z0-9{_UTF8}])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_LITERAL = re.compile(r"\[(?:\d{1,3}(?:\.\d{1,3}){3}|IPv6:[0-9A-Fa-f:.]+)\]")


class BadAddress(ValueError):
    """Not an address; the message is fit for a client."""


@frozen
class Address:
    """An address. ``local`` is unquoted; ``domain`` is lower case, in U-label or A-label form as given."""

    local: str
    domain: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``local@domain``.

        Raises:
            BadAddress: not an RFC 5321 mailbox, or longer than §4.5.3.1 allows.
        """
        quoted = _QUOTED_STRING.match(text)
        if quoted:
            local = re.sub(r"\\(.)", r"\1", quoted.group()[1:-1])
            rest = text[quoted.end() :]
        else:
            dotted = _DOT_STRING.match(text)
            if not dotted:
                raise BadAddress("Bad address syntax")
            local, rest = dotted.group(), text[dotted.end() :]
        if not rest.startswith("@"):
            raise BadAddress("Bad address syntax")
        domain = rest[1:].removesuffix(".")
        if not (_DOMAIN.fullmatch(domain) or _LITERAL.fullmatch(domain)):
            raise BadAddress("Bad domain syntax")
        address = cls(local, domain.lower() if not domain.startswith("[") else domain)
        if (
            len(local.encode()) > MAX_LOCAL_PART
            or len(domain.encode()) > MAX_DOMAIN
            or len(str(address).encode()) > MAX_PATH
        ):
            raise BadAddress("Address too long")
        return address

    @property
    def is_ascii(self) -> bool:
        """False if transfer needs SMTPUTF8 or an A-label domain (RFC 6531)."""
        return self.local.isascii() and self.domain.isascii()

    @property
    def ascii_domain(self) -> str:
        """The domain as A-labels, for DNS.

        Raises:
            BadAddress: the domain is not valid under IDNA.
        """
        try:
            return to_ascii(self.domain)
        except ValueError as error:
            raise BadAddress("Bad internationalised domain") from error

    def __str__(self) -> str:
        if _DOT_STRING.fullmatch(self.local):
            return f"{self.local}@{self.domain}"
        quoted = re.sub(r'(["\\])', r"\\\1", self.local)
        return f'"{quoted}"@{self.domain}'
