"""The corpus of IMAP conversations over a real TLS socket, against a server that runs as its operator runs it."""

import itertools
import socket
import ssl
from collections.abc import Iterator, Mapping
from imaplib import IMAP4
from typing import ClassVar

from attrs import define, field

from tests.imap.test_corpus import CORPUS, content_of
from tests.live.harness import PATIENCE
from tests.live.site import SharedSite, Site, unverified
from tests.support.conversation import Conversation, Player, add_tests
from tests.support.dialogue import NotAsWritten

PASSWORD = "correct-horse-battery"


class SocketTalk:
    """One session over TLS."""

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        plain = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.socket = context.wrap_socket(plain)
        self.lines = self.socket.makefile("rb")

    def send(self, data: bytes) -> None:
        """The client sends octets."""
        self.socket.sendall(data)

    def line(self) -> str:
        """The next line."""
        try:
            line = self.lines.readline()
        except OSError as error:
            raise NotAsWritten(f"the server said nothing more ({error})") from None
        if not line.endswith(b"\r\n"):
            raise NotAsWritten(f"the server closed the connection (incomplete: {line!r})")
        return line[:-2].decode("latin-1")

    def check(self, what: str) -> None:
        """``closed`` is seen; that nothing comes cannot be seen here."""
        if what == "closed" and (rest := self.lines.read(1)):
            raise NotAsWritten(f"wanted the end, got {rest!r}")

    def close(self) -> None:
        """Hang up."""
        self.lines.close()
        self.socket.close()


@define
class SiteStage:
    """A running server with two fresh accounts."""

    site: Site
    context: ssl.SSLContext
    names: Mapping[str, str]
    talks: list[SocketTalk] = field(factory=list)
    _putting: IMAP4 | None = None

    def connect(self) -> SocketTalk:
        """A connection."""
        talk = SocketTalk(self.site.imaps, self.context)
        self.talks.append(talk)
        return talk

    def put(self, message: str, mailbox: str, flags: tuple[str, ...]) -> None:
        """Put a message, by APPEND."""
        if self._putting is None:
            self._putting = self.site.login(self.names["login"], PASSWORD)
        status, answer = self._putting.append(mailbox, f"({' '.join(flags)})", "", content_of(message))
        if status != "OK":
            raise NotAsWritten(f"APPEND: {answer!r}")

    def advance(self, seconds: float) -> None:
        """Real time does not."""
        raise NotAsWritten("time cannot be advanced here")

    def close(self) -> None:
        """Hang up everywhere."""
        for talk in self.talks:
            talk.close()
        if self._putting is not None:
            self._putting.logout()


class LiveCorpusTests(SharedSite):
    """One server for all; each dialogue has its own accounts."""

    context: ClassVar[ssl.SSLContext] = unverified()
    numbers: ClassVar[Iterator[int]] = itertools.count(1)

    def play(self, conversation: Conversation) -> None:
        """Play a dialogue."""
        number = next(self.numbers)
        names = {"login": f"ann{number}@example.test", "other": f"ben{number}@example.test", "password": PASSWORD}
        wanted = [names["login"]]
        if any("{other}" in line or "login other" in line for _, line in conversation.lines):
            wanted.append(names["other"])
        rows = [self.make(username) for username in wanted]
        stage = SiteStage(self.site, self.context, names)
        try:
            Player(stage).play(conversation)
        finally:
            stage.close()
            for row in rows:  # what they shared with anyone goes with them
                self.site.server.call("DELETE", f"/api/mail_account/{row}")

    def make(self, username: str) -> str:
        """A new account; its reference."""
        attributes = {"username": username, "password": PASSWORD}
        return self.site.server.create("mail_account", attributes, mail_server_id=self.site.ids["mail.example.test"])


add_tests(LiveCorpusTests, (one for one in CORPUS if not one.memory_only), LiveCorpusTests.play)
