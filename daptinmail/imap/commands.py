"""Which command is allowed in which state, how its arguments are read and what runs it.

Only what stands here can be reached: nothing is looked up by attribute name, so no command of
``twisted.mail.imap4.IMAP4Server`` is reachable by inheritance.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

from attrs import frozen

from daptinmail.imap import (
    append,
    basics,
    copy_move,
    fetch,
    grammar,
    idle,
    listing,
    login,
    mailboxes,
    search,
    selecting,
)
from daptinmail.imap import store_flags as flags
from daptinmail.imap.answers import Answer
from daptinmail.imap.cursor import Cursor
from daptinmail.imap.fetch_grammar import fetch as fetch_arguments
from daptinmail.imap.grammar import nothing, only
from daptinmail.imap.search_grammar import search as search_arguments
from daptinmail.imap.session import Session

T = TypeVar("T")


@frozen
class Command(Generic[T]):
    """``may_expunge``: untagged EXPUNGE is allowed in answer to it (RFC 3501 §7.4.1)."""

    parse: Callable[[Cursor], T]
    run: Callable[[Session, T], Awaitable[Answer]]
    may_expunge: bool = True


ANY: dict[bytes, Command[Any]] = {
    b"CAPABILITY": Command(nothing, basics.capability),
    b"NOOP": Command(nothing, basics.noop),
    b"LOGOUT": Command(nothing, basics.logout),
    b"ID": Command(grammar.client_id, basics.identify),
}

UNAUTHENTICATED: dict[bytes, Command[Any]] = {
    b"STARTTLS": Command(nothing, basics.starttls),
    b"LOGIN": Command(grammar.login, login.login),
    b"AUTHENTICATE": Command(grammar.authenticate, login.authenticate),
}

AUTHENTICATED: dict[bytes, Command[Any]] = {
    b"ENABLE": Command(grammar.capabilities, basics.enable),
    b"NAMESPACE": Command(nothing, basics.namespace),
    b"SELECT": Command(only(grammar.mailbox), selecting.select),
    b"EXAMINE": Command(only(grammar.mailbox), selecting.examine),
    b"CREATE": Command(grammar.create, mailboxes.create),
    b"DELETE": Command(only(grammar.mailbox), mailboxes.delete),
    b"RENAME": Command(grammar.rename, mailboxes.rename),
    b"SUBSCRIBE": Command(only(grammar.mailbox), mailboxes.subscribe),
    b"UNSUBSCRIBE": Command(only(grammar.mailbox), mailboxes.unsubscribe),
    b"STATUS": Command(grammar.status, mailboxes.status),
    b"LIST": Command(grammar.pattern, listing.list_mailboxes),
    b"LSUB": Command(grammar.pattern, listing.list_subscribed),
    b"APPEND": Command(grammar.append, append.append),
    b"IDLE": Command(nothing, idle.idle),
}

SELECTED: dict[bytes, Command[Any]] = {
    b"CHECK": Command(nothing, basics.noop),
    b"CLOSE": Command(nothing, selecting.close),
    b"UNSELECT": Command(nothing, selecting.unselect),
    b"EXPUNGE": Command(nothing, selecting.expunge),
    b"UID EXPUNGE": Command(only(grammar.sequence_set), selecting.uid_expunge),
    b"FETCH": Command(fetch_arguments, fetch.fetch, may_expunge=False),
    b"UID FETCH": Command(fetch_arguments, fetch.uid_fetch),
    b"STORE": Command(grammar.store, flags.store, may_expunge=False),
    b"UID STORE": Command(grammar.store, flags.uid_store),
    b"SEARCH": Command(search_arguments, search.search, may_expunge=False),
    b"UID SEARCH": Command(search_arguments, search.uid_search),
    b"COPY": Command(grammar.copy, copy_move.copy),
    b"UID COPY": Command(grammar.copy, copy_move.uid_copy),
    b"MOVE": Command(grammar.copy, copy_move.move),
    b"UID MOVE": Command(grammar.copy, copy_move.uid_move),
}

BY_STATE: dict[str, dict[bytes, Command[Any]]] = {
    "unauth": ANY | UNAUTHENTICATED,
    "auth": ANY | AUTHENTICATED,
    "select": ANY | AUTHENTICATED | SELECTED,
}

COMMANDS: dict[tuple[str, bytes], Command[Any]] = {
    (state, name): command for state, commands in BY_STATE.items() for name, command in commands.items()
}

NAMES = frozenset(name for _, name in COMMANDS)
