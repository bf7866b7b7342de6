"""Several sessions on one mailbox do anything in any order: each hears exactly what ``oracle`` says it must."""

import re
from collections.abc import Callable
from typing import Any

from attrs import define, field, frozen
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.interfaces.messages import Snapshot
from tests.imap.oracle import Flags, Seat, World, set_text
from tests.imap.session import MESSAGE, Server
from tests.imap.test_over_store import StoredServer
from tests.support.dialogue import Dialogue

DESCRIBES = re.compile(r"\* (\d+ (EXISTS|RECENT|EXPUNGE|FETCH .*|UIDFETCH .*)|FLAGS .*|VANISHED .*|SEARCH.*)")
STANDS_AT = re.compile(r"(?:\*|t) OK \[HIGHESTMODSEQ (\d+)\].*")
MODSEQ = re.compile(r"MODSEQ \((\d+)\)")
VANISHED = re.compile(r"\* VANISHED \(EARLIER\) (.*)")
FETCHED = re.compile(r"\* (\d+) FETCH \(UID (\d+) FLAGS \(([^)]*)\) MODSEQ \((\d+)\)\)")

KINDS = ["rev1", "rev2", "condstore", "qresync", "qresync", "uidonly"]
ENABLE = {"rev2": "IMAP4rev2", "condstore": "CONDSTORE", "qresync": "QRESYNC", "uidonly": "UIDONLY"}
FLAGS: list[Flags] = [
    frozenset(flags) for flags in (["\\Deleted"], ["\\Flagged", "$Key"], ["\\Deleted", "$Other"], ["\\Seen"], [])
]


def now(done: "Deferred[Any]") -> Any:
    """What has fired."""
    results: list[Any] = []
    _ = done.addCallback(results.append)
    return results[0]


@frozen
class Choice:
    """What one step is about; ``one``, ``two`` and ``number`` mean what the step likes."""

    places: frozenset[int] = frozenset()
    sign: str = "+"
    flags: Flags = frozenset()
    one: bool = False
    two: bool = False
    number: int = 0


@define(eq=False)
class Client:
    """A session and what the oracle keeps of it. ``stands_at``: up to where it has heard all (RFC 7162 §6)."""

    dialogue: Dialogue
    seat: Seat
    idling: bool = False
    away: bool = False
    warned: bool = False
    stands_at: int = 0
    told: int = 0
    heard: list[str] = field(factory=list)

    @property
    def uidonly(self) -> bool:
        """It has no sequence numbers."""
        return self.seat.kind == "uidonly"

    def say(self, command: str) -> str:
        """Send; the tagged answer. Everything else goes to ``heard``."""
        self.dialogue.send(f"t {command}\r\n".encode())
        return self.listen()[-1]

    def listen(self) -> list[str]:
        """Take in what was said."""
        lines = self.dialogue.lines()
        codes = [int(found[1]) for line in lines if (found := STANDS_AT.fullmatch(line))]
        seen = [int(number) for line in lines for number in MODSEQ.findall(line)]
        self.stands_at = codes[-1] if codes else max([self.stands_at, *seen])
        self.heard = [line[2:] for line in lines if DESCRIBES.fullmatch(line)]
        self._check_where_it_stands([int(line.split()[3].rstrip("]")) for line in lines if "told later" in line])
        return lines

    def _check_where_it_stands(self, untagged: list[int]) -> None:
        """While expunges wait, a client that resynchronizes must be told to count on less."""
        self.warned = bool(untagged)
        if untagged:
            assert set(untagged) == {self.told}, (untagged, self.told)


