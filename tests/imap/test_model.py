"""What clients believe, from untagged answers alone, is what the store holds."""

import re

from attrs import define, field
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.imap.session import Server
from tests.support.dialogue import Dialogue

EXISTS = re.compile(r"\* (\d+) EXISTS")
EXPUNGE = re.compile(r"\* (\d+) EXPUNGE")
FETCH = re.compile(r"\* (\d+) FETCH \((?:UID (\d+) )?FLAGS \(([^)]*)\)\)")

COMMANDS = [
    "NOOP",
    "STORE 1 +FLAGS (\\Deleted)",
    "STORE * +FLAGS.SILENT (\\Deleted)",
    "STORE 1:* -FLAGS (\\Deleted $Key)",
    "UID STORE 2:3 +FLAGS (\\Flagged)",
    "EXPUNGE",
    "UID EXPUNGE 1:4",
    "MOVE 1 Trash",
    "UID MOVE 3:* Trash",
    "COPY 1 INBOX",
    "FETCH 1:* (UID FLAGS)",
    "UID FETCH 1:* (UID FLAGS)",
    "SEARCH ALL",
    "IDLE",
]
STEPS = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(COMMANDS)), max_size=25)


def flags_text(text: str) -> str:
    r"""Flags in one order, without \Recent; never empty."""
    return " ".join(sorted({"-", *text.split()} - {"\\Recent"}))


@define(eq=False)
class Client:
    """A mailbox as one client sees it: UID and flags of each message, ``None`` while unknown."""

    dialogue: Dialogue
    count: int
    messages: "list[tuple[int | None, str | None]]" = field(factory=list)
    idling: bool = False

    def __attrs_post_init__(self) -> None:
        self.messages = [(None, None)] * self.count

    def say(self, command: str) -> list[str]:
        """Send a command; take in what is said, and answer it."""
        if self.idling:
            self.dialogue.send(b"DONE\r\n")
            self.idling = False
            self.listen()
        self.idling = command == "IDLE"
        self.dialogue.send(b"t " + command.encode() + b"\r\n")
        if ".SILENT" in command and self.messages:
            uid, flags = self.messages[-1]
            self.messages[-1] = uid, flags and flags_text(f"{flags} \\Deleted")
        lines = self.listen()
        if command.startswith(("FETCH", "STORE", "SEARCH")):
            assert not any(EXPUNGE.match(line) for line in lines), (command, lines)
        return lines

    def listen(self) -> list[str]:
        """Take in what is said."""
        lines = self.dialogue.lines()
        for line in lines:
            self.take(line)
        return lines

    def take(self, line: str) -> None:
        """One line."""
        if match := EXISTS.fullmatch(line):
            count = int(match[1])
            assert count >= len(self.messages), line
            self.messages += [(None, None)] * (count - len(self.messages))
        elif match := EXPUNGE.fullmatch(line):
            del self.messages[int(match[1]) - 1]
        elif match := FETCH.fullmatch(line):
            index = int(match[1]) - 1
            known, _ = self.messages[index]
            uid = int(match[2]) if match[2] else known
            assert known in {None, uid}, (line, known)
            self.messages[index] = uid, flags_text(match[3])


class ModelTests(SynchronousTestCase):
    """Two clients and deliveries from outside, in any order."""

    @settings(max_examples=200, deadline=None)
    @given(STEPS)
    def test_clients_stay_in_step(self, steps: list[tuple[int, str]]) -> None:
        """After any commands, both clients know exactly the messages that exist, by their right numbers."""
        server = Server()
        for _ in range(4):
            server.put()
        clients = [Client(server.select(), 4), Client(server.select(), 4)]
        for who, command in steps:
            if who == 2:
                server.put()
            else:
                clients[who].say(command)
        box = server.store.accounts[server.account.id]["INBOX"]
        truth = [(uid, flags_text(b" ".join(message.flags).decode())) for uid, message in sorted(box.messages.items())]
        for client in clients:
            client.say("NOOP")
            known = list(client.messages)
            client.say("UID FETCH 1:* (UID FLAGS)")
            self.assertEqual(client.messages, truth)
            for (uid, flags), (true_uid, true_flags) in zip(known, truth, strict=True):
                self.assertEqual((uid or true_uid, flags or true_flags), (true_uid, true_flags))
