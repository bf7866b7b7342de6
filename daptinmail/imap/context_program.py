"""Search programs that are run again: what they mean is settled when they come (RFC 5267 §4.3)."""

from collections.abc import Sequence

from daptinmail.imap.search_keys import ViewKeys
from daptinmail.imap.search_values import Either, Every, Key, Negated, SearchKey
from daptinmail.imap.selected import SelectedMailbox
from daptinmail.imap.sequences import SequenceSet


def frozen_program(key: SearchKey, view: SelectedMailbox, saved: Sequence[int]) -> SearchKey:
    """The program with UIDs in place of sequence numbers and ``$``."""
    if isinstance(key, Negated):
        return Negated(frozen_program(key.key, view, saved))
    if isinstance(key, Every):
        return Every(tuple(frozen_program(one, view, saved) for one in key.keys))
    if isinstance(key, Either):
        return Either(frozen_program(key.left, view, saved), frozen_program(key.right, view, saved))
    if key.name == b"$":
        return Key(b"UID", SequenceSet(tuple((uid, uid) for uid in saved)))
    if key.name == b"SEQUENCE":
        ranges = ViewKeys(view, ()).ranges(key) or []
        uids = view.uids
        return Key(b"UID", SequenceSet(tuple((uids[start], uids[stop - 1]) for start, stop in ranges if start < stop)))
    return key


def looks_at_others(key: SearchKey) -> bool:
    """True if whether a message meets the program may depend on other messages: on which one is the last."""
    if isinstance(key, Negated):
        return looks_at_others(key.key)
    if isinstance(key, Key):
        return isinstance(key.argument, SequenceSet) and key.argument.has_star
    return any(map(looks_at_others, key.keys if isinstance(key, Every) else (key.left, key.right)))
