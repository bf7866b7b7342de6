"""STORE of more messages than the store changes in one go."""

from collections.abc import Collection
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from daptinmail.errors import Unavailable
from daptinmail.imap.limits import STORE_SLICE
from daptinmail.interfaces.messages import FlagMode, Marked
from tests.imap.session import server_of
from tests.imap.test_waiting import slow_server

COUNT = 2 * STORE_SLICE + 1


class AheadTests(SynchronousTestCase):
    """Three slices."""

    def setUp(self) -> None:
        self.server, self.store = slow_server()
        for _ in range(COUNT - 1):
            self.server.put(b"Subject: x\r\n\r\n")
        self.client = self.server.select()

    def told(self) -> int:
        """How many FETCH responses there were since the last time."""
        return self.client.answers().count(b" FETCH (")

    def test_the_store_works_ahead(self) -> None:
        """While one slice is told the next one is changed, never more; each message is told once."""
        self.store.slow = True
        self.client.send(b"1 STORE 1:* +FLAGS (\\Draft)\r\n")
        self.assertEqual((self.store.calls.count("change_flags"), self.told()), (2, 0))
        self.store.answer()
        self.assertEqual((self.store.calls.count("change_flags"), self.told()), (3, STORE_SLICE))
        self.store.answer_all()
        self.server.clock.advance(0)
        self.assertEqual(self.told(), STORE_SLICE + 1)
        self.store.slow = False
        self.client.run("C: 2 NOOP\nS: 2 OK ...")

    def test_nothing_is_asked_again(self) -> None:
        """A session that knows what it changed itself does not ask what happened."""
        self.store.calls.clear()
        self.client.send(b"1 STORE 1:* +FLAGS.SILENT (\\Draft)\r\n")
        self.server.clock.advance(0)
        self.assertEqual(self.store.calls, ["change_flags"] * 3)
        self.client.run("S: 1 OK ...")

    def test_others_in_between(self) -> None:
        """What another session changed meanwhile is told all the same."""
        self.store.slow = True
        self.client.send(b"1 STORE 1:* +FLAGS.SILENT (\\Draft)\r\n")
        self.store.answer()
        self.store.slow = False
        inbox = server_of(self.client).session.selected.mailbox.id
        self.successResultOf(self.server.store.change_flags(inbox, [1], FlagMode.REMOVE, frozenset({rb"\Draft"})))
        self.store.answer_all()
        self.server.clock.advance(0)
        self.client.run("S: * 1 FETCH (UID 1 FLAGS (\\Recent))\nS: 1 OK ...")

    def test_one_slice_fails(self) -> None:
        """The client hears that not all could be changed; what was changed is told."""
        asked: list[Collection[int]] = []

        async def change_flags(mailbox_id: int, uids: Collection[int], *rest: Any) -> Marked:
            asked.append(uids)
            if len(asked) == 2:
                raise Unavailable
            return await self.server.store.change_flags(mailbox_id, uids, *rest)

        self.store.replaced["change_flags"] = change_flags
        self.client.send(b"1 UID STORE 1:* +FLAGS (\\Draft)\r\n")
        self.server.clock.advance(0)
        said = self.client.answers()
        self.assertEqual((said.count(b" FETCH ("), said.count(b"1 NO [UNAVAILABLE]")), (STORE_SLICE + 1, 1))
        self.assertEqual([len(uids) for uids in asked], [STORE_SLICE, STORE_SLICE, 1])

    def test_a_client_that_goes(self) -> None:
        """What is under way ends quietly."""
        self.store.slow = True
        self.client.send(b"1 STORE 1:* +FLAGS (\\Draft)\r\n")
        self.client.lose()
        self.store.answer_all()
        self.server.clock.advance(0)
        self.assertEqual(self.flushLoggedErrors(), [])