class Mailbox:
    """Three sessions of any kind on INBOX, and deliveries from outside."""

    def __init__(self, server: Server, kinds: list[str], count: int) -> None:
        self.server = server
        self.world = World()
        self.clients: list[Client] = []
        for _ in range(count):
            self.deliver(0, Choice())
        for kind in kinds:
            self.clients.append(Client(self.server.login(), Seat(self.world, kind)))
            self._enable(self.clients[-1])
            self._open(self.clients[-1], read_only=False)

    # The store's side

    def _snapshot(self) -> Snapshot:
        async def look() -> Snapshot:
            box = await self.server.messages.mailbox(self.server.account.id, "INBOX")
            return await self.server.messages.snapshot(box.id)

        found: Snapshot = now(Deferred.fromCoroutine(look()))
        return found

    def _number(self) -> None:
        """Compare the world with the store, and take its modseqs."""
        view = self._snapshot()
        self.world.number(dict(zip(view.uids, view.modseqs, strict=True)), view.modseq)
        stored = {uid: {flag.decode() for flag in flags} for uid, flags in zip(view.uids, view.flags, strict=True)}
        assert stored == {uid: post.flags for uid, post in self.world.posts.items()}

    # One step of one client

    def _ready(self, who: int) -> Client:
        if self.clients[who].away:
            self._come_back(who)
        client = self.clients[who]
        if client.idling:
            client.idling = False
            client.dialogue.send(b"DONE\r\n")
            assert client.listen() == ["t OK IDLE completed"]
        return client

    def _heard(self, client: Client, expected: list[str]) -> None:
        """What ``client`` was told, and what those in IDLE were told at the same moment."""
        assert client.heard == expected, (client.seat.kind, client.heard, expected)
        if not client.seat.gone():
            client.told = self.world.highest
        elif client.seat.kind == "qresync":
            assert client.warned
        self._pushed(client)

    def _pushed(self, besides: Client | None = None) -> None:
        for client in self.clients:
            if client is not besides and client.idling:
                client.listen()
                expected = client.seat.news(may_expunge=True)
                assert sorted(client.heard) == sorted(expected), (client.seat.kind, client.heard, expected)
                client.told = self.world.highest

    def _run(self, client: Client, command: str, expected: Callable[[], list[str]], answer: str = "t OK") -> None:
        tagged = client.say(command)
        assert tagged.startswith(answer), (command, tagged, answer)
        self._number()
        self._heard(client, expected())

    def _picked(self, client: Client, choice: Choice, by_uid: bool) -> tuple[list[int], str]:
        """UIDs of the view, and the set that names them."""
        count = len(client.seat.view)
        places = {place % count for place in choice.places} if count else set()
        uids = [uid for index, uid in enumerate(sorted(client.seat.view)) if index in places]
        return uids, set_text(uids if by_uid else [client.seat.number(uid) for uid in uids])

    def _enable(self, client: Client) -> None:
        if client.seat.kind in ENABLE:
            tagged = client.say(f"ENABLE {ENABLE[client.seat.kind]}")
            assert tagged.startswith("t OK")

    def _open(self, client: Client, read_only: bool) -> None:
        tagged = client.say("EXAMINE INBOX" if read_only else "SELECT INBOX")
        assert tagged.startswith("t OK")
        self._number()
        opened = client.seat.select(read_only)
        assert [line for line in client.heard if not line.startswith("FLAGS")] == opened, (client.heard, opened)
        client.told = self.world.highest

    # What may happen

    def deliver(self, _: int, choice: Choice) -> None:
        """A message comes from outside."""
        self.world.add(choice.flags)
        self.server.put(flags=frozenset(flag.encode() for flag in choice.flags))
        self._number()
        self._pushed()

    def look(self, who: int, choice: Choice) -> None:
        """Nothing but a moment to hear."""
        client = self._ready(who)
        command = ["NOOP", "CHECK", "STATUS Trash (MESSAGES)"][choice.number % 3]
        self._run(client, command, lambda: client.seat.news(may_expunge=True))

    def idle(self, who: int, _: Choice) -> None:
        """IDLE tells what happened, and from now on what happens."""
        client = self._ready(who)
        client.idling = True
        client.dialogue.send(b"t IDLE\r\n")
        client.listen()
        self._heard(client, client.seat.news(may_expunge=True))

    def append(self, who: int, _: Choice) -> None:
        """A client puts a message into the mailbox it looks at."""
        client = self._ready(who)
        self.world.add()
        size = len(MESSAGE)
        self._run(client, f"APPEND INBOX {{{size}+}}\r\n{MESSAGE.decode()}", lambda: client.seat.news(may_expunge=True))

    def fetch(self, who: int, choice: Choice) -> None:
        """FETCH of flags, perhaps only what changed since a moment."""
        client = self._ready(who)
        by_uid = choice.one or client.uidonly
        uids, numbers = self._picked(client, choice, by_uid)
        if not uids:
            return
        since = client.stands_at // 2 if choice.two and client.seat.aware else None
        modifier = "" if since is None else f" (CHANGEDSINCE {since})"
        answered = client.seat.fetch(uids, by_uid, since)
        self._run(
            client,
            f"{'UID ' * by_uid}FETCH {numbers} (FLAGS){modifier}",
            lambda: answered + client.seat.news(may_expunge=by_uid),
        )

    def search(self, who: int, _: Choice) -> None:
        """SEARCH finds what is there, by the numbers the client knows."""
        client = self._ready(who)
        if client.seat.kind == "rev2":
            return
        by_uid = client.uidonly

        def expected() -> list[str]:
            before = client.seat.news(may_expunge=False)
            found = [uid for uid in sorted(client.seat.view) if uid in self.world.posts]
            numbers = found if by_uid else map(client.seat.number, found)
            return [*before, " ".join(["SEARCH", *map(str, numbers)]), *client.seat.news(may_expunge=by_uid)]

        self._run(client, f"{'UID ' * by_uid}SEARCH ALL", expected)

    def store(self, who: int, choice: Choice) -> None:
        """STORE."""
        sign, flags, silent = choice.sign, choice.flags, choice.two
        client = self._ready(who)
        by_uid = choice.one or client.uidonly
        uids, numbers = self._picked(client, choice, by_uid)
        if client.seat.read_only or not uids:
            return
        there = [uid for uid in uids if uid in self.world.posts]
        self.world.store(there, sign, flags)
        self._run(
            client,
            f"{'UID ' * by_uid}STORE {numbers} {sign}FLAGS{'.SILENT' * silent} ({' '.join(sorted(flags))})",
            lambda: (
                client.seat.stored(there, sign, flags, silent, by_uid, conditional=False)
                + client.seat.news(may_expunge=by_uid)
            ),
            "t OK" if by_uid or there == uids else "t NO [EXPUNGEISSUED]",
        )

    def store_unchanged(self, who: int, choice: Choice) -> None:
        """UID STORE with UNCHANGEDSINCE (RFC 7162 §3.1.3 and §3.1.12)."""
        sign, flags, silent = choice.sign, choice.flags, choice.two
        client = self._ready(who)
        seat, world = client.seat, self.world
        uids, numbers = self._picked(client, choice, by_uid=True)
        if not seat.aware or seat.read_only or not uids:
            return
        since = max(client.stands_at - choice.number, 1)
        there = [uid for uid in uids if uid in world.posts]
        passed = [uid for uid in there if world.posts[uid].modseq <= since]
        before = dict(world.posts)
        late = [
            uid
            for uid in there
            if uid not in passed
            and sign
            and seat.view[uid].modseq <= since
            and seat.view[uid].flags & flags == before[uid].flags & flags
        ]
        modified = [uid for uid in there if uid not in passed and uid not in late]
        world.store(passed + late, sign, flags)

        def expected() -> list[str]:
            after = dict(world.posts)
            world.posts = {uid: before[uid] if uid in late else post for uid, post in after.items()}
            lines = seat.stored(passed, sign, flags, silent, by_uid=True, conditional=True)
            if passed != uids:
                lines += seat.news(may_expunge=False)
            world.posts = after
            lines += seat.stored(late, sign, flags, silent, by_uid=True, conditional=True)
            return lines + seat.news(may_expunge=True)

        self._run(
            client,
            f"UID STORE {numbers} (UNCHANGEDSINCE {since}) {sign}FLAGS{'.SILENT' * silent} ({' '.join(sorted(flags))})",
            expected,
            f"t OK [MODIFIED {set_text(modified)}]" if modified else "t OK STORE",
        )

    def expunge(self, who: int, choice: Choice) -> None:
        r"""EXPUNGE takes all that are \Deleted, told of or not; UID EXPUNGE those named."""
        client = self._ready(who)
        some = choice.one
        uids, numbers = self._picked(client, choice, by_uid=True) if some else (list(self.world.posts), "")
        if client.seat.read_only or not uids:
            return
        self.world.remove(
            [uid for uid in uids if uid in self.world.posts and "\\Deleted" in self.world.posts[uid].flags]
        )
        self._run(client, f"UID EXPUNGE {numbers}" if some else "EXPUNGE", lambda: client.seat.news(may_expunge=True))

    def transfer(self, who: int, choice: Choice) -> None:
        """COPY makes new messages here; MOVE takes messages away."""
        move = choice.two
        client = self._ready(who)
        by_uid = choice.one or client.uidonly
        uids, numbers = self._picked(client, choice, by_uid)
        if (move and client.seat.read_only) or not uids:
            return
        there = [uid for uid in uids if uid in self.world.posts]
        done = there if by_uid or there == uids else []
        before = client.seat.news(may_expunge=False)
        if move:
            self.world.remove(done)
        else:
            for uid in done:
                self.world.add(self.world.posts[uid].flags)
        self._run(
            client,
            f"{'UID ' * by_uid}{'MOVE' if move else 'COPY'} {numbers} {'Trash' if move else 'INBOX'}",
            lambda: before + client.seat.news(may_expunge=True),
            "t OK" if by_uid or there == uids else "t NO [EXPUNGEISSUED]",
        )

    def reopen(self, who: int, choice: Choice) -> None:
        r"""CLOSE takes what is \Deleted along; then the mailbox is opened again."""
        client = self._ready(who)
        how, read_only = "CLOSE" if choice.one else "UNSELECT", choice.number == 3
        if how == "CLOSE" and not client.seat.read_only:
            self.world.remove([uid for uid, post in self.world.posts.items() if "\\Deleted" in post.flags])
        assert client.say(how) == f"t OK {how} completed"
        assert not client.heard
        client.seat.leave()
        self._number()
        self._pushed(client)
        self._open(client, read_only)

    def part(self, who: int, _: Choice) -> None:
        """A connection is lost."""
        client = self._ready(who)
        client.dialogue.lose()
        client.seat.leave()
        client.away = True

    def _come_back(self, who: int) -> None:
        """What a client knew, and what QRESYNC tells it, is what is there."""
        before = self.clients[who]
        cache = {uid: post.flags for uid, post in before.seat.view.items()}
        stood_at, kind = before.stands_at, before.seat.kind
        fresh = self.clients[who] = Client(self.server.login(), Seat(self.world, kind))
        self._enable(fresh)
        if kind != "qresync" or not stood_at:
            self._open(fresh, read_only=False)
            return
        view = self._snapshot()
        fresh.dialogue.send(f"t SELECT INBOX (QRESYNC ({view.mailbox.uidvalidity} {stood_at}))\r\n".encode())
        self._resynchronized(fresh.dialogue.lines(), cache)
        fresh.seat.select(read_only=False)
        fresh.stands_at = fresh.told = self.world.highest

    def _resynchronized(self, lines: list[str], cache: dict[int, Flags]) -> None:
        assert lines[-1].startswith("t OK [READ-WRITE]"), lines
        numbers = sorted(self.world.posts)
        for line in lines:
            if found := VANISHED.fullmatch(line):
                for low, _, high in (part.partition(":") for part in found[1].split(",")):
                    for uid in range(int(low), int(high or low) + 1):
                        assert uid not in self.world.posts, line
                        cache.pop(uid, None)
            elif found := FETCHED.fullmatch(line):
                uid = int(found[2])
                assert numbers[int(found[1]) - 1] == uid, line
                assert self.world.posts[uid].modseq == int(found[4]), line
                cache[uid] = frozenset(found[3].split()) - {"\\Recent"}
        assert cache == {uid: post.flags for uid, post in self.world.posts.items()}, lines


