"""Actions: who may call them, what they take, what they answer."""

import base64
import json
from uuid import UUID

from twisted.trial.unittest import SynchronousTestCase

from daptinmail.interfaces.control import ListenerReport
from daptinmail.interfaces.messages import Arrival
from daptinmail.interfaces.storage import Content
from tests.api.web import Reply, Web
from tests.support.certificates import material
from tests.support.runtime import CountingIdentifiers
from tests.support.users import SETUP_CODE

PEOPLE = {"name": "Ann", "email": "new@dept.test", "password": "longpass1", "passwordConfirm": "longpass1"}
CERTIFICATE = UUID("0198c2aa-6f10-7c31-9c5e-2b7c64f1a0d2")


def message(reply: Reply) -> str:
    """The notification of a failure."""
    (entry,) = reply.json
    assert entry["ResponseType"] == "client.notify"
    assert entry["Attributes"]["type"] == "error"
    return str(entry["Attributes"]["message"])


class SignUpTests(SynchronousTestCase):
    """user_account/signup and signin."""

    def setUp(self) -> None:
        self.web = Web(is_set_up=False)

    def test_sign_up_and_in(self) -> None:
        """The answers are Daptin's, entry by entry."""
        self.assertEqual(
            self.web.action("user_account/signup", PEOPLE, None).json,
            [
                {
                    "ResponseType": "client.notify",
                    "Attributes": {
                        "__type": "client.notify",
                        "message": "Sign-up successful. Redirecting to sign in",
                        "title": "Success",
                        "type": "success",
                    },
                },
                {
                    "ResponseType": "client.redirect",
                    "Attributes": {
                        "__type": "client.redirect",
                        "location": "/auth/signin",
                        "window": "self",
                        "delay": 2000,
                    },
                },
            ],
        )
        entries = self.web.action("user_account/signin", PEOPLE, None).json
        token = entries[0]["Attributes"]["value"]
        self.assertEqual(entries[0]["Attributes"], {"key": "token", "value": token})
        self.assertEqual(entries[1]["Attributes"], {"key": "token", "value": f"{token}; SameSite=Strict"})
        self.assertEqual(entries[2]["Attributes"], {"message": "Logged in", "title": "Success", "type": "success"})
        self.assertEqual(entries[3]["Attributes"], {"location": "/", "window": "self", "delay": 2000})

    def test_validation(self) -> None:
        """Each rule names the attribute, in Daptin's words."""
        for change, said in (
            ({"password": "short"}, "http error (400) min and 0 more errors, invalid value for password"),
            ({"passwordConfirm": "different"}, "invalid value for passwordConfirm"),
            ({"name": ""}, "invalid value for name"),
            ({"email": "nobody"}, "invalid value for email"),
            ({"email": ["list"]}, "invalid value for email"),
        ):
            reply = self.web.action("user_account/signup", {**PEOPLE, **change}, None)
            self.assertEqual(reply.status, 400)
            self.assertIn(said, message(reply))

    def test_taken(self) -> None:
        """An e-mail address signs up once."""
        self.web.action("user_account/signup", PEOPLE, None)
        self.assertEqual(self.web.action("user_account/signup", PEOPLE, None).status, 409)

    def test_closed(self) -> None:
        """Once there is an administrator, sign-up is closed."""
        reply = Web().action("user_account/signup", PEOPLE, None)
        self.assertEqual(
            (reply.status, message(reply)), (403, "http error (403) forbidden and 0 more errors, forbidden")
        )

    def test_wrong_password(self) -> None:
        """A failed sign-in is 401 and says neither which was wrong."""
        self.web.action("user_account/signup", PEOPLE, None)
        for attributes in ({**PEOPLE, "password": "wrong"}, {**PEOPLE, "email": "no@dept.test"}, {}):
            reply = self.web.action("user_account/signin", attributes, None)
            self.assertEqual((reply.status, message(reply)), (401, "Invalid username or password"))

    def test_limited(self) -> None:
        """Too many failures are 429 with the time to wait."""
        self.web.users.limited.add("new@dept.test")
        reply = self.web.action("user_account/signin", PEOPLE, None)
        self.assertEqual((reply.status, reply.headers["retry-after"]), (429, "8"))

    def test_old_token_does_not_keep_out(self) -> None:
        """A browser with a stale token can still sign in."""
        self.web.action("user_account/signup", PEOPLE, None)
        self.assertEqual(self.web.action("user_account/signin", PEOPLE, "stale").status, 200)
        basic = {"Authorization": "Basic abc"}
        self.assertEqual(self.web.post("/action/user_account/signin", PEOPLE, None, headers=basic).status, 200)


