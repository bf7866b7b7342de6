"""The corpus of conversations over ``StringTransport``: on the store in memory, and on the real one."""

from collections.abc import Callable, Mapping
from pathlib import Path

from attrs import define, field
from twisted.trial.unittest import SynchronousTestCase

from tests.imap.corpus_messages import NAMED, NUMBERED
from tests.imap.session import Server
from tests.imap.test_over_store import StoredServer
from tests.support.conversation import Conversation, Player, add_tests, named, read_corpus
from tests.support.dialogue import Dialogue, NotAsWritten

CORPUS = read_corpus(Path(__file__).parent / "corpus")


def content_of(message: str) -> bytes:
    """A message of the corpus."""
    return NUMBERED[int(message) - 1] if message.isdigit() else NAMED[message]


@define
class MemoryTalk:
    """One session over ``StringTransport``."""

    dialogue: Dialogue

    def send(self, data: bytes) -> None:
        """The client sends octets."""
        self.dialogue.send(data)

    def line(self) -> str:
        """The next line."""
        said = self.dialogue.answers()
        line, end, rest = said.partition(b"\r\n")
        self.dialogue._unread = rest if end else said
        if not end:
            raise NotAsWritten(f"the server said nothing more (incomplete: {line!r})")
        return line.decode("latin-1")

    def check(self, what: str) -> None:
        """``closed`` or ``silent``."""
        self.dialogue.run(f"S! {what}")


@define
class MemoryStage:
    """A server in memory with two accounts."""

    server: Server
    names: Mapping[str, str] = field(
        factory=lambda: {"login": "ann@example.com", "other": "ben@example.com", "password": "password"}
    )

    def __attrs_post_init__(self) -> None:
        self.server.add_account(self.names["other"])

    def connect(self) -> MemoryTalk:
        """A connection."""
        return MemoryTalk(self.server.connect())

    def put(self, message: str, mailbox: str, flags: tuple[str, ...]) -> None:
        """Put a message."""
        self.server.put(content_of(message), frozenset(flag.encode() for flag in flags), mailbox)

    def advance(self, seconds: float) -> None:
        """Time passes."""
        self.server.advance(seconds)


class MemoryCorpusTests(SynchronousTestCase):
    """On the store in memory."""


class StoreCorpusTests(SynchronousTestCase):
    """On the real store."""


class CorpusTests(SynchronousTestCase):
    """The corpus itself."""

    def test_titles_are_unique(self) -> None:
        """No dialogue hides another."""
        names = [named(conversation) for conversation in CORPUS]
        self.assertEqual(sorted(set(names)), sorted(names))


def play_on(server: Callable[[], Server]) -> Callable[[SynchronousTestCase, Conversation], None]:
    """Plays a conversation on a server of its own."""
    return lambda _, conversation: Player(MemoryStage(server())).play(conversation)


add_tests(MemoryCorpusTests, CORPUS, play_on(Server))
add_tests(StoreCorpusTests, CORPUS, play_on(StoredServer))
