"""Arguments of the ESEARCH command (RFC 7377 §4)."""

import re

from attrs import frozen

from daptinmail.errors import Malformed
from daptinmail.imap.answers import no
from daptinmail.imap.cursor import Cursor
from daptinmail.imap.grammar import parenthesized
from daptinmail.imap.limits import ESEARCH_NAMES
from daptinmail.imap.names import DELIMITER, decode_name
from daptinmail.imap.search_grammar import search_program
from daptinmail.imap.search_options import return_options
from daptinmail.imap.search_values import Return, Search

SOURCES = re.compile(rb"IN \(", re.IGNORECASE)
SELECTED = b"SELECTED"
BARE = frozenset({SELECTED, b"PERSONAL", b"INBOXES", b"SUBSCRIBED"})
NAMED = frozenset({b"SUBTREE", b"SUBTREE-ONE", b"MAILBOXES"})


@frozen
class Source:
    """Mailboxes to search: a kind (RFC 5465 §6, RFC 7377 §2.2), and names for those that take some."""

    kind: bytes
    names: tuple[str, ...] = ()

    def covers(self, name: str, own: bool, subscribed: frozenset[str]) -> bool:
        """True if it is about a mailbox that may be looked up. MAILBOXES asks for its own by name."""
        if self.kind == b"PERSONAL":
            return own
        if self.kind == b"INBOXES":
            return own and name == "INBOX"
        if self.kind == b"SUBSCRIBED":
            return name in subscribed
        if self.kind not in {b"SUBTREE", b"SUBTREE-ONE"}:
            return False
        deep = self.kind == b"SUBTREE"
        return any(_below(name, top, deep) for top in self.names)


def _below(name: str, top: str, deep: bool) -> bool:
    if top and name != top and not name.startswith(top + DELIMITER):
        return False
    rest = name[len(top) :].removeprefix(DELIMITER)
    return deep or DELIMITER not in rest


@frozen
class Esearch:
    """ESEARCH."""

    sources: tuple[Source, ...]
    search: Search
    wanted: Return

    @property
    def selected_alone(self) -> bool:
        """True if only the selected mailbox is searched."""
        return all(source.kind == SELECTED for source in self.sources)


def esearch(cursor: Cursor) -> Esearch:
    """``[IN (source source ...)] [RETURN (...)] program``; without IN the selected mailbox is meant."""
    cursor.space()
    sources = [Source(SELECTED)]
    if cursor.attempt(SOURCES) is not None:
        sources = _sources(cursor)
        cursor.space()
    wanted = return_options(cursor)
    command = Esearch(tuple(sources), search_program(cursor, wanted), wanted or Return(all=True))
    if command.wanted.save and not command.selected_alone:
        raise Malformed("SAVE is for the selected mailbox alone")
    return command


def _sources(cursor: Cursor) -> list[Source]:
    """Sources up to the closing parenthesis. No scope options are defined that could follow."""
    sources = [_source(cursor)]
    while not cursor.skip(b")"):
        cursor.space()
        sources.append(_source(cursor))
    if sum(1 + len(source.names) for source in sources) > ESEARCH_NAMES:
        raise no(b"Too many mailboxes are named", b"LIMIT")
    return sources


def _source(cursor: Cursor) -> Source:
    kind = cursor.keyword()
    if kind in BARE:
        return Source(kind)
    if kind not in NAMED:
        raise Malformed("Unknown mailbox specifier")
    cursor.space()
    names = parenthesized(cursor, _name) if cursor.looking_at(b"(") else [_name(cursor)]
    return Source(kind, tuple(names))


def _name(cursor: Cursor) -> str:
    return decode_name(cursor.astring(), cursor.utf8)
