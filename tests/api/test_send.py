"""Sending over HTTP."""

from base64 import b64encode
from typing import Any
from uuid import UUID

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.api.call import Call
from daptinmail.api.repeating import Repeating
from daptinmail.errors import Conflict, Invalid, Refused, Unavailable
from daptinmail.mail.reply import Reply as SmtpReply
from daptinmail.settings import Live
from tests.api.web import Reply, Web
from tests.support.repeats import MemoryRepeats
from tests.support.runtime import CountingIdentifiers

MESSAGE = {"from": "Ann <ann@example.com>", "to": "bob@example.org", "subject": "Hello", "text": "Hi."}


class SendCase(SynchronousTestCase):
    """Ann has an account, owned by a user."""

    def setUp(self) -> None:
        self.web = Web()
        self.owner = self.web.users.add("owner@dept.test")
        account = self.web.zones.directory.add("ann@example.com")
        owner = self.successResultOf(Deferred.fromCoroutine(self.web.users.viewer(self.owner, ""))).reference
        self.web.records.add("mail_account", owner, reference_id=account.reference, username="ann@example.com")

    def send(self, token: str | None = "", key: str = "", **attributes: Any) -> Reply:
        """One call with these changes of the message."""
        values = {name: value for name, value in {**MESSAGE, **attributes}.items() if value is not None}
        headers = {"Idempotency-Key": key} if key else {}
        return self.web.post("/action/mail/send", {"attributes": values}, token, headers=headers)


class AttributeTests(SendCase):
    """What the attributes mean."""

    def composition(self, **attributes: Any) -> Any:
        """What is to be sent."""
        reply = self.send(**attributes)
        self.assertEqual(reply.status, 200, reply.body)
        return self.web.sending.requests[-1].composition

    def test_answer(self) -> None:
        """The trail, the Message-ID, and how far each recipient's copy has come."""
        (entry,) = self.send().json
        trail = str(self.web.sending.requests[0].trail)
        self.assertEqual(entry["ResponseType"], "mail.send")
        self.assertEqual(entry["Attributes"]["trail"], trail)
        self.assertEqual(entry["Attributes"]["message_id"], f"<{trail.replace('-', '')}@example.com>")
        recipient = {"address": "bob@example.org", "state": "queued", "reply": ""}
        self.assertEqual(entry["Attributes"]["recipients"], [recipient])

    def test_recipients(self) -> None:
        """One text, several in one text, or a list."""
        for to in (
            "b@x.example, C <c@x.example>",
            ["b@x.example", "C <c@x.example>"],
            '"," <b@x.example>,c@x.example, ',
        ):
            composition = self.composition(to=to, cc="d@x.example", bcc=["e@x.example"], reply_to="f@x.example")
            self.assertEqual([one.local for one in composition.recipients], ["b", "c", "d", "e"])
            self.assertEqual([one.address.local for one in composition.reply_to], ["f"])

    def test_texts(self) -> None:
        """``body`` is Daptin's name for ``text``."""
        self.assertEqual(self.composition(text=None, body="Hi.").text, "Hi.")
        self.assertEqual(self.composition(html="<p>").html, "<p>")

    def test_attachments_and_fields(self) -> None:
        """Files come in base64."""
        file = {"filename": "a.txt", "content_type": "text/plain", "content": b64encode(b"abc").decode()}
        picture = {"content": "", "content_id": "<dot>"}
        composition = self.composition(attachments=[file, picture], headers={"X-A": "b"})
        first, second = composition.attachments
        self.assertEqual((first.name, first.media_type, first.octets), ("a.txt", "text/plain", b"abc"))
        self.assertEqual((second.media_type, second.content_id), ("application/octet-stream", "dot"))
        self.assertEqual(composition.fields, {"X-A": "b"})

    def test_options(self) -> None:
        """The server to send as, and whether to wait: both of Daptin's names for that."""
        self.send(mail_server_hostname="mx.example.com")
        self.web.control.settings = Live("h", config={"mail.default_server_hostname": "default.example.com"})
        self.send(send_immediately=True)
        self.send(attempt_delivery="true")
        told = [(one.server_hostname, one.immediate) for one in self.web.sending.requests]
        default = ("default.example.com", True)
        self.assertEqual(told, [("mx.example.com", False), default, default])

    def test_nonsense(self) -> None:
        """400, and which attribute is at fault."""
        for attributes, word in (
            ({"from": None}, "missing required field: from"),
            ({"from": "a@b.example, c@d.example"}, "from"),
            ({"to": 7}, "to"),
            ({"to": [7]}, "to"),
            ({"to": ["x"] * 1001}, "to"),
            ({"cc": "nonsense"}, "cc"),
            ({"subject": ["x"]}, "subject"),
            ({"attachments": "x"}, "attachments"),
            ({"attachments": [1]}, "attachments"),
            ({"attachments": [{"content": "***"}]}, "attachments"),
            ({"attachments": [{"content": "", "filename": 1}]}, "attachments"),
            ({"headers": ["x"]}, "headers"),
            ({"headers": {"X-A": 1}}, "headers"),
        ):
            reply = self.send(**attributes)
            self.assertEqual(reply.status, 400, attributes)
            self.assertIn(word, reply.json[0]["Attributes"]["message"])
        self.assertEqual(self.web.sending.requests, [])