class FirstRunTests(SynchronousTestCase):
    """Before an administrator exists."""

    def setUp(self) -> None:
        self.web = Web(is_set_up=False)
        self.token = self.web.users.add("first@dept.test")

    def become(self, attributes: dict[str, str] | None = None, **options: object) -> Reply:
        """Call the action."""
        body = {"attributes": attributes or {}}
        return self.web.post("/action/world/become_an_administrator", body, self.token, **options)

    def test_everything_else_is_shut(self) -> None:
        """Rows, settings and other actions answer nobody."""
        for path in ("/api/mail_server", "/_config", "/action/world/restart_daptin"):
            for token in (None, self.token):
                self.assertEqual(self.web.get(path, token).status, 403, path)
        self.assertEqual(self.web.control.reconciled, 0)

    def test_from_this_machine(self) -> None:
        """The first user on the machine itself becomes administrator, at once and only once."""
        reply = self.become()
        self.assertEqual(reply.json[0]["Attributes"], {"location": "/", "window": "self", "delay": 7000})
        self.assertEqual(reply.json[1], {"ResponseType": "Restart", "Attributes": None})
        self.assertEqual(self.web.get("/api/mail_server", self.token).status, 200)
        self.assertEqual(self.become().status, 403)

    def test_from_elsewhere(self) -> None:
        """From another machine it takes the set-up code of the log."""
        self.assertEqual(self.become(peer="192.0.2.7").status, 403)
        self.assertEqual(self.become({"setup_code": "guess"}, peer="192.0.2.7").status, 403)
        self.assertEqual(self.become({"setup_code": SETUP_CODE}, peer="192.0.2.7").status, 200)

    def test_through_a_proxy(self) -> None:
        """Behind a proxy on this machine everybody looks near; that does not count."""
        for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP"):
            self.assertEqual(self.become(headers={name: "192.0.2.7"}).status, 403)

    def test_through_a_browser(self) -> None:
        """A web page that points its own name at this machine (DNS rebinding), or only sends here, is not near."""
        here = {"Host": "127.0.0.1:8080"}
        self.assertEqual(self.become(headers={"Host": "evil.test:8080"}).status, 403)
        for origin in ("http://evil.test", "null", "http://127.0.0.1:9090"):
            self.assertEqual(self.become(headers={**here, "Origin": origin}).status, 403, origin)
        self.assertEqual(self.become(headers={**here, "Origin": "http://127.0.0.1:8080"}).status, 200)

    def test_guest(self) -> None:
        """A guest must sign in first."""
        self.assertEqual(self.web.action("world/become_an_administrator", {}, None).status, 401)


class PermissionTests(SynchronousTestCase):
    """Everything that changes the server is for administrators."""

    def test_administrators_only(self) -> None:
        """A guest is 401, a user 403, and nothing happens."""
        web = Web()
        for name in (
            "world/restart_daptin",
            "mail_server/sync_mail_servers",
            "outbox/process_outbox",
            "mail_box/status",
            "certificate/generate_self_certificate",
            "certificate/generate_acme_certificate",
            "certificate/download_certificate",
            "certificate/download_public_key",
            "certificate/dkim_record",
        ):
            self.assertEqual(web.action(name, {}, None).status, 401, name)
            self.assertEqual(web.action(name, {}, web.user).status, 403, name)
        self.assertEqual((web.control.reconciled, web.queue.passes), (0, 0))

    def test_unknown(self) -> None:
        """An unknown action is 400 in Daptin's words."""
        reply = Web().action("world/nonsense")
        self.assertEqual(reply.status, 400)
        self.assertIn("http error (400) no such action and 0 more errors, ", message(reply))

    def test_guest_actions(self) -> None:
        """/actions describes what a guest may call."""
        self.assertEqual(set(Web().get("/actions", None).json), {"user:signup", "user:signin"})


