"""Which command is allowed in which state, how its arguments are read and what runs it.

Only what stands here can be reached: nothing is looked up by attribute name, so no command of
``twisted.mail.imap4.IMAP4Server`` is reachable by inheritance.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

from attrs import frozen

from daptinmail.errors import Malformed
from daptinmail.imap import (
    acl,
    append,
    append_grammar,
    basics,
    compress,
    context,
    copy_move,
    fetch,
    grammar,
    idle,
    list_grammar,
    listing,
    login,
    mailboxes,
    metadata,
    metadata_grammar,
    modifiers,
    notify,
    notify_grammar,
    quota,
    search,
    selecting,
    sort,
    status,
    thread,
)
from daptinmail.imap import store_flags as flags
from daptinmail.imap.answers import Answer
from daptinmail.imap.cursor import Cursor
from daptinmail.imap.esearch_command import multisearch
from daptinmail.imap.esearch_grammar import esearch as esearch_arguments
from daptinmail.imap.fetch_grammar import fetch as fetch_arguments
from daptinmail.imap.grammar import nothing, only
from daptinmail.imap.search_grammar import search as search_arguments
from daptinmail.imap.session import Session
from daptinmail.imap.sort_grammar import sort as sort_arguments
from daptinmail.imap.thread_grammar import thread as thread_arguments

T = TypeVar("T")


async def no_messages(_: Session, __: Cursor) -> None:
    """Most commands bring no messages along."""
    raise Malformed("No message expected")


@frozen
class Command(Generic[T]):
    """``may_expunge``: untagged EXPUNGE is allowed in answer to it (RFC 3501 §7.4.1).

    ``admit`` says, before its first message comes, whether it may: it raises what will be the tagged answer.
    """

    parse: Callable[[Cursor], T]
    run: Callable[[Session, T], Awaitable[Answer]]
    may_expunge: bool = True
    admit: Callable[[Session, Cursor], Awaitable[None]] = no_messages


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
    b"NAMESPACE": Command(nothing, mailboxes.namespace),
    b"SELECT": Command(modifiers.select, selecting.select),
    b"EXAMINE": Command(modifiers.select, selecting.examine),
    b"CREATE": Command(list_grammar.create, mailboxes.create),
    b"DELETE": Command(only(grammar.mailbox), mailboxes.delete),
    b"RENAME": Command(list_grammar.rename, mailboxes.rename),
    b"SUBSCRIBE": Command(only(grammar.mailbox), mailboxes.subscribe),
    b"UNSUBSCRIBE": Command(only(grammar.mailbox), mailboxes.unsubscribe),
    b"STATUS": Command(list_grammar.status, status.status),
    b"LIST": Command(list_grammar.listing, listing.list_mailboxes),
    b"LSUB": Command(list_grammar.lsub, listing.list_subscribed),
    b"GETMETADATA": Command(metadata_grammar.get_metadata, metadata.get_metadata),
    b"SETMETADATA": Command(metadata_grammar.set_metadata, metadata.set_metadata),
    b"GETQUOTA": Command(only(quota.root), quota.get_quota),
    b"GETQUOTAROOT": Command(only(grammar.mailbox), quota.get_quota_root),
    b"SETQUOTA": Command(quota.set_arguments, quota.set_quota),
    b"SETACL": Command(acl.set_arguments, acl.set_acl),
    b"DELETEACL": Command(acl.entry_arguments, acl.delete_acl),
    b"GETACL": Command(only(grammar.mailbox), acl.get_acl),
    b"LISTRIGHTS": Command(acl.entry_arguments, acl.list_rights),
    b"MYRIGHTS": Command(only(grammar.mailbox), acl.my_rights),
    b"COMPRESS": Command(compress.mechanism, compress.compress),
    b"APPEND": Command(append_grammar.append, append.append, admit=append.admit_append),
    b"ESEARCH": Command(esearch_arguments, multisearch),
    b"IDLE": Command(nothing, idle.idle),
    b"NOTIFY": Command(notify_grammar.notify, notify.notify),
}

SELECTED: dict[bytes, Command[Any]] = {
    b"CHECK": Command(nothing, basics.check),
    b"CLOSE": Command(nothing, selecting.close),
    b"UNSELECT": Command(nothing, selecting.unselect),
    b"EXPUNGE": Command(nothing, selecting.expunge),
    b"UID EXPUNGE": Command(only(grammar.sequence_set), selecting.uid_expunge),
    b"FETCH": Command(fetch_arguments, fetch.fetch, may_expunge=False),
    b"UID FETCH": Command(fetch_arguments, fetch.uid_fetch),
    b"STORE": Command(modifiers.store, flags.store, may_expunge=False),
    b"UID STORE": Command(modifiers.store, flags.uid_store),
    b"SEARCH": Command(search_arguments, search.search, may_expunge=False),
    b"UID SEARCH": Command(search_arguments, search.uid_search),
    b"SORT": Command(sort_arguments, sort.sort, may_expunge=False),
    b"UID SORT": Command(sort_arguments, sort.uid_sort),
    b"THREAD": Command(thread_arguments, thread.thread, may_expunge=False),
    b"UID THREAD": Command(thread_arguments, thread.uid_thread),
    b"CANCELUPDATE": Command(context.tags, context.cancel_update),
    b"COPY": Command(grammar.copy, copy_move.copy),
    b"UID COPY": Command(grammar.copy, copy_move.uid_copy),
    b"MOVE": Command(grammar.copy, copy_move.move),
    b"UID MOVE": Command(grammar.copy, copy_move.uid_move),
    b"REPLACE": Command(append_grammar.replace, append.replace, admit=append.admit_replace),
    b"UID REPLACE": Command(append_grammar.replace, append.uid_replace, admit=append.admit_replace),
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

NUMBERED = frozenset({b"FETCH", b"STORE", b"SEARCH", b"COPY", b"MOVE", b"SORT", b"THREAD", b"REPLACE"})
"""Commands that ask or answer by sequence number (RFC 9586 §3)."""
