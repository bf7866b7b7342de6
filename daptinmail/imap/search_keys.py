"""Whether a message meets a search program, as far as that is known.

The answer is ``True``, ``False`` or ``None``: cannot be told without more of the message. So a search asks the view
first, the index for what is left, and opens files only for what even that cannot decide.
"""

from collections.abc import Sequence
from datetime import date
from email.utils import parsedate_tz
from functools import cached_property
from typing import Any

from attrs import define

from daptinmail.imap.search_text import field_texts, header_text
from daptinmail.imap.selected import SelectedMailbox
from daptinmail.imap.sequences import SequenceSet, contains
from daptinmail.imap.values import Every, Key, Negated, SearchKey
from daptinmail.mail.header import HeaderSection

Verdict = bool | None

FLAG_KEYS = {b"ANSWERED": rb"\Answered", b"DELETED": rb"\Deleted", b"DRAFT": rb"\Draft"}
FLAG_KEYS |= {b"FLAGGED": rb"\Flagged", b"SEEN": rb"\Seen"}
FIELD_KEYS = {b"BCC": b"bcc", b"CC": b"cc", b"FROM": b"from", b"SUBJECT": b"subject", b"TO": b"to"}

HEADER_KEYS = {*FIELD_KEYS, b"HEADER", b"TEXT", b"SENTBEFORE", b"SENTON", b"SENTSINCE"}
"""Keys that look into the header section."""

DAY = 86_400_000  # milliseconds
EPOCH = 719_163  # the day 1970-01-01 as ``date.toordinal`` counts


class Facts:
    """What the index knows of one message; texts are worked out when asked for."""

    def __init__(self, row: Sequence[Any], columns: Sequence[str]) -> None:
        values = dict(zip(columns, row[1:], strict=True))
        self.size: int = values["size"]
        self.arrived_day: int = values["internal_date"] // DAY
        self.raw_header: bytes = values.get("header", b"")

    @cached_property
    def header(self) -> HeaderSection:
        """The header section by name."""
        return HeaderSection(self.raw_header)

    @cached_property
    def plain(self) -> bytes | None:
        """The header section in lower case if it is what it looks like: ASCII, no encoded words. Else ``None``."""
        header = self.raw_header
        return header.lower() if header.isascii() and b"=?" not in header else None

    def may_hold(self, text: str) -> bool:
        """False if no field can hold ``text``: a quick look at the words before anything is parsed."""
        return self.plain is None or (text.isascii() and all(word in self.plain for word in text.encode().split()))

    @cached_property
    def header_text(self) -> str:
        """All of the header section, decoded."""
        return header_text(self.raw_header)

    @cached_property
    def sent(self) -> date | None:
        """The date in the Date field, as written there (RFC 3501 §6.4.4: disregarding time and zone)."""
        text = (self.header.first(b"date") or b"")[:200].decode("latin-1")
        try:
            parsed = parsedate_tz(text)
            return date(*parsed[:3]) if parsed else None
        except (ValueError, OverflowError, IndexError, TypeError):
            return None


@define(eq=False)
class Candidate:
    """A message under search."""

    index: int
    uid: int
    facts: Facts | None = None
    body: str | None = None


