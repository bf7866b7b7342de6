"""What the API may do to rows of the queue."""

from base64 import b64encode
from datetime import timedelta
from typing import Any
from uuid import UUID

from twisted.internet.defer import Deferred
from zope.interface.verify import verifyObject

from daptinmail.db.records import Records
from daptinmail.errors import Conflict, Forbidden, Invalid
from daptinmail.interfaces.directory import Viewer
from daptinmail.interfaces.records import Draft, IRecordRules
from daptinmail.queue.rules import MAX_SHOWN, OutboxRules
from daptinmail.settings import Live, OutboundSettings
from tests.queue.case import CONTENT, QueueCase
from tests.support.runtime import SynchronousBlocking
from tests.support.transfer import BUSY, GONE

ROOT = Viewer(is_administrator=True)


class OutboxRulesTests(QueueCase):
    """Over the real rows."""

    def setUp(self) -> None:
        """Records with these rules; nothing leaves."""
        super().setUp()
        self.live = Live(hostname="h", outbound=OutboundSettings(hold=True))
        self.rules = OutboxRules(self.storage.directory / "queue", SynchronousBlocking(), self.queue.wake)
        self.records = Records(self.storage, self.clock, self.identifiers, {"outbox": self.rules})

    def result(self, work: Any) -> Any:
        """What a call answers."""
        return self.successResultOf(Deferred.fromCoroutine(work))

    def change_row(self, **attributes: Any) -> Any:
        """Change the first row."""
        return self.records.patch("outbox", self.rows()[0].reference_id, attributes, {}, ROOT)

    def test_interface(self) -> None:
        """They are rules."""
        self.assertTrue(verifyObject(IRecordRules, self.rules))

    def test_content_is_shown(self) -> None:
        """The content is in the answer for one row while it waits."""
        self.enqueue("a@x.example")
        record = self.result(self.records.get("outbox", self.rows()[0].reference_id, ROOT))
        self.assertEqual(record.attributes["mail"], b64encode(CONTENT).decode())
        self.assertEqual(record.attributes["state"], "held")

    def test_content_is_gone(self) -> None:
        """A row whose content was lost or is too large to show is shown without it."""
        self.enqueue("a@x.example")
        row = self.rows()[0]
        for size in (MAX_SHOWN + 1, row.size):
            shown = self.result(self.rules.shown({"state": "held", "size": size, "trail": UUID(int=1)}, hydrate=True))
            self.assertEqual(shown, {"mail": None})
        self.assertEqual(self.result(self.rules.shown({}, hydrate=False)), {})

    def test_no_row_by_hand(self) -> None:
        """A row cannot be made: it would be mail that nobody checked."""
        draft = Draft("outbox", {"from_address": "x@y.example", "to_address": "a@x.example", "to_host": "x.example"})
        self.failureResultOf(Deferred.fromCoroutine(self.records.create(draft, ROOT)), Forbidden)

    def test_stop(self) -> None:
        """``sent`` ends the tries and takes the content away with the last row."""
        self.enqueue("a@x.example", "b@x.example")
        self.result(self.change_row(sent=True))
        self.assertEqual([row.state for row in self.rows()], ["sent", "held"])
        self.assertEqual(len(self.files()), 1)
        self.result(self.records.delete("outbox", self.rows()[1].reference_id, ROOT))
        self.assertEqual(self.files(), [])
        self.failureResultOf(Deferred.fromCoroutine(self.change_row(sent=False)), Conflict)

    def test_hurry(self) -> None:
        """An earlier ``next_retry_at`` is obeyed at once."""
        self.live = Live(hostname="h")
        self.transfer.replies["x.example"] = BUSY
        self.start()
        self.enqueue("a@x.example")
        self.transfer.replies.clear()
        self.result(self.change_row(next_retry_at=self.clock.now() - timedelta(days=1)))
        self.timers.advance(0)
        self.assertEqual([row.state for row in self.rows()], ["sent"])

    def test_given_up(self) -> None:
        """What was given up is not tried again, because its content is gone."""
        self.live = Live(hostname="h")
        self.transfer.replies["x.example"] = GONE
        self.start()
        self.enqueue("a@x.example")
        self.failureResultOf(Deferred.fromCoroutine(self.change_row(next_retry_at=self.clock.now())), Conflict)

    def test_addresses_stay(self) -> None:
        """Queued mail cannot be redirected."""
        self.enqueue("a@x.example")
        self.failureResultOf(Deferred.fromCoroutine(self.change_row(to_address="evil@y.example")), Invalid)