ACTIONS = [
    *[Mailbox.look, Mailbox.store, Mailbox.store, Mailbox.store, Mailbox.store_unchanged, Mailbox.store_unchanged],
    *[
        Mailbox.expunge,
        Mailbox.expunge,
        Mailbox.fetch,
        Mailbox.search,
        Mailbox.append,
        Mailbox.deliver,
        Mailbox.deliver,
    ],
    *[Mailbox.transfer, Mailbox.transfer, Mailbox.idle, Mailbox.reopen, Mailbox.part],
]
CHOICES = st.builds(
    Choice,
    places=st.frozensets(st.integers(0, 5), min_size=1, max_size=3),
    sign=st.sampled_from(["+", "+", "-", ""]),
    flags=st.sampled_from(FLAGS),
    one=st.booleans(),
    two=st.booleans(),
    number=st.integers(0, 3),
)
STEPS = st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 2), CHOICES), min_size=30, max_size=30)
SESSIONS = st.lists(st.sampled_from(KINDS), min_size=3, max_size=3)
PHASES = [Phase.explicit, Phase.reuse, Phase.generate]
"""To make a failure small takes minutes: add ``Phase.shrink`` to look into one."""
BOUNDED = settings(deadline=None, suppress_health_check=list(HealthCheck), print_blob=True, phases=PHASES)

Steps = list[tuple[Callable[[Mailbox, int, Choice], None], int, Choice]]


def play(server: Server, kinds: list[str], count: int, steps: Steps) -> None:
    """Do it, and let everybody hear the end of it."""
    mailbox = Mailbox(server, kinds, count)
    for action, who, choice in steps:
        action(mailbox, who, choice)
    for who in range(len(kinds)):
        mailbox.look(who, Choice())
        assert mailbox.clients[who].seat.view == mailbox.world.posts


class ModelTests(SynchronousTestCase):
    """Any commands in any order."""

    @settings(BOUNDED, max_examples=60)
    @given(SESSIONS, st.integers(2, 6), STEPS)
    def test_over_memory(self, kinds: list[str], count: int, steps: Steps) -> None:
        """Numbers, UIDs, flags and modseqs agree for all sessions, whatever they have switched on."""
        play(Server(), kinds, count, steps)

    @settings(BOUNDED, max_examples=12)
    @given(SESSIONS, st.integers(2, 6), STEPS)
    def test_over_store(self, kinds: list[str], count: int, steps: Steps) -> None:
        """With the real store too."""
        play(StoredServer(), kinds, count, steps)
