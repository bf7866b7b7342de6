"""The base subject, by which THREAD and SORT compare subjects (RFC 5256 §2.1)."""

import re

from attrs import frozen

from daptinmail.mail.collation import casemap

MAX_SUBJECT = 500
"""Characters of a subject that are looked at."""

_BLOB = r"\[[^\[\]]*\] *"
_TRAILER = re.compile(r"(?: |\(fwd\))+\Z", re.I)
_FORWARDED = re.compile(r"\(fwd\)", re.I)
_LEADER = re.compile(rf"(?:{_BLOB})*(?:re|fwd?) *(?:{_BLOB})?:", re.I)
_LEADING_BLOB = re.compile(_BLOB)
_FORWARD_HEADER = re.compile(r"\[fwd:(.*)\]\Z", re.I | re.S)


@frozen
class BaseSubject:
    """``text`` is casemapped; ``is_reply`` is true if the subject is that of a reply or of a forwarded message."""

    text: str
    is_reply: bool


def base_subject(subject: str) -> BaseSubject:
    """The base of a decoded subject. Never raises."""
    text, is_reply = " ".join(subject[:MAX_SUBJECT].split()), False
    while True:
        text, forwarded = _without_trailer(text)
        text, replied = _without_leader(text)
        is_reply = is_reply or forwarded or replied
        inner = _FORWARD_HEADER.match(text)
        if inner is None:
            return BaseSubject(casemap(text), is_reply)
        text, is_reply = inner[1], True


def _without_trailer(text: str) -> tuple[str, bool]:
    """Step 2: blanks and "(fwd)" at the end."""
    found = _TRAILER.search(text)
    if found is None:
        return text, False
    return text[: found.start()], _FORWARDED.search(found[0]) is not None


def _without_leader(text: str) -> tuple[str, bool]:
    """Steps 3 to 5: "Re:", "Fwd:" and "[list]" at the beginning, as long as something is left."""
    is_reply = False
    while True:
        text = text.lstrip(" ")
        leader = _LEADER.match(text)
        if leader is not None:
            text, is_reply = text[leader.end() :], True
            continue
        blob = _LEADING_BLOB.match(text)
        if blob is None or blob.end() == len(text):
            return text, is_reply
        text = text[blob.end() :]
