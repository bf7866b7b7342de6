"""The mbox format (RFC 4155; quoting as in mboxrd), read and written a message at a time.

Flags stand in the fields ``Status``, ``X-Status`` and ``X-Keywords``, as mail programs on Unix have always written
them; they are taken out of what is read. Nothing here raises on hostile input; memory is bounded by one message.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import BinaryIO

from attrs import frozen

CHUNK = 1 << 16  # octets of a line read at a time

_FROM = re.compile(
    rb"From (?P<sender>\S*) +(?P<date>[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d(?::\d\d)?)"
    rb"(?: [A-Za-z+-][\w+-]*){0,2} (?P<year>\d{4})(?: [+-]\d{4})?\s*"
)
_QUOTED = re.compile(rb"(?m)^>(>*From )")
_TO_QUOTE = re.compile(rb"(?m)^(>*From )")
_STATE = re.compile(rb"(?mi)^(Status|X-Status|X-Keywords|X-UID|X-IMAP|X-IMAPbase)[ \t]*:((?:.*\n[ \t])*.*)\n?")
_STATUS = {b"R": rb"\Seen"}
_X_STATUS = {b"A": rb"\Answered", b"F": rb"\Flagged", b"D": rb"\Deleted", b"T": rb"\Draft"}
_KEYWORD = re.compile(rb'[^\x00-\x20(){%*"\\\]\x7f-\xff]{1,100}')


@frozen
class MboxMessage:
    """One message. ``content`` has CRLF line ends; ``received`` is the date of its From_ line, taken as UTC."""

    content: bytes
    flags: frozenset[bytes] = frozenset()
    received: datetime | None = None
    sender: bytes = b""


@frozen
class TooLarge:
    """A message over the limit that was passed over. ``size`` in octets as they stand in the file."""

    size: int


def read_messages(file: BinaryIO, largest: int) -> Iterator[MboxMessage | TooLarge]:
    """The messages in the file, in order; what stands before the first From_ line is no message."""
    separator: re.Match[bytes] | None = None
    gathered, size, after_blank = bytearray(), 0, True
    for line, whole in _lines(file):
        found = _FROM.fullmatch(line) if after_blank and whole and line.startswith(b"From ") else None
        if found is not None:
            if separator is not None and (one := _message(separator, gathered, size, largest)) is not None:
                yield one
            separator, size = found, 0
            gathered.clear()
        else:
            size += len(line)
            if size <= largest:
                gathered += line
        after_blank = whole and line in {b"\n", b"\r\n"}
    if separator is not None and (one := _message(separator, gathered, size, largest)) is not None:
        yield one


def write_message(content: bytes, flags: frozenset[bytes], received: datetime, sender: bytes = b"") -> bytes:
    """One message as it stands in an mbox file, with its From_ line and the empty line at its end."""
    text = content.replace(b"\r\n", b"\n")
    end = 0 if text.startswith(b"\n") else text.find(b"\n\n") + 1
    head, body = (text[:end], text[end:]) if end or text.startswith(b"\n") else (text, b"\n")
    if head and not head.endswith(b"\n"):
        head += b"\n"
    quoted = _TO_QUOTE.sub(rb">\1", head + _state_fields(flags) + body)
    stamp = received.astimezone(UTC).strftime("%a %b %e %H:%M:%S %Y").encode("ascii")
    first = b"From %b %b\n" % (sender if sender and b" " not in sender else b"MAILER-DAEMON", stamp)
    return first + quoted + (b"\n" if quoted.endswith(b"\n") else b"\n\n")


def _lines(file: BinaryIO) -> Iterator[tuple[bytes, bool]]:
    """Lines, the longest in pieces; true for what begins a line and ends it."""
    beginning = True
    while line := file.readline(CHUNK):
        ended = line.endswith(b"\n")
        yield line, beginning and (ended or len(line) < CHUNK)
        beginning = ended


def _message(separator: re.Match[bytes], gathered: bytearray, size: int, largest: int) -> MboxMessage | TooLarge | None:
    """What stands after a From_ line; ``None`` for the message that other programs keep their own data in."""
    if size > largest:
        return TooLarge(size)
    text = bytes(gathered).replace(b"\r\n", b"\n").removesuffix(b"\n")
    text = _QUOTED.sub(rb"\1", text)
    if text and not text.endswith(b"\n"):
        text += b"\n"
    end = 0 if text.startswith(b"\n") else text.find(b"\n\n") + 1 or len(text)
    state = {name.lower(): value.strip() for name, value in _STATE.findall(text[:end])}
    if b"x-imap" in state:
        return None
    content = (_STATE.sub(b"", text[:end]) + text[end:]).replace(b"\n", b"\r\n")
    return MboxMessage(content, _flags(state), _date(separator), separator["sender"])


def _flags(state: dict[bytes, bytes]) -> frozenset[bytes]:
    found = {flag for letter, flag in _STATUS.items() if letter in state.get(b"status", b"")}
    found |= {flag for letter, flag in _X_STATUS.items() if letter in state.get(b"x-status", b"")}
    keywords = state.get(b"x-keywords", b"").split()[:100]
    return frozenset(found | {word for word in keywords if _KEYWORD.fullmatch(word)})


def _state_fields(flags: frozenset[bytes]) -> bytes:
    fields = b"Status: %bO\n" % b"".join(letter for letter, flag in _STATUS.items() if flag in flags)
    letters = b"".join(letter for letter, flag in _X_STATUS.items() if flag in flags)
    if letters:
        fields += b"X-Status: %b\n" % letters
    keywords = sorted(flag for flag in flags if not flag.startswith(b"\\"))
    return fields + (b"X-Keywords: %b\n" % b" ".join(keywords) if keywords else b"")


def _date(separator: re.Match[bytes]) -> datetime | None:
    text = f"{separator['date'].decode('ascii')} {separator['year'].decode('ascii')}"
    for form in ("%a %b %d %H:%M:%S %Y", "%a %b %d %H:%M %Y"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None