class PermissionTests(SendCase):
    """Who may send as whom."""

    def test_owner_and_administrator(self) -> None:
        """The owner of the account, and administrators."""
        self.assertEqual([self.send(token).status for token in (self.owner, "")], [200, 200])

    def test_others(self) -> None:
        """Guests 401, other users 403 or 404, and nobody as an address that has no account."""
        self.assertEqual(self.send(None).status, 401)
        self.assertIn(self.send(self.web.user).status, (403, 404))
        for author in ("nobody@example.com", "ann@example.net"):
            self.assertEqual(self.send(**{"from": author}).status, 403)
        self.assertEqual(self.web.sending.requests, [])


class RepeatTests(SendCase):
    """The Idempotency-Key header."""

    def test_same_request(self) -> None:
        """The same answer, and one message."""
        first, second = self.send(key="k1"), self.send(key="k1")
        self.assertEqual((first.status, first.body), (second.status, second.body))
        self.assertEqual(len(self.web.sending.requests), 1)
        self.assertNotEqual(self.send(key="k2").body, first.body)

    def test_other_request(self) -> None:
        """409, whatever differs."""
        self.send(key="k1")
        self.assertEqual(self.send(key="k1", subject="Other").status, 409)

    def test_users_do_not_meet(self) -> None:
        """A key belongs to who used it."""
        self.assertEqual([self.send(token, "k1").status for token in (self.owner, "")], [200, 200])
        self.assertEqual(len(self.web.sending.requests), 2)

    def test_refused(self) -> None:
        """Where nothing was sent the key is free for the corrected request."""
        self.web.sending.failures.append(Invalid(fields={"to": "nobody"}))
        self.assertEqual(self.send(key="k1").status, 422)
        self.assertEqual(self.send(key="k1", subject="Corrected").status, 200)

    def test_interrupted(self) -> None:
        """After a failure that may have sent something the next try is for the same message."""
        for error in (Unavailable(), OSError("gone"), Refused(SmtpReply(451, "4.7.1", "later"))):
            self.web.sending.failures.append(error)
            key = type(error).__name__
            self.assertGreaterEqual(self.send(key=key).status, 422)
            claims = self.web.repeats.claims
            (token,) = [claim.token for (_, used), (_, claim) in claims.items() if used == key]
            self.assertEqual(self.send(key=key, subject="Other").status, 409)
            self.assertEqual(self.send(key=key).status, 200)
            self.assertEqual(self.web.sending.requests[-1].trail, token)
        self.assertEqual(len(self.flushLoggedErrors(OSError)), 1)

    def test_keys(self) -> None:
        """Printable US-ASCII, up to 255 characters."""
        for key in ("x" * 256, "\u00fc"):
            self.assertEqual(self.send(key=key).status, 400)
        self.assertEqual(self.send(key="x" * 255).status, 200)


class AtOnceTests(SynchronousTestCase):
    """Two requests with one key at the same moment."""

    def test_second_is_refused(self) -> None:
        """While the first is being served the second is 409, and afterwards it gets the first one's answer."""
        repeating = Repeating(MemoryRepeats(), CountingIdentifiers())
        call = Call("POST", "/action/mail/send", body=b"{}", idempotency_key="k1")
        waiting: Deferred[bytes] = Deferred()

        async def work(token: UUID) -> bytes:
            return await waiting

        def ask() -> "Deferred[bytes]":
            return Deferred.fromCoroutine(repeating.run(call, UUID(int=1), work))

        first = ask()
        self.failureResultOf(ask(), Conflict)
        waiting.callback(b"done")
        self.assertEqual(self.successResultOf(first), b"done")
        self.assertEqual(self.successResultOf(ask()), b"done")
