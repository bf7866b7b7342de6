"""A position in a command ``[line, literal, line, ...]`` and the tokens of RFC 3501 §9 that may stand there.

Every method raises ``Malformed`` if something else stands there.
"""

import re

from attrs import define

from daptinmail.errors import Malformed

ATOM = re.compile(rb"[^\x00-\x20\x7f-\xff(){%*\"\\\]]+")
ASTRING = re.compile(rb"[^\x00-\x20\x7f-\xff(){%*\"\\]+")
LIST_MAILBOX = re.compile(rb"[^\x00-\x20\x7f-\xff(){\"\\]+")
QUOTED = re.compile(rb'"([^"\\\r\n\x00]*(?:\\["\\][^"\\\r\n\x00]*)*)"')
ESCAPED = re.compile(rb"\\(.)")
LITERAL = re.compile(rb"\{[0-9]+\+?\}\Z")
NUMBER = re.compile(rb"[0-9]{1,10}")
NIL = re.compile(rb"NIL(?![^ )])", re.IGNORECASE)
LARGEST_NUMBER = 0xFFFF_FFFF


@define
class Cursor:
    """Reads tokens one after the other. ``utf8``: mailbox names come in UTF-8 (RFC 9051 §5.1)."""

    _parts: list[bytes]
    utf8: bool = False
    _part: int = 0
    _at: int = 0

    @property
    def _line(self) -> bytes:
        return self._parts[self._part]

    def at_end(self) -> bool:
        """True when nothing is left."""
        return self._at >= len(self._line) and self._part == len(self._parts) - 1

    def end(self) -> None:
        """Nothing may be left. Some clients put spaces there, which harm nobody."""
        while self.skip(b" "):
            pass
        if not self.at_end():
            raise Malformed("Unexpected text at the end of the command")

    def looking_at(self, text: bytes) -> bool:
        """True if ``text`` stands here."""
        return self._line.startswith(text, self._at)

    def skip(self, text: bytes) -> bool:
        """Step over ``text`` if it stands here."""
        if not self.looking_at(text):
            return False
        self._at += len(text)
        return True

    def expect(self, text: bytes) -> None:
        """Step over ``text``, which must stand here."""
        if not self.skip(text):
            raise Malformed(f"Expected {text.decode('ascii')!r}")

    def space(self) -> None:
        """Exactly one space."""
        self.expect(b" ")

    def take(self, pattern: re.Pattern[bytes], name: str) -> bytes:
        """What ``pattern`` matches here."""
        match = pattern.match(self._line, self._at)
        if match is None:
            raise Malformed(f"Expected {name}")
        self._at = match.end()
        return match.group()

    def attempt(self, pattern: re.Pattern[bytes]) -> bytes | None:
        """What ``pattern`` matches here; nothing is raised if it does not."""
        match = pattern.match(self._line, self._at)
        if match is None:
            return None
        self._at = match.end()
        return match.group()

    def atom(self) -> bytes:
        """An atom, as it is."""
        return self.take(ATOM, "an atom")

    def keyword(self) -> bytes:
        """An atom in capitals."""
        return self.atom().upper()

    def number(self) -> int:
        """0 to 4,294,967,295."""
        value = int(self.take(NUMBER, "a number"))
        if value > LARGEST_NUMBER:
            raise Malformed("Number too large")
        return value

    def at_string(self) -> bool:
        """True at a quoted string or a literal."""
        return self.looking_at(b'"') or self.looking_at(b"{")

    def string(self) -> bytes:
        """A quoted string or a literal."""
        if self.looking_at(b"{"):
            return self.literal()
        match = QUOTED.match(self._line, self._at)
        if match is None:
            raise Malformed("Expected a string")
        self._at = match.end()
        text = match.group(1)
        if self.utf8 and not text.isascii():
            _check_utf8(text)
        return ESCAPED.sub(rb"\1", text) if b"\\" in text else text

    def literal(self, binary: bool = False) -> bytes:
        """A literal; it ends its line. NUL may be only in one that is ``binary``."""
        if self._part + 2 >= len(self._parts) or not LITERAL.match(self._line, self._at):
            raise Malformed("Expected a literal")
        value = self._parts[self._part + 1]
        self._part += 2
        self._at = 0
        if b"\x00" in value and not binary:
            raise Malformed("NUL in a literal")
        return value

    def astring(self) -> bytes:
        """An atom (``]`` allowed) or a string."""
        return self.string() if self.at_string() else self.take(ASTRING, "a string")

    def list_mailbox(self) -> bytes:
        """A mailbox name that may hold wildcards."""
        return self.string() if self.at_string() else self.take(LIST_MAILBOX, "a mailbox pattern")

    def nstring(self) -> bytes | None:
        """A string or NIL."""
        if NIL.match(self._line, self._at):
            self._at += 3
            return None
        return self.string()


def _check_utf8(text: bytes) -> None:
    """Quoted strings may hold UTF-8 (RFC 9051 §9 ``QUOTED-CHAR``, RFC 9755 §3)."""
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("A quoted string that is not UTF-8") from None
