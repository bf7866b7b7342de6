"""SMTP replies: code, enhanced status, text (RFC 5321 §4.2, RFC 3463)."""

import re
from typing import Self

from attrs import frozen

_REPLY = re.compile(r"([2-5][0-9]{2}) (?:([245]\.[0-9]{1,3}\.[0-9]{1,3}) )?(.*)", re.DOTALL)


@frozen
class Reply:
    """One SMTP reply.

    ``code`` is the three-digit reply code, ``status`` the enhanced status ("5.1.1") or ``None`` where
    RFC 2034 §4 forbids one (greeting, EHLO, 3xx), ``text`` one or more lines split by ``\\n``.
    """

    code: int
    status: str | None
    text: str

    @property
    def temporary(self) -> bool:
        """True for 4yz: the client should try again (RFC 5321 §4.2.1)."""
        return 400 <= self.code < 500

    @property
    def permanent(self) -> bool:
        """True for 5yz: trying again is useless (RFC 5321 §4.2.1)."""
        return self.code >= 500

    def encode(self) -> bytes:
        """The reply as it goes on the wire, with ``-`` continuation lines (RFC 5321 §4.2.1)."""
        lines = [f"{self.status} {line}" if self.status else line for line in self.text.split("\n")]
        head = "".join(f"{self.code}-{line}\r\n" for line in lines[:-1])
        return f"{head}{self.code} {lines[-1]}\r\n".encode("utf-8", "replace")

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """What ``str`` of a reply was; ``None`` if ``text`` is none."""
        found = _REPLY.fullmatch(text)
        return None if found is None else cls(int(found[1]), found[2], found[3])

    def __str__(self) -> str:
        return f"{self.code} {self.status + ' ' if self.status else ''}{self.text}"
