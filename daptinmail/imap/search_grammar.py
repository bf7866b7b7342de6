"""Arguments of SEARCH (RFC 9051 §9 ``search``), and the search program that SORT, THREAD and ESEARCH share."""

import re
from collections.abc import Callable
from datetime import date

from attrs import define

from daptinmail.errors import Malformed
from daptinmail.imap.answers import Declined, no
from daptinmail.imap.cursor import Cursor
from daptinmail.imap.grammar import MONTHS, keyword_flag, sequence_set
from daptinmail.imap.limits import SEARCH_DEPTH, SEARCH_KEYS
from daptinmail.imap.search_charsets import BADCHARSET, codec, decode
from daptinmail.imap.search_options import return_options
from daptinmail.imap.search_values import Argument, Either, Every, Key, Negated, Return, Search, SearchKey

DATE = re.compile(rb"([0-9]{1,2})-([A-Za-z]{3})-([0-9]{4})")
SEQUENCE_START = re.compile(rb"(?=[0-9*])")
NAME = re.compile(rb"[A-Za-z]+")
NUMBER = re.compile(rb"[0-9]{1,19}")
OBJECT_ID = re.compile(rb"[A-Za-z0-9_-]{1,255}(?![^ )])")
ENTRY_TYPE = re.compile(rb"priv|shared|all", re.IGNORECASE)
LARGEST_NUMBER64 = (1 << 63) - 1

PLAIN = frozenset(
    {b"ALL", b"ANSWERED", b"DELETED", b"DRAFT", b"FLAGGED", b"NEW", b"OLD", b"RECENT", b"SEEN"}
    | {b"UNANSWERED", b"UNDELETED", b"UNDRAFT", b"UNFLAGGED", b"UNSEEN", b"SAVEDATESUPPORTED"}
)
TEXTS = frozenset({b"BCC", b"BODY", b"CC", b"FROM", b"SUBJECT", b"TEXT", b"TO"})
DATES = frozenset({b"BEFORE", b"ON", b"SINCE", b"SENTBEFORE", b"SENTON", b"SENTSINCE"})
DATES |= {b"SAVEDBEFORE", b"SAVEDON", b"SAVEDSINCE"}  # RFC 8514 §4.3


def search(cursor: Cursor) -> Search:
    """SEARCH and UID SEARCH."""
    cursor.space()
    wanted = return_options(cursor)
    return search_program(cursor, wanted)


def search_program(cursor: Cursor, wanted: Return | None) -> Search:
    """``[CHARSET name] key key ...`` and the end."""
    parser = SearchParser(cursor)
    program = parser.program()
    cursor.end()
    return parser.search(program, wanted)


def search_criteria(cursor: Cursor, wanted: Return | None) -> Search:
    """``name key key ...`` and the end: SORT and THREAD must name a charset (RFC 5256 §5)."""
    parser = SearchParser(cursor)
    parser.take_charset()
    program = parser.keys_after(parser.key(0))
    cursor.end()
    return parser.search(program, wanted)


@define
class SearchParser:
    """Reads a search program; ``keys`` counts against ``SEARCH_KEYS``."""

    cursor: Cursor
    keys: int = 0
    codec: str = "utf-8"
    charset: bool = False
    modseq: bool = False
    numbers: bool = False
    refusal: Declined | None = None

    def search(self, program: SearchKey, wanted: Return | None) -> Search:
        """What was read."""
        return Search(program, wanted, self.modseq, self.charset, self.numbers, self.refusal)

    def program(self) -> SearchKey:
        """``[CHARSET name] key key ...``."""
        name = self.cursor.attempt(NAME)
        if name is not None and name.upper() == b"CHARSET":
            self.cursor.space()
            self.charset = True
            self.take_charset()
            name = None
        return self.keys_after(self.key(0) if name is None else self._named(name.upper(), 0))

    def take_charset(self) -> None:
        """A charset and a space."""
        known = codec(self.cursor.astring())
        if known is None:
            self.refusal = no(b"Charset not supported", BADCHARSET)
        self.codec = known or "latin-1"
        self.cursor.space()

    def keys_after(self, first: SearchKey) -> SearchKey:
        """The keys that stand beside the first one: all must hold."""
        keys = [first]
        while self.cursor.skip(b" ") and not self.cursor.at_end():
            keys.append(self.key(0))
        return keys[0] if len(keys) == 1 else Every(tuple(keys))

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
        if self.cursor.skip(b"$"):
            return self._counted(Key(b"$"))
        if self.cursor.attempt(SEQUENCE_START) is not None:
            self.numbers = True
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
        if name == b"UID" and self.cursor.skip(b"$"):
            return self._counted(Key(b"$"))
        return self._counted(Key(name, argument(self)))

    def _counted(self, key: Key) -> Key:
        self.keys += 1
        if self.keys > SEARCH_KEYS:
            raise Malformed("Too many search keys")
        return key

    # Arguments

    def text(self) -> str:
        """Text to look for."""
        return decode(self.cursor.astring(), self.codec)

    def header(self) -> tuple[bytes, str]:
        """A field name and a text."""
        name = self.cursor.astring().lower()
        self.cursor.space()
        return name, self.text()

    def day(self) -> date:
        """``1-Feb-1994``, perhaps quoted."""
        quoted = self.cursor.skip(b'"')
        match = DATE.fullmatch(self.cursor.take(DATE, "a date"))
        if quoted:
            self.cursor.expect(b'"')
        if match is None or match.group(2).upper() not in MONTHS:
            raise Malformed("Malformed date")
        try:
            return date(int(match.group(3)), MONTHS.index(match.group(2).upper()) + 1, int(match.group(1)))
        except ValueError:
            raise Malformed("No such date") from None

    def keyword(self) -> bytes:
        """A keyword; case does not matter."""
        return keyword_flag(self.cursor).lower()

    def number(self) -> int:
        """0 to 2^63 - 1 (RFC 9051 §9 ``number64``)."""
        value = int(self.cursor.take(NUMBER, "a number"))
        if value > LARGEST_NUMBER64:
            raise Malformed("Number too large")
        return value

    def interval(self) -> int:
        """Seconds, at least 1 (RFC 5032 §3)."""
        seconds = self.cursor.number()
        if not seconds:
            raise Malformed("Expected a number of seconds")
        return seconds

    def changed_since(self) -> int:
        """A modseq. There is one a message, so an entry and its type are read and passed over (RFC 7162 §3.1.5)."""
        self.modseq = True
        if self.cursor.looking_at(b'"'):
            self.cursor.string()
            self.cursor.space()
            self.cursor.take(ENTRY_TYPE, "priv, shared or all")
            self.cursor.space()
        return self.number()

    def object_id(self) -> bytes:
        """An identifier of a content or a thread (RFC 8474 §7)."""
        return self.cursor.take(OBJECT_ID, "an object identifier")


def _set(parser: SearchParser) -> Argument:
    return sequence_set(parser.cursor)


ARGUMENTS: dict[bytes, Callable[[SearchParser], Argument]] = {
    **dict.fromkeys(TEXTS, SearchParser.text),
    **dict.fromkeys(DATES, SearchParser.day),
    b"HEADER": SearchParser.header,
    b"KEYWORD": SearchParser.keyword,
    b"UNKEYWORD": SearchParser.keyword,
    b"LARGER": SearchParser.number,
    b"SMALLER": SearchParser.number,
    b"OLDER": SearchParser.interval,
    b"YOUNGER": SearchParser.interval,
    b"MODSEQ": SearchParser.changed_since,
    b"EMAILID": SearchParser.object_id,
    b"THREADID": SearchParser.object_id,
    b"UID": _set,
}
