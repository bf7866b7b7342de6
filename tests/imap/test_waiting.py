"""A store that takes its time: what happens while a command waits."""

from collections.abc import Awaitable, Callable, Mapping
from types import SimpleNamespace
from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.errors import StoreDamaged, Unavailable
from daptinmail.imap.limits import WOKEN_AT_ONCE
from daptinmail.interfaces.messages import Opened, Snapshot
from tests.imap.session import MESSAGE, Server, server_of
from tests.support.dialogue import Dialogue

IMMEDIATE = {"listen", "unlisten"}


@define(eq=False)
class SlowStore:
    """Passes everything on to ``store``, at once or, while ``slow``, when ``answer`` is called.

    ``failing``: calls of these names fail with ``Unavailable``.
    """

    store: Any
    slow: bool = False
    failing: set[str] = field(factory=set)
    calls: list[str] = field(factory=list)
    replaced: dict[str, Callable[..., Awaitable[object]]] = field(factory=dict)
    rights: SimpleNamespace = field(init=False)
    _waiting: list[Callable[[], None]] = field(factory=list)

    def __attrs_post_init__(self) -> None:
        """``rights.find`` is as slow as everything else."""
        self.rights = SimpleNamespace(find=self._later("find", self.store.rights.find))

    def __getattr__(self, name: str) -> Callable[..., Awaitable[object]]:
        method: Callable[..., Awaitable[object]] = self.replaced.get(name) or getattr(self.store, name)
        return method if name in IMMEDIATE else self._later(name, method)

    def _later(self, name: str, method: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
        async def call(*arguments: object, **keywords: object) -> object:
            self.calls.append(name)
            if name in self.failing:
                raise Unavailable
            result = await method(*arguments, **keywords)
            if self.slow:
                ready: Deferred[None] = Deferred()
                self._waiting.append(lambda: ready.callback(None))
                await ready
            return result

        return call

    def answer(self) -> None:
        """The oldest call gets its result."""
        self._waiting.pop(0)()

    def answer_all(self) -> None:
        """Until nobody waits."""
        while self._waiting:
            self.answer()


def slow_server() -> tuple[Server, SlowStore]:
    """One message, a store that can be slowed."""
    server = Server()
    server.put()
    store = SlowStore(server.store)
    server.factory.store = store  # type: ignore[assignment]  # it provides what __getattr__ passes on
    return server, store


class SlowStoreTests(SynchronousTestCase):
    """The store answers later."""

    def test_commands_wait_for_each_other(self) -> None:
        """Pipelined commands run one at a time, in order."""
        server, store = slow_server()
        client = server.login()
        store.slow = True
        client.send(b"1 SELECT INBOX\r\n2 FETCH 1 (UID RFC822.SIZE)\r\n3 SEARCH SUBJECT hello\r\n")
        client.run("S! silent")
        store.answer()
        client.run("S! silent")
        store.answer()
        client.run("S* 1 OK ...\nS! silent")
        store.answer_all()
        client.run("S: * 1 FETCH (UID 1 ...\nS: 2 OK ...\nS: * SEARCH 1\nS: 3 OK ...")

    def test_change_during_select(self) -> None:
        """A message that arrives while SELECT reads the mailbox is told with the next command."""
        server, store = slow_server()
        client = server.login()
        store.slow = True
        client.send(b"1 SELECT INBOX\r\n")
        store.answer()
        server.put()
        store.slow = False
        store.answer_all()
        client.run("S* * 1 EXISTS\nS* * 2 EXISTS\nS: * 2 RECENT\nS: 1 OK ...")

    def test_change_during_idle_catch_up(self) -> None:
        """A message that arrives while IDLE asks what happened is not forgotten."""
        server, store = slow_server()
        client = server.select()
        store.slow = True
        client.run("C: 1 IDLE\nS: + idling")
        server.put()
        store.answer()
        store.answer_all()
        client.run("S: * 2 EXISTS\nS: * 2 RECENT\nS! silent")

    def test_lost_during_select(self) -> None:
        """A connection lost while SELECT waits leaves no listener."""
        for answers in (0, 1):
            server, store = slow_server()
            client = server.login()
            store.slow = True
            client.send(b"1 SELECT INBOX\r\n")
            for _ in range(answers):
                store.answer()
            client.lose()
            store.answer_all()
            self.assertFalse(any(server.store.listeners.values()))
            self.assertEqual(server.clock.getDelayedCalls(), [])

    def test_lost_during_fetch(self) -> None:
        """A connection lost while FETCH waits ends it quietly."""
        server, store = slow_server()
        client = server.select()
        store.slow = True
        client.send(b"1 FETCH 1 BODY[]\r\n2 FETCH 1 BODY[]\r\n")
        store.answer()
        client.lose()
        store.answer_all()
        client.run("S! silent")
        self.assertFalse(any(server.store.listeners.values()))

    def test_lost_during_append(self) -> None:
        """A connection lost while the message is being stored leaves nothing in the spool."""
        server, store = slow_server()
        client = server.login()
        store.slow = True
        client.send(b"1 APPEND INBOX {%d+}\r\n%b\r\n" % (len(MESSAGE), MESSAGE))
        client.lose()
        store.answer_all()
        self.assertEqual(server.spool.open, set())

    def test_flags_need_no_store(self) -> None:
        """FETCH of flags and UIDs is answered from the view."""
        server, store = slow_server()
        client = server.select()
        store.calls.clear()
        client.run("C: 1 FETCH 1 (FLAGS UID)\nS: * 1 FETCH ...\nS: 1 OK ...")
        self.assertEqual(store.calls, [])

    def test_metadata_opens_no_file(self) -> None:
        """FETCH of everything but content asks the index only, and so does a header search."""
        server, store = slow_server()
        client = server.select()
        store.calls.clear()
        client.send(
            b"1 FETCH 1 (ENVELOPE BODY BODYSTRUCTURE INTERNALDATE BODY.PEEK[HEADER])\r\n2 SEARCH SUBJECT hello\r\n"
        )
        self.assertEqual(store.calls, ["columns", "find"])


class LookingTests(SynchronousTestCase):
    """When the store is asked."""

    def test_noop_trusts_for_a_second(self) -> None:
        """NOOP asks the store only if somebody told of a change, or nobody looked for a second; CHECK always."""
        server, store = slow_server()
        client = server.select()
        store.calls.clear()
        client.run("C: 1 NOOP\nS: 1 OK ...")
        self.assertEqual(store.calls, [])
        server.clock.advance(1.5)
        client.run("C: 2 NOOP\nS: 2 OK ...\nC: 3 NOOP\nS: 3 OK ...")
        self.assertEqual(store.calls, ["changes"])
        client.run("C: 4 CHECK\nS: 4 OK ...")
        self.assertEqual(store.calls, ["changes"] * 2)
        server.put()
        client.run("C: 5 NOOP\nS* 5 OK ...")
        self.assertEqual(store.calls, ["changes"] * 3)
        server.put()
        client.run("C: 6 CHECK\nS* 6 OK ...")
        self.assertEqual(store.calls, ["changes"] * 5, "what it heard of, and what it did not")

    def test_a_crowd_is_woken_in_turns(self) -> None:
        """A message for many sessions that idle does not keep the server from everything else until all have heard."""
        server = Server()
        clients = [server.select() for _ in range(40)]
        for client in clients:
            client.run("C: 1 IDLE\nS: + idling")
        server.put()
        self.assertEqual(sum(b"EXISTS" in client.wire.value() for client in clients), WOKEN_AT_ONCE)
        clients.pop().lose()
        server.clock.advance(0)
        for client in clients:
            client.run("S: * 1 EXISTS\nS: * 1 RECENT\nC: DONE\nS: 1 OK ...")
            client.lose()
        self.assertEqual(server.clock.getDelayedCalls(), [])

    def test_idle_sessions_share(self) -> None:
        """A session that idles gives up its own copy of the mailbox after a while; what it says stays right."""
        server, _ = slow_server()
        client = server.select()
        client.run("C: 1 IDLE\nS: + idling")
        server.put()
        client.run("S: * 2 EXISTS\nS: * 2 RECENT")
        view = server_of(client).session.selected
        self.assertFalse(view.shares)
        server.clock.advance(120)
        client.run("S: * OK Still here")
        self.assertTrue(view.shares)
        server.put(flags=frozenset({rb"\Seen"}))
        client.run("S: * 3 EXISTS\nS: * 3 RECENT\nC: DONE\nS: 1 OK ...")
        client.run(
            "C: 2 FETCH 1:* (UID)\nS: * 1 FETCH (UID 1)\nS: * 2 FETCH (UID 2)\nS: * 3 FETCH (UID 3)\nS: 2 OK ..."
        )

    def test_long_commands_tell_how_far_they_are(self) -> None:
        """After ten seconds, with tag and numbers (RFC 9585)."""
        server, _ = slow_server()
        for _ in range(3999):
            server.put(b"Subject: x\r\n\r\n")
        client = server.select()
        client.send(b"a1 FETCH 1:* UID\r\n")
        server.clock.advance(11)
        told = [line for line in client.lines() if " FETCH (" not in line]
        self.assertEqual(told, ['* OK [INPROGRESS ("a1" 1000 4000)] Still at it', "a1 OK FETCH completed"])


class ContentTests(SynchronousTestCase):
    """Files that are not as the index says."""

    def opening(self, content: bytes, size: int) -> Dialogue:
        """A session whose message file holds ``content`` where ``size`` octets should be."""
        server, store = slow_server()
        server.put(MESSAGE + b"x" * (size - len(MESSAGE)))
        client = server.select()

        opened = Opened(len(content), lambda offset, size: content[offset : offset + size], lambda: None)

        async def open_one(mailbox_id: int, uid: int) -> Opened:
            return opened

        async def visit(mailbox_id: int, visits: Mapping[int, Callable[[Opened], object]]) -> dict[int, object]:
            return {uid: call(opened) for uid, call in visits.items()}

        store.replaced["open"], store.replaced["visit"] = open_one, visit
        return client

    def test_short_file(self) -> None:
        """A file that is too short is an internal fault, told as such before anything is sent."""
        self.opening(b"short", 1000).run("C: 1 FETCH 2 BODY.PEEK[]\nS: 1 NO [CORRUPTION] ...\nC: 2 NOOP\nS: 2 OK ...")
        self.assertEqual(len(self.flushLoggedErrors(StoreDamaged)), 1)

    def test_short_large_file(self) -> None:
        """In the middle of a large literal only the end of the connection is honest."""
        client = self.opening(b"x" * 300_000, 600_000)
        client.send(b"1 FETCH 2 BODY.PEEK[]\r\n2 NOOP\r\n")
        self.assertTrue(client.wire.aborted)
        self.assertNotIn(b"OK", client.answers())
        self.assertEqual(len(self.flushLoggedErrors(StoreDamaged)), 1)

    def test_vanished(self) -> None:
        """A message that vanished between index and file is passed over."""
        server, store = slow_server()
        client = server.select()

        async def visit(mailbox_id: int, visits: Mapping[int, Callable[[Opened], object]]) -> dict[int, object]:
            return {}

        store.replaced["visit"] = visit
        client.run(
            """
            C: 1 FETCH 1 BODY.PEEK[TEXT]
            S: 1 NO [EXPUNGEISSUED] ...
            C: 2 UID FETCH 1 BODY.PEEK[TEXT]
            S: 2 OK ...
            """
        )


class FailingStoreTests(SynchronousTestCase):
    """The store cannot."""

    def test_unavailable(self) -> None:
        """A failing disk is said as UNAVAILABLE; the session goes on."""
        server, store = slow_server()
        client = server.select()
        store.failing = {"columns", "change_flags", "copy", "append", "mailbox", "expunge", "mailboxes"}
        client.run(
            r"""
            C: 1 FETCH 1 ENVELOPE
            S: 1 NO [UNAVAILABLE] ...
            C: 2 STORE 1 +FLAGS (\Seen)
            S: 2 NO [UNAVAILABLE] ...
            C: 3 EXPUNGE
            S: 3 NO [UNAVAILABLE] ...
            C: 4 LIST "" *
            S: 4 NO [UNAVAILABLE] ...
            C: 5 FETCH 1 FLAGS
            S: * 1 FETCH ...
            S: 5 OK ...
            """
        )

    def test_failed_select(self) -> None:
        """When the view cannot be read, nothing is selected and nobody listens."""
        server, store = slow_server()
        client = server.login()
        store.failing = {"snapshot"}
        client.run("C: 1 SELECT INBOX\nS: 1 NO [UNAVAILABLE] ...\nC: 2 CHECK\nS: 2 BAD ...")
        self.assertFalse(any(server.store.listeners.values()))

    def test_full_disk(self) -> None:
        """Mail can be read while nothing can be written; it is recent again later."""
        server, store = slow_server()
        client = server.login()

        async def snapshot(mailbox_id: int, claim_recent: bool) -> Snapshot:
            if claim_recent:
                raise Unavailable
            return await server.store.snapshot(mailbox_id, claim_recent=False)

        store.replaced["snapshot"] = snapshot
        client.run(
            """
            C: 1 SELECT INBOX
            S* 1 OK [READ-WRITE] ...
            C: 2 FETCH 1 UID
            S: * 1 FETCH (UID 1)
            S: 2 OK ...
            """
        )
        del store.replaced["snapshot"]
        server.login().run("C: 1 SELECT INBOX\nS* * 1 RECENT\nS* 1 OK ...")

    def test_failed_catch_up(self) -> None:
        """When the changes cannot be read, the command's answer comes all the same."""
        server, store = slow_server()
        client = server.select()
        server.put()
        store.failing = {"changes"}
        client.run("C: 1 FETCH 1 UID\nS: * 1 FETCH (UID 1)\nS: 1 OK ...")
        self.assertEqual(len(self.flushLoggedErrors(Unavailable)), 1)

    def test_news_is_told_later(self) -> None:
        """What could not be told then is told once it can be."""
        server, store = slow_server()
        client = server.select()
        server.put()
        store.failing = {"changes"}
        client.run("C: 1 FETCH 1 UID\nS: * 1 FETCH (UID 1)\nS: 1 OK ...")
        self.flushLoggedErrors(Unavailable)
        store.failing = set()
        client.run("C: 2 FETCH 1 UID\nS: * 1 FETCH (UID 1)\nS: * 2 EXISTS\nS: * ... RECENT\nS: 2 OK ...")
