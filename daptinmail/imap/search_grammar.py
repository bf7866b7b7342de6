"""Arguments of SEARCH (RFC 3501 §9 ``search``)."""

import re
from collections.abc import Callable
from datetime import date

from attrs import define

from daptinmail.errors import Malformed
from daptinmail.imap.answers import no
from daptinmail.imap.cursor import Cursor
from daptinmail.imap.grammar import MONTHS, keyword_flag, sequence_set
from daptinmail.imap.limits import SEARCH_DEPTH, SEARCH_KEYS
from daptinmail.imap.values import Argument, Either, Every, Key, Negated, Search, SearchKey

CHARSETS = frozenset({b"UTF-8", b"US-ASCII", b"ASCII", b"UTF8"})
DATE = re.compile(rb"([0-9]{1,2})-([A-Za-z]{3})-([0-9]{4})")
SEQUENCE_START = re.compile(rb"(?=[0-9*])")
NAME = re.compile(rb"[A-Za-z]+")

PLAIN = frozenset(
    {b"ALL", b"ANSWERED", b"DELETED", b"DRAFT", b"FLAGGED", b"NEW", b"OLD", b"RECENT", b"SEEN"}
    | {b"UNANSWERED", b"UNDELETED", b"UNDRAFT", b"UNFLAGGED", b"UNSEEN"}
)
TEXTS = frozenset({b"BCC", b"BODY", b"CC", b"FROM", b"SUBJECT", b"TEXT", b"TO"})
DATES = frozenset({b"BEFORE", b"ON", b"SINCE", b"SENTBEFORE", b"SENTON", b"SENTSINCE"})


def search(cursor: Cursor) -> Search:
    """SEARCH and UID SEARCH."""
    cursor.space()
    parser = SearchParser(cursor)
    program = parser.program()
    cursor.end()
    return Search(program, parser.keys)


@define
class SearchParser:
    """Reads a search program; ``keys`` counts against ``SEARCH_KEYS``."""

    cursor: Cursor
    keys: int = 0

    def program(self) -> SearchKey:
        """``[CHARSET name] key key ...``."""
        first = None
        name = self.cursor.attempt(NAME)
        if name is not None and name.upper() == b"CHARSET":
            self._charset()
        elif name is not None:
            first = self._named(name.upper(), 0)
        keys = [first or self.key(0)]
        while self.cursor.skip(b" "):
            keys.append(self.key(0))
        return keys[0] if len(keys) == 1 else Every(tuple(keys))

    def _charset(self) -> None:
        self.cursor.space()
        if self.cursor.astring().upper() not in CHARSETS:
            raise no(b"Charset not supported", b"BADCHARSET (UTF-8 US-ASCII)")
        self.cursor.space()

    def key(self, depth: int) -> SearchKey:
        """One key; ``depth`` counts what it stands inside."""
        if depth > SEARCH_DEPTH:
            raise Malformed("Search nested too deeply")
        if self.cursor.skip(b"("):
            keys = [self.key(depth + 1)]
            while self.cursor.skip(b" "):
                keys.append(self.key(depth + 1))
            self.cursor.expect(b")")
            return Every(tuple(keys))
        if self.cursor.attempt(SEQUENCE_START) is not None:
            return self._counted(Key(b"SEQUENCE", sequence_set(self.cursor)))
        return self._named(self.cursor.take(NAME, "a search key").upper(), depth)

    def _named(self, name: bytes, depth: int) -> SearchKey:
        if name == b"NOT":
            self.cursor.space()
            return Negated(self.key(depth + 1))
        if name == b"OR":
            self.cursor.space()
            left = self.key(depth + 1)
            self.cursor.space()
            return Either(left, self.key(depth + 1))
        if name in PLAIN:
            return self._counted(Key(name))
        argument = ARGUMENTS.get(name)
        if argument is None:
            raise Malformed("Unknown search key")
        self.cursor.space()
        return self._counted(Key(name, argument(self.cursor)))

    def _counted(self, key: Key) -> Key:
        self.keys += 1
        if self.keys > SEARCH_KEYS:
            raise Malformed("Too many search keys")
        return key


def _text(cursor: Cursor) -> str:
    """Text to look for, ready for comparison without regard to case."""
    try:
        return cursor.astring().decode("utf-8").casefold()
    except UnicodeDecodeError:
        raise Malformed("Search text is not UTF-8") from None


def _header(cursor: Cursor) -> tuple[str, str]:
    name = _text(cursor)
    cursor.space()
    return name, _text(cursor)


def _date(cursor: Cursor) -> date:
    quoted = cursor.skip(b'"')
    match = DATE.fullmatch(cursor.take(DATE, "a date"))
    if quoted:
        cursor.expect(b'"')
    if match is None or match.group(2).upper() not in MONTHS:
        raise Malformed("Malformed date")
    try:
        return date(int(match.group(3)), MONTHS.index(match.group(2).upper()) + 1, int(match.group(1)))
    except ValueError:
        raise Malformed("No such date") from None


def _keyword(cursor: Cursor) -> bytes:
    return keyword_flag(cursor).lower()


ARGUMENTS: dict[bytes, Callable[[Cursor], Argument]] = {
    **dict.fromkeys(TEXTS, _text),
    **dict.fromkeys(DATES, _date),
    b"HEADER": _header,
    b"KEYWORD": _keyword,
    b"UNKEYWORD": _keyword,
    b"LARGER": Cursor.number,
    b"SMALLER": Cursor.number,
    b"UID": sequence_set,
}
