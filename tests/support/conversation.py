"""Dialogues of the IMAP corpus: read from files, played against anything that can be talked to.

The form is told in ``tests/imap/corpus/README.md``.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Protocol, TypeVar

from attrs import define, field, frozen

from tests.support.dialogue import NotAsWritten

C = TypeVar("C")

_SESSION = re.compile(r"([A-F]) (?=[CS][:<~*!] |[CS][:<~*!]$|@ )")
_HOLE = re.compile(r"<([a-z][a-z0-9]*)>|(\.\.\.)")


@frozen
class Conversation:
    """One dialogue: where it stands, what it promises, and its lines with their line numbers."""

    path: Path
    title: str
    lines: tuple[tuple[int, str], ...] = field(repr=False)

    @property
    def memory_only(self) -> bool:
        """True if it cannot be played over a socket."""
        return any(re.match(r"(?:[A-F] )?@ (?:memory|advance)\b", line) for _, line in self.lines)


class Talk(Protocol):
    """One session that can be talked to."""

    def send(self, data: bytes) -> None:
        """The client sends octets."""

    def line(self) -> str:
        """The next line of the server, octets as Latin-1. Raises ``NotAsWritten`` if there is none."""

    def check(self, what: str) -> None:
        """``closed`` or ``silent``. Raises ``NotAsWritten``."""


class Stage(Protocol):
    """Where a dialogue is played: fresh accounts, sessions, messages."""

    names: Mapping[str, str]

    def connect(self) -> Talk:
        """A connection, its greeting unread."""

    def put(self, message: str, mailbox: str, flags: tuple[str, ...]) -> None:
        """Put a message (``1`` to ``9``, or a name) into a mailbox of the account."""

    def advance(self, seconds: float) -> None:
        """Let time pass."""


def read_corpus(directory: Path) -> list[Conversation]:
    """All dialogues of all files."""
    found: list[Conversation] = []
    for path in sorted(directory.glob("*.txt")):
        found += _read(path)
    return found


def _read(path: Path) -> Iterator[Conversation]:
    title, lines = "", list[tuple[int, str]]()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        text = line.strip()
        if text.startswith("=== "):
            if lines:
                yield Conversation(path, title, tuple(lines))
            title, lines = text[4:], []
        elif text and not text.startswith("#"):
            if not title:
                raise ValueError(f"{path.name}:{number}: a line before the first title")
            lines.append((number, line.lstrip()))
    if lines:
        yield Conversation(path, title, tuple(lines))


def named(conversation: Conversation) -> str:
    """The name of its test."""
    words = "".join(char if char.isalnum() else "_" for char in conversation.title.lower())
    return f"test_{conversation.path.stem}__{words}"


def add_tests(case: type[C], conversations: Iterable[Conversation], play: Callable[[C, Conversation], None]) -> None:
    """Give ``case`` a test for each conversation."""
    for conversation in conversations:
        setattr(case, named(conversation), _playing(conversation, play))


def _playing(conversation: Conversation, play: Callable[[C, Conversation], None]) -> Callable[[C], None]:
    def test(case: C) -> None:
        play(case, conversation)

    test.__doc__ = conversation.title
    return test


@define(eq=False)
class Player:
    """Plays one dialogue on one stage."""

    stage: Stage
    _talks: dict[str, Talk] = field(factory=dict, init=False)
    _kept: dict[str, str] = field(factory=dict, init=False)

    def play(self, conversation: Conversation) -> None:
        """Raises ``NotAsWritten`` with file and line."""
        for number, line in conversation.lines:
            try:
                self._step(line)
            except NotAsWritten as error:
                where = f"{conversation.path.name}:{number} ({conversation.title})"
                raise NotAsWritten(f"{where}: {error}") from None

    def _step(self, line: str) -> None:
        named = _SESSION.match(line)
        session, rest = (named.group(1), line[named.end() :]) if named else ("A", line)
        mark, text = rest[:2], rest[2:].removeprefix(" ")
        for name, value in self.stage.names.items():
            text = text.replace(f"{{{name}}}", value)
        if mark == "@ ":
            self._direct(session, text.split(" # ")[0].split())
        elif mark == "C:":
            self._talk(session).send(self._filled(text).encode() + b"\r\n")
        elif mark == "C<":
            self._talk(session).send(self._filled(text).encode().decode("unicode_escape").encode("latin-1"))
        elif mark == "S!":
            self._talk(session).check(text)
        elif mark in {"S:", "S~", "S*"}:
            self._hear(session, mark, text)
        else:
            raise ValueError(f"not a line of a dialogue: {line!r}")

    def _talk(self, session: str) -> Talk:
        if session not in self._talks:
            self._direct(session, ["login"])
        return self._talks[session]

    def _hear(self, session: str, mark: str, text: str) -> None:
        pattern = self._pattern(text, raw=mark == "S~")
        while True:
            line = self._talk(session).line()
            found = re.fullmatch(pattern, line)
            if found:
                self._kept.update(found.groupdict())
                return
            if mark != "S*":
                raise NotAsWritten(f"wanted {text!r}, got {line!r}")

    def _pattern(self, text: str, raw: bool) -> str:
        text = text.encode().decode("latin-1")
        if raw:
            return text
        pattern, at = "", 0
        for hole in _HOLE.finditer(text):
            pattern += re.escape(text[at : hole.start()])
            name, at = hole.group(1), hole.end()
            if name is None:
                pattern += ".*"
            elif name in self._kept:
                pattern += re.escape(self._kept[name])
            else:
                pattern += rf"(?P<{name}>[^ ()\[\]]+)"
        return pattern + re.escape(text[at:])

    def _filled(self, text: str) -> str:
        return re.sub(r"<([a-z][a-z0-9]*)>", lambda hole: self._kept.get(hole.group(1), hole.group()), text)

    # Directives

    def _direct(self, session: str, words: list[str]) -> None:
        directives: Mapping[str, Callable[[str, list[str]], None]] = {
            "messages": self._put_many,
            "message": self._put_one,
            "connect": self._connect,
            "login": self._login,
            "select": self._select,
            "enable": self._enable,
            "advance": lambda _, arguments: self.stage.advance(float(arguments[0])),
            "memory": lambda *_: None,
        }
        directives[words[0]](session, words[1:])

    def _put_many(self, _: str, arguments: list[str]) -> None:
        for number in range(1, int(arguments[0]) + 1):
            self.stage.put(str(number), arguments[1] if len(arguments) > 1 else "INBOX", ())

    def _put_one(self, _: str, arguments: list[str]) -> None:
        self.stage.put(arguments[0], arguments[1] if len(arguments) > 1 else "INBOX", tuple(arguments[2:]))

    def _connect(self, session: str, _: list[str]) -> None:
        self._talks[session] = self.stage.connect()
        self._hear(session, "S:", "* OK ...")

    def _login(self, session: str, arguments: list[str]) -> None:
        self._connect(session, [])
        names = self.stage.names
        login = names.get(arguments[0], arguments[0]) if arguments else names["login"]
        self._command(session, f"LOGIN {login} {names['password']}")

    def _select(self, session: str, arguments: list[str]) -> None:
        if session not in self._talks:
            self._login(session, [])
        self._command(session, "SELECT " + " ".join(arguments))

    def _enable(self, session: str, arguments: list[str]) -> None:
        self._talk(session)
        self._command(session, "ENABLE " + " ".join(arguments))

    def _command(self, session: str, command: str) -> None:
        self._talks[session].send(f"zz {command}\r\n".encode())
        self._hear(session, "S*", "zz OK ...")
