"""No secret and no hash in any answer."""

from uuid import UUID

from twisted.trial.unittest import SynchronousTestCase

from daptinmail.api.types import KINDS
from tests.api.web import Web

MARKERS = ("$argon2id$v=19$marker", "-----BEGIN PRIVATE KEY-----marker", "clear-text-marker")


class SecretTests(SynchronousTestCase):
    """Rows that hold secrets, asked for in every way."""

    def setUp(self) -> None:
        self.web = Web()
        server = self.web.create("mail_server", {"hostname": "a.test"}).json["data"]["id"]
        self.web.create("user_account", {"name": "A", "email": "a@a.test", "password": MARKERS[2]})
        self.web.create("mail_account", {"username": "u", "password": MARKERS[2]}, mail_server_id=server)
        self.web.create("certificate", {"hostname": "a.test", "private_key_pem": MARKERS[1]})
        self.ids = {}
        for kind in ("user_account", "mail_account", "certificate"):
            self.ids[kind] = str(next(iter(self.web.records._rows[kind])))
            planted = dict.fromkeys(("password", "password_md5", "auth_version", "directory"), MARKERS[0])
            self.web.records.plant(kind, UUID(self.ids[kind]), **planted)

    def test_no_answer_holds_one(self) -> None:
        """Lists, single rows, inclusion, fields and changes: write-only values are masked everywhere."""
        for kind, reference in self.ids.items():
            row = f"/api/{kind}/{reference}"
            secret = next(one.name for one in KINDS[kind].attributes.values() if one.write_only)
            self.web.get(f"/api/{kind}?included_relations=*")
            self.web.get(f"{row}?included_relations=*,{secret}")
            self.web.get(f"{row}?fields={secret}")
            self.web.patch(row, {"data": {"type": kind, "attributes": {secret: MARKERS[2]}}})
            self.web.patch(row, {"data": {"type": kind, "attributes": {secret: ["x"]}}})
        self.web.create("mail_account", {"username": "v", "password": MARKERS[2]}, mail_server_id=MARKERS[2])
        self.web.action("user_account/signin", {"email": "a@a.test", "password": MARKERS[2]}, None)
        self.web.action("user_account/signup", {"email": "x", "name": "x", "password": MARKERS[2]}, None)
        self.assertGreater(len(self.web.replies), 20)
        for reply in self.web.replies:
            for marker in MARKERS:
                self.assertNotIn(marker.encode(), reply.body)

    def test_masks(self) -> None:
        """Passwords show as empty, private keys as null."""
        account = self.web.get(f"/api/mail_account/{self.ids['mail_account']}").json["data"]["attributes"]
        self.assertEqual((account["password"], account["password_md5"]), ("", ""))
        certificate = self.web.get(f"/api/certificate/{self.ids['certificate']}").json["data"]["attributes"]
        self.assertIsNone(certificate["private_key_pem"])
