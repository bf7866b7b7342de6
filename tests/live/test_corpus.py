"""The corpus of IMAP conversations over a real TLS socket, against a server that runs as its operator runs it."""

import itertools
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar

from attrs import define, field
from twisted.trial.unittest import SynchronousTestCase

from tests.imap.test_corpus import CORPUS, content_of, named
from tests.live.harness import PATIENCE
from tests.live.site import Site, unverified
from tests.support.conversation import Conversation, Player
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

    def connect(self) -> SocketTalk:
        """A connection."""
        talk = SocketTalk(self.site.imaps, self.context)
        self.talks.append(talk)
        return talk

    def put(self, message: str, mailbox: str, flags: tuple[str, ...]) -> None:
        """Put a message, by APPEND."""
        session = self.site.login(self.names["login"], PASSWORD)
        session.append(mailbox, f"({' '.join(flags)})", "", content_of(message))
        session.logout()

    def advance(self, seconds: float) -> None:
        """Real time does not."""
        raise NotAsWritten("time cannot be advanced here")


class LiveCorpusTests(SynchronousTestCase):
    """One server for all; each dialogue has its own accounts."""

    site: ClassVar[Site]
    context: ClassVar[ssl.SSLContext]
    numbers: ClassVar[Iterator[int]] = itertools.count(1)

    @classmethod
    def setUpClass(cls) -> None:
        cls.site, cls.context = Site(), unverified()
        cls.site.start()

    @classmethod
    def tearDownClass(cls) -> None:
        cls.site.server.stop()

    def play(self, conversation: Conversation) -> None:
        """Play a dialogue."""
        number = next(self.numbers)
        names = {"login": f"ann{number}@example.test", "other": f"ben{number}@example.test", "password": PASSWORD}
        for key in ("login", "other"):
            self.site.server.create(
                "mail_account",
                {"username": names[key], "password": names["password"]},
                mail_server_id=self.site.ids["mail.example.test"],
            )
        stage = SiteStage(self.site, self.context, names)
        try:
            Player(stage).play(conversation)
        finally:
            for talk in stage.talks:
                talk.close()


def playing(conversation: Conversation) -> Callable[[LiveCorpusTests], None]:
    """A test method."""

    def test(case: LiveCorpusTests) -> None:
        case.play(conversation)

    test.__doc__ = conversation.title
    return test


for _conversation in CORPUS:
    if not _conversation.memory_only:
        setattr(LiveCorpusTests, named(_conversation), playing(_conversation))