class ServerTests(SynchronousTestCase):
    """Restart, sync, queue pass."""

    def setUp(self) -> None:
        self.web = Web()

    def test_failed_listener(self) -> None:
        """The usual two entries, then one that names the listener and why."""
        self.web.control.reports = [
            ListenerReport("imap", "0.0.0.0:993", "started"),
            ListenerReport("mail.example.com", "0.0.0.0:465", "failed", "address already in use"),
        ]
        entries = self.web.action("world/restart_daptin").json
        self.assertEqual(len(entries), 3)
        self.assertEqual(
            entries[2]["Attributes"],
            {
                "message": "mail.example.com on 0.0.0.0:465: address already in use",
                "title": "failed",
                "type": "error",
            },
        )
        self.assertEqual(self.web.action("mail_server/sync_mail_servers").json, entries[2:])

    def test_sync_and_pass(self) -> None:
        """Nothing to say when all is well."""
        self.assertEqual(self.web.action("mail_server/sync_mail_servers").body, b"[]")
        self.assertEqual(self.web.action("outbox/process_outbox").body, b"[]")
        self.assertEqual((self.web.control.reconciled, self.web.queue.passes), (1, 1))

    def test_unforeseen_failure(self) -> None:
        """A fault of ours tells an id and nothing else."""
        self.web.control.broken = KeyError("secret detail")
        reply = self.web.action("world/restart_daptin")
        self.assertEqual(reply.status, 500)
        self.assertIn("Internal error", message(reply))
        self.assertNotIn(b"secret detail", reply.body)
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)


class CertificateTests(SynchronousTestCase):
    """Actions on certificates."""

    def setUp(self) -> None:
        self.web = Web()
        self.web.certificates.hostnames[CERTIFICATE] = "example.com"
        self.subject = {"certificate_id": str(CERTIFICATE)}

    def test_generate(self) -> None:
        """The id may stand inside attributes, beside them, in the URL or in a form."""
        path = "/action/certificate/generate_self_certificate"
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        replies = [
            self.web.post(path, {"attributes": self.subject}),
            self.web.post(path, self.subject),
            self.web.post(f"{path}?certificate_id={CERTIFICATE}"),
            self.web.post(path, f"certificate_id={CERTIFICATE}", headers=form),
            self.web.post(path, json.dumps(self.subject), headers=form),
        ]
        said = {"message": "Certificate generated for example.com", "title": "Success", "type": "message"}
        for reply in replies:
            self.assertEqual(reply.json, [{"ResponseType": "client.notify", "Attributes": said}])
        self.assertEqual(len(self.web.certificates.generated), 5)

    def test_downloads(self) -> None:
        """Files come as Daptin sends them."""
        (entry,) = self.web.action("certificate/download_certificate", self.subject).json
        self.assertEqual(
            entry,
            {
                "ResponseType": "client.file.download",
                "Attributes": {
                    "__type": "client.file.download",
                    "content": base64.b64encode(material("example.com").certificate_pem.encode()).decode(),
                    "name": "example.com.pem.crt",
                    "contentType": "application/x-x509-ca-cert",
                    "message": "Certificate for example.com",
                },
            },
        )
        (entry,) = self.web.action("certificate/download_public_key", self.subject).json
        self.assertEqual(entry["Attributes"]["name"], "example.com.pem.key.pub")
        self.assertEqual(entry["Attributes"]["message"], "Public Key for example.com")

    def test_dkim_record(self) -> None:
        """The record is ready for a zone file, in strings of 255 octets at most."""
        (entry,) = self.web.action("certificate/dkim_record", self.subject).json
        record = entry["Attributes"]
        self.assertEqual(entry["ResponseType"], "dkim.record")
        self.assertEqual((record["name"], record["type"]), ("d1._domainkey.example.com", "TXT"))
        strings = record["zone"].partition("(")[2].rstrip(")").split(" ")
        self.assertTrue(record["zone"].startswith("d1._domainkey.example.com. 3600 IN TXT ("))
        self.assertIn('"v=DKIM1; ', record["zone"])
        self.assertTrue(all(len(piece) <= 257 for piece in strings))

    def test_missing_and_unknown(self) -> None:
        """Without id 400, with an unknown one 404."""
        self.assertEqual(self.web.action("certificate/dkim_record").status, 400)
        unknown = {"certificate_id": "0198c2aa-6f10-7c31-9c5e-2b7c64f1a0d3"}
        self.assertEqual(self.web.action("certificate/dkim_record", unknown).status, 404)
        self.assertEqual(self.web.action("certificate/dkim_record", {"certificate_id": 7}).status, 400)

    def test_acme(self) -> None:
        """ACME says that it is not there."""
        reply = self.web.action("certificate/generate_acme_certificate", {**self.subject, "email": "a@b.test"})
        self.assertEqual(reply.status, 501)
        self.assertIn("not available in this version", message(reply))


