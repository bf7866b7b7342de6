"""Step 5 of THREAD REFERENCES: threads with the same base subject come together (RFC 5256 §3)."""

from collections.abc import Sequence
from typing import Protocol

from daptinmail.imap.thread_forest import Forest


class Subjected(Protocol):
    """What is compared."""

    @property
    def subject(self) -> str:
        """The base subject."""

    @property
    def reply(self) -> bool:
        """True for a reply or forward."""


def merge_by_subject(forest: Forest, messages: Sequence[Subjected]) -> None:
    """Merge threads of ``forest``, whose roots are in order."""
    table = _subject_table(forest, messages)
    roots: list[int] = []
    merged: dict[int, int] = {}  # a root that came earlier -> the dummy that took its place
    for root in forest.roots:
        subject = _subject(forest, messages, root)
        if not subject or table[subject] == root:
            roots.append(root)
            continue
        other = table[subject]
        if forest.is_dummy(other):
            forest.children[other] += forest.children[root] if forest.is_dummy(root) else [root]
        elif messages[root].reply and not messages[other].reply:
            forest.children[other].append(root)
        else:
            table[subject] = merged[other] = len(forest.children)
            forest.children.append([other, root])
    forest.roots[:] = [merged.get(root, root) for root in roots]


def _subject_table(forest: Forest, messages: Sequence[Subjected]) -> dict[str, int]:
    """Steps 5.A and 5.B: one root for each subject."""
    table: dict[str, int] = {}
    for root in forest.roots:
        subject = _subject(forest, messages, root)
        if not subject:
            continue
        other = table.setdefault(subject, root)
        if forest.is_dummy(other) or other == root:
            continue
        if forest.is_dummy(root) or (messages[other].reply and not messages[root].reply):
            table[subject] = root
    return table


def _subject(forest: Forest, messages: Sequence[Subjected], root: int) -> str:
    return messages[forest.children[root][0] if forest.is_dummy(root) else root].subject