class Evaluator:
    """Judges candidates of one view by one program."""

    def __init__(self, view: SelectedMailbox, program: SearchKey) -> None:
        self.view = view
        self.program = program
        self._ranges: dict[Key, list[tuple[int, int]]] = {}

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """What the program asks of the index: no header section if dates, sizes and content will do."""
        return ("internal_date", "size", "header") if _needs_header(self.program) else ("internal_date", "size")

    def judge(self, candidate: Candidate) -> Verdict:
        """Whether the candidate meets the program."""
        return self._judge(self.program, candidate)

    def _judge(self, key: SearchKey, candidate: Candidate) -> Verdict:
        """Kleene's logic; nesting is bounded by the grammar."""
        if isinstance(key, Key):
            return self._judge_key(key, candidate)
        if isinstance(key, Negated):
            verdict = self._judge(key.key, candidate)
            return None if verdict is None else not verdict
        if isinstance(key, Every):
            return self._judge_any(key.keys, candidate, wanted=False)
        return self._judge_any((key.left, key.right), candidate, wanted=True)

    def _judge_any(self, keys: tuple[SearchKey, ...], candidate: Candidate, wanted: bool) -> Verdict:
        """``wanted`` as soon as one key says so; its opposite if all do."""
        verdict: Verdict = not wanted
        for key in keys:
            one = self._judge(key, candidate)
            if one is wanted:
                return wanted
            if one is None:
                verdict = None
        return verdict

    def _judge_key(self, key: Key, candidate: Candidate) -> Verdict:
        name = key.name
        if name in {b"SEQUENCE", b"UID"}:
            return contains(self._ranges_of(key), candidate.index + 1 if name == b"SEQUENCE" else candidate.uid)
        by_flags = self._judge_flags(key, candidate)
        if by_flags is not None:
            return by_flags
        if candidate.facts is None:
            return None
        if name in {b"BODY", b"TEXT"}:
            return _judge_text(key, candidate, candidate.facts)
        return judge_facts(key, candidate.facts)

    def _ranges_of(self, key: Key) -> list[tuple[int, int]]:
        ranges = self._ranges.get(key)
        if ranges is None:
            uids = self.view.uids
            largest = len(uids) if key.name == b"SEQUENCE" else uids[-1] if uids else 0
            if not isinstance(key.argument, SequenceSet):
                raise TypeError(key)
            ranges = self._ranges[key] = key.argument.resolve(largest)
        return ranges

    def _judge_flags(self, key: Key, candidate: Candidate) -> Verdict:
        """``None`` if the key is not about flags."""
        name, flags = key.name, self.view.flags[candidate.index]
        if name == b"ALL":
            return True
        if name in FLAG_KEYS:
            return FLAG_KEYS[name] in flags
        if name[:2] == b"UN" and name[2:] in FLAG_KEYS:
            return FLAG_KEYS[name[2:]] not in flags
        if name in {b"KEYWORD", b"UNKEYWORD"}:
            return any(flag.lower() == key.argument for flag in flags) == (name == b"KEYWORD")
        if name in {b"RECENT", b"OLD", b"NEW"}:
            recent = self.view.is_recent(candidate.index)
            return not recent if name == b"OLD" else recent and (name == b"RECENT" or rb"\Seen" not in flags)
        return None


def _needs_header(key: SearchKey) -> bool:
    if isinstance(key, Key):
        return key.name in HEADER_KEYS
    if isinstance(key, Negated):
        return _needs_header(key.key)
    return any(map(_needs_header, key.keys if isinstance(key, Every) else (key.left, key.right)))


def judge_facts(key: Key, facts: Facts) -> bool:
    """Keys that the index decides."""
    name, argument = key.name, key.argument
    if isinstance(argument, int):
        return facts.size > argument if name == b"LARGER" else facts.size < argument
    if isinstance(argument, date):
        when = facts.sent if name.startswith(b"SENT") else date.fromordinal(EPOCH + facts.arrived_day)
        return when is not None and _compare_dates(name.removeprefix(b"SENT"), when, argument)
    if isinstance(argument, tuple):
        field, text = argument
        return facts.may_hold(text) and any(text in value for value in field_texts(facts.header, field.encode("utf-8")))
    text = str(argument)
    return facts.may_hold(text) and any(text in value for value in field_texts(facts.header, FIELD_KEYS[name]))


def _compare_dates(name: bytes, when: date, wanted: date) -> bool:
    if name == b"BEFORE":
        return when < wanted
    return when == wanted if name == b"ON" else when >= wanted


def _judge_text(key: Key, candidate: Candidate, facts: Facts) -> Verdict:
    """TEXT looks at header section and body, BODY at the body."""
    text = str(key.argument)
    if not text or (key.name == b"TEXT" and facts.may_hold(text) and text in facts.header_text):
        return True
    return None if candidate.body is None else text in candidate.body