class MailboxStatusTests(SynchronousTestCase):
    """mail_box/status."""

    def setUp(self) -> None:
        self.web = Web()
        self.web.records.identifiers = CountingIdentifiers(1000)
        self.server = self.web.records.add("mail_server", hostname="mx.test")
        self.account = self.web.records.add("mail_account", to_one={"mail_server_id": self.server}, username="u")
        self.web.store.open_account(1)
        self.boxes = {}
        for box in self.successResultOf(self.web.store.mailboxes(1)):
            row = self.web.records.add("mail_box", to_one={"mail_account_id": self.account}, name=box.name)
            held = self.web.records._rows["mail_box"]
            held[box.reference] = type(held[row])("mail_box", box.reference, held[row].attributes, held.pop(row).to_one)
            self.boxes[box.name] = box

    def status(self, **attributes: object) -> dict[str, list[dict[str, object]]]:
        """The action's one answer."""
        (entry,) = self.web.action("mail_box/status", attributes).json
        assert entry["ResponseType"] == "mail_box.status"
        return dict(entry["Attributes"])

    def test_all(self) -> None:
        """Every mailbox by name, with counts."""
        answer = self.status()
        self.assertEqual([row["name"] for row in answer["data"]], sorted(self.boxes))
        total = len(self.boxes)
        self.assertEqual(
            answer["pagination"], {"total": total, "per_page": 50, "current_page": 1, "from": 1, "to": total}
        )
        self.assertNotIn("latest_message", answer["data"][0])
        self.assertEqual(answer["data"][0]["mail_account_id"], str(self.account))

    def test_one_with_a_message(self) -> None:
        """A mailbox with mail tells of its latest message."""
        inbox = self.boxes["INBOX"]
        content = Content(4, b"a: b")
        self.successResultOf(self.web.store.append(inbox.id, content, frozenset(), None, Arrival(CERTIFICATE)))
        (view,) = self.successResultOf(self.web.store.overview([inbox.reference]))
        row = self.web.records.add("mail", to_one={"mail_box_id": inbox.reference}, subject="Hello", uid=1)
        held = self.web.records._rows["mail"]
        assert view.latest is not None
        held[view.latest] = held.pop(row)
        (box,) = self.status(mail_box_id=str(inbox.reference))["data"]
        self.assertEqual((box["messages"], box["unseen"], box["uidnext"]), (1, 1, 2))
        latest = box["latest_message"]
        assert isinstance(latest, dict)
        self.assertEqual((latest["__type"], latest["subject"]), ("mail", "Hello"))
        self.assertEqual(latest["reference_id"], str(view.latest))

    def test_pages(self) -> None:
        """Pages may be asked for, sizes are capped, nonsense is 400."""
        self.assertEqual(len(self.status(page_size="2", page_number=2)["data"]), 2)
        self.assertEqual(self.status(page_size=9999)["pagination"]["per_page"], 500)  # type: ignore[call-overload]
        self.assertEqual(self.web.action("mail_box/status", {"page_size": "x"}).status, 400)
