"""THREAD ORDEREDSUBJECT (RFC 5256 §3). Runs in a pool thread."""

from collections.abc import Sequence
from itertools import groupby

from daptinmail.imap.thread_forest import Forest


def by_subject(subjects: Sequence[str], sent: Sequence[int]) -> Forest:
    """Messages in mailbox order -> a thread for each base subject: the earliest message, the others below it."""
    order = sorted(range(len(subjects)), key=lambda message: (subjects[message], sent[message]))
    children: list[list[int]] = [[] for _ in subjects]
    roots: list[int] = []
    for _, group in groupby(order, key=subjects.__getitem__):
        head, *others = group
        roots.append(head)
        children[head] = others
    roots.sort(key=lambda message: (sent[message], message))
    return Forest(len(subjects), roots, children)
