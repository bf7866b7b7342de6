"""Relationships: what is at the other end, and who belongs together."""

from twisted.trial.unittest import SynchronousTestCase

from tests.api.web import Web


class RelationTests(SynchronousTestCase):
    """/api/{type}/{id}/{relationship} and /relationships/."""

    def setUp(self) -> None:
        self.web = Web()
        self.server = self.web.create("mail_server", {"hostname": "a.test"}).json["data"]["id"]
        self.other = self.web.create("mail_server", {"hostname": "b.test"}).json["data"]["id"]
        made = self.web.create("mail_account", {"username": "u", "password": "longpass1"}, mail_server_id=self.server)
        self.account = made.json["data"]["id"]
        self.group = self.web.create("usergroup", {"name": "staff"}).json["data"]["id"]

    def test_related(self) -> None:
        """To-one gives one object, to-many a list without links, with links when a page is asked for."""
        one = self.web.get(f"/api/mail_account/{self.account}/mail_server_id").json
        self.assertEqual(one["data"]["id"], self.server)
        many = self.web.get(f"/api/mail_server/{self.server}/mail_account_id").json
        self.assertEqual([row["id"] for row in many["data"]], [self.account])
        self.assertNotIn("links", many)
        paged = self.web.get(f"/api/mail_server/{self.server}/mail_account_id?page[size]=5").json
        self.assertEqual(paged["links"]["per_page"], 5)
        self.assertEqual(self.web.get(f"/api/mail_server/{self.other}/mail_account_id").json["data"], [])

    def test_linkage(self) -> None:
        """The relationship itself is types and ids."""
        path = f"/api/mail_account/{self.account}/relationships/mail_server_id"
        self.assertEqual(self.web.get(path).json, {"data": {"type": "mail_server", "id": self.server}})
        path = f"/api/mail_account/{self.account}/relationships/usergroup_id"
        self.assertEqual(self.web.get(path).json, {"data": []})

    def test_groups(self) -> None:
        """POST adds, PATCH replaces, DELETE removes: all 204, all with effect."""
        path = f"/api/mail_server/{self.server}/relationships/usergroup_id"
        body = {"data": [{"type": "usergroup", "id": self.group}]}
        self.assertEqual(self.web.post(path, body).status, 204)
        self.assertEqual(self.web.get(path).json["data"], body["data"])
        self.assertEqual(self.web.delete(path, body).status, 204)
        self.assertEqual(self.web.get(path).json["data"], [])
        reply = self.web.patch(path, body)
        self.assertEqual((reply.status, reply.body), (204, b""))
        self.assertEqual(self.web.patch(path, {"data": []}).status, 204)
        self.assertEqual(self.web.get(path).json["data"], [])

    def test_to_one(self) -> None:
        """An account moves to another server."""
        path = f"/api/mail_account/{self.account}/relationships/mail_server_id"
        self.assertEqual(self.web.patch(path, {"data": {"type": "mail_server", "id": self.other}}).status, 204)
        self.assertEqual(self.web.get(path).json["data"]["id"], self.other)

    def test_refused(self) -> None:
        """Unknown relationships are 404; wrong types, ids and shapes 422; no data 406."""
        self.assertEqual(self.web.get(f"/api/mail_server/{self.server}/nonsense").status, 404)
        self.assertEqual(self.web.get(f"/api/mail_server/{self.server}/relationships/nonsense").status, 404)
        path = f"/api/mail_server/{self.server}/relationships/usergroup_id"
        self.assertEqual(self.web.post(path, {}).status, 406)
        for data in ([{"type": "mail", "id": self.group}], [{"id": "7"}], [7], [{"id": self.server}]):
            reply = self.web.post(path, {"data": data})
            self.assertEqual(reply.status, 422, data)
            self.assertEqual(reply.json["errors"][0]["source"]["pointer"], "/data/relationships/usergroup_id")
