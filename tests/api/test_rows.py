"""Rows over JSON:API: create, get, list, patch, delete."""

import json
from typing import Any
from urllib.parse import quote
from uuid import UUID

from twisted.trial.unittest import SynchronousTestCase

from tests.api.web import Web

SERVER = {"hostname": "mx.dept.test", "max_clients": "20"}
UNKNOWN = "0198c2aa-6f10-7c31-9c5e-2b7c64f1a0d2"


class CreateTests(SynchronousTestCase):
    """POST /api/{type}."""

    def setUp(self) -> None:
        self.web = Web()

    def test_document(self) -> None:
        """A new row is answered whole, in Daptin's dress, with its address."""
        reply = self.web.create("mail_server", SERVER)
        self.assertEqual((reply.status, reply.headers["content-type"]), (201, "application/vnd.api+json"))
        data = reply.json["data"]
        self.assertEqual(reply.headers["location"], f"/api/mail_server/{data['id']}")
        attributes = data["attributes"]
        self.assertEqual(attributes["__type"], "mail_server")
        self.assertEqual(attributes["reference_id"], data["id"])
        self.assertEqual(attributes["max_clients"], 20)
        self.assertIs(attributes["always_on_tls"], True)
        self.assertIs(attributes["is_enabled"], False)
        self.assertIsNone(attributes["updated_at"])
        self.assertEqual(attributes["created_at"], "2026-01-02T03:04:05Z")
        owner = data["relationships"]["user_account_id"]["data"]
        self.assertEqual((owner["type"], owner["id"]), ("user_account", attributes["user_account_id"]))
        self.assertEqual(data["relationships"]["mail_account_id"], {"data": []})
        self.assertNotIn("links", data["relationships"]["usergroup_id"])
        self.assertNotIn("version", attributes)

    def test_what_the_server_sets_is_ignored(self) -> None:
        """Permission, owner, times and attributes nobody knows may be sent and change nothing."""
        extra = {"permission": 0, "created_at": "x", "version": 9, "id": 3, "status": "listening", "colour": "red"}
        reply = self.web.create("mail_server", {**SERVER, **extra, "user_account_id": UNKNOWN})
        attributes = reply.json["data"]["attributes"]
        self.assertEqual(reply.status, 201)
        self.assertEqual(attributes["permission"], 561441)
        self.assertNotEqual(attributes["user_account_id"], UNKNOWN)
        self.assertNotIn("colour", attributes)

    def test_client_made_id(self) -> None:
        """A UUID as data.id becomes the id; the same one twice is a conflict."""
        body = {"data": {"type": "mail_server", "id": UNKNOWN, "attributes": SERVER}}
        self.assertEqual(self.web.post("/api/mail_server", body).json["data"]["id"], UNKNOWN)
        body["data"]["attributes"] = {"hostname": "other.test"}
        self.assertEqual(self.web.post("/api/mail_server", body).status, 409)

    def test_client_made_id_must_be_a_uuid(self) -> None:
        """Anything else as data.id is refused with its place."""
        reply = self.web.post("/api/mail_server", {"data": {"type": "mail_server", "id": "7", "attributes": SERVER}})
        self.assertEqual((reply.status, reply.json["errors"][0]["source"]), (422, {"pointer": "/data/id"}))

    def test_unknown_foreign_id(self) -> None:
        """A relationship to a row that does not exist is 422 and names the relationship."""
        reply = self.web.create("mail_account", {"username": "a", "password": "password"}, mail_server_id=UNKNOWN)
        self.assertEqual(reply.status, 422)
        self.assertIn("mail_server_id", reply.title)
        self.assertEqual(reply.json["errors"][0]["source"], {"pointer": "/data/relationships/mail_server_id"})

    def test_missing_relationship(self) -> None:
        """An account needs a server."""
        reply = self.web.create("mail_account", {"username": "a", "password": "password"})
        self.assertEqual((reply.status, reply.title), (422, "mail_server_id: is required"))

    def test_foreign_key_as_attribute(self) -> None:
        """A foreign key may come among the attributes."""
        server = self.web.create("mail_server", SERVER).json["data"]["id"]
        attributes = {"username": "a", "password": "password", "mail_server_id": server}
        reply = self.web.create("mail_account", attributes)
        self.assertEqual(reply.status, 201)
        self.assertEqual(reply.json["data"]["relationships"]["mail_server_id"]["data"]["id"], server)

    def test_wrong_values_name_their_attributes(self) -> None:
        """Each value that cannot be read is named."""
        reply = self.web.create("mail_server", {"max_clients": "many", "is_enabled": "maybe", "hostname": 5 * "x" * 99})
        self.assertEqual(reply.status, 422)
        pointers = {error["source"]["pointer"].rpartition("/")[2] for error in reply.json["errors"]}
        self.assertEqual(pointers, {"max_clients", "is_enabled", "hostname"})

    def test_duplicate(self) -> None:
        """A unique value that is taken is a conflict."""
        self.web.create("mail_server", SERVER)
        self.assertEqual(self.web.create("mail_server", SERVER).status, 409)

    def test_bodies_that_are_no_documents(self) -> None:
        """Not JSON is 400; JSON without data or type is 406 with Daptin's words."""
        for body, status, title in (
            ("{", 400, "The request body is not valid JSON"),
            ("[" * 100_000, 400, "The request body is not valid JSON"),
            ('{"data": NaN}', 400, "The request body is not valid JSON"),
            ("", 406, 'Source JSON is empty and has no "attributes" payload object'),
            ("{}", 406, 'Source JSON is empty and has no "attributes" payload object'),
            ('{"data":{"attributes":{}}}', 406, "invalid record, no type was specified"),
        ):
            reply = self.web.post("/api/mail_server", body)
            self.assertEqual((reply.status, reply.title), (status, title), body[:40])

    def test_content_type_is_not_checked(self) -> None:
        """What curl says by default, or nothing at all, is as good."""
        body = json.dumps({"data": {"type": "mail_server", "attributes": SERVER}})
        reply = self.web.post("/api/mail_server", body, headers={"Content-Type": "application/x-www-form-urlencoded"})
        self.assertEqual(reply.status, 201)

    def test_password_md5_alone_is_a_password(self) -> None:
        """The second password field may stand for the first."""
        server = self.web.create("mail_server", SERVER).json["data"]["id"]
        reply = self.web.create("mail_account", {"username": "a", "password_md5": "longpass1"}, mail_server_id=server)
        self.assertEqual(reply.status, 201)
        row = self.web.records._rows["mail_account"][UUID(reply.json["data"]["id"])]
        self.assertEqual(row.attributes["password"], "longpass1")

    def test_unstorable_text(self) -> None:
        """NUL and lone surrogates are refused before any database sees them."""
        for name in ("a\0b", "\ud800"):
            self.assertEqual(self.web.create("usergroup", {"name": name}).status, 422)


class ReadTests(SynchronousTestCase):
    """GET /api/{type} and /api/{type}/{id}."""

    def setUp(self) -> None:
        self.web = Web()
        self.ids = []
        for name in ("b.test", "a.test", "c.test"):
            self.ids.append(self.web.create("mail_server", {"hostname": name}).json["data"]["id"])
            self.web.clock.advance(1)

    def names(self, query: str) -> list[str]:
        """Host names that a list answers."""
        reply = self.web.get(f"/api/mail_server?{query}")
        self.assertEqual(reply.status, 200, reply.body)
        return [row["attributes"]["hostname"] for row in reply.json["data"]]

    def test_links(self) -> None:
        """The first page of two says where the others are, by proper paths that keep the parameters."""
        reply = self.web.get("/api/mail_server?page[number]=1&page[size]=2&sort=-hostname")
        links = reply.json["links"]
        numbers = {name: value for name, value in links.items() if not name.endswith("_url")}
        self.assertEqual(numbers, {"current_page": 1, "from": 0, "to": 2, "per_page": 2, "total": 3, "last_page": 2})
        self.assertEqual(links["next_page_url"], "/api/mail_server?page[number]=2&page[size]=2&sort=-hostname")
        self.assertNotIn("prev_page_url", links)
        last = self.web.get(links["next_page_url"]).json
        self.assertEqual([row["attributes"]["hostname"] for row in last["data"]], ["a.test"])
        self.assertIn("prev_page_url", last["links"])
        self.assertNotIn("next_page_url", last["links"])

    def test_token_is_not_kept_in_links(self) -> None:
        """A token in the URL does not come back in the answer."""
        reply = self.web.get(f"/api/mail_server?page[size]=1&token={self.web.administrator}", token=None)
        self.assertEqual(reply.status, 200)
        self.assertNotIn(self.web.administrator.encode(), reply.body)

    def test_sort(self) -> None:
        """By name, descending, or by age when sort is empty."""
        self.assertEqual(self.names("sort=hostname"), ["a.test", "b.test", "c.test"])
        self.assertEqual(self.names("sort=-hostname"), ["c.test", "b.test", "a.test"])
        self.assertEqual(self.names("sort=&page[number]=1&page[size]=10"), ["c.test", "a.test", "b.test"])

    def test_query_and_filter(self) -> None:
        """query restricts by columns, filter by the label."""
        query = quote(json.dumps([{"column": "hostname", "operator": "is", "value": "a.test"}]))
        self.assertEqual(self.names(f"query={query}"), ["a.test"])
        self.assertEqual(self.names("filter=c."), ["c.test"])

    def test_bad_parameters(self) -> None:
        """A parameter that makes no sense is 400 and named."""
        for query in (
            "page[number]=0",
            "page[size]=x",
            "page[after]=x",
            "sort=nonsense",
            "fields=nonsense",
            "fields[nonsense]=a",
            "query=[",
            "query=7",
            "query=[7]",
            'query=[{"column":"nonsense","operator":"is"}]',
            'query=[{"column":"hostname","operator":"nonsense"}]',
            'query=[{"column":"max_size","operator":"is","value":1e999}]',
            "user_account_id=x",
        ):
            reply = self.web.get(f"/api/mail_server?{quote(query, safe='=&[]')}")
            self.assertEqual(reply.status, 400, query)
            self.assertEqual(reply.json["errors"][0]["source"]["parameter"], query.partition("=")[0])

    def test_secrets_cannot_be_searched(self) -> None:
        """A list cannot be used to guess a hash."""
        for query in ("sort=password", 'query=[{"column":"password","operator":"begins with","value":"$"}]'):
            self.assertEqual(self.web.get(f"/api/mail_account?{quote(query, safe='=')}").status, 400)

    def test_fields(self) -> None:
        """fields keeps attributes short."""
        row = self.web.get("/api/mail_server?fields=hostname&page[size]=1").json["data"][0]
        self.assertEqual(row["attributes"], {"__type": "mail_server", "hostname": "c.test"})
        self.assertEqual(row["relationships"], {})

    def test_related_filter_and_inclusion(self) -> None:
        """A foreign key restricts; included_relations brings the rows at the other end, in both directions."""
        account = self.web.create("mail_account", {"username": "u", "password": "password"}, mail_server_id=self.ids[0])
        path = f"/api/mail_account?mail_server_id={self.ids[0]}&included_relations=mail_server_id,nonsense"
        reply = self.web.get(path).json
        self.assertEqual([row["id"] for row in reply["included"]], [self.ids[0]])
        self.assertEqual(self.web.get(f"/api/mail_account?mail_server_id={self.ids[1]}").json["data"], [])
        one = self.web.get(f"/api/mail_server/{self.ids[0]}?included_relations=*").json
        self.assertEqual([row["id"] for row in one["included"]], [account.json["data"]["id"]])

    def test_content_on_demand(self) -> None:
        """Lists bring whole messages only when asked to."""
        self.web.records.add("mail", subject="x", size=4, mail="YTogYg==")
        self.assertIsNone(self.web.get("/api/mail").json["data"][0]["attributes"]["mail"])
        with_content = self.web.get("/api/mail?included_relations=mail").json["data"]
        self.assertEqual(with_content[0]["attributes"]["mail"], "YTogYg==")
        self.web.records.add("mail", subject="y", size=40 * 1024 * 1024, mail="YTogYg==")
        large = self.web.get("/api/mail?included_relations=mail&filter=y").json["data"]
        self.assertIsNone(large[0]["attributes"]["mail"])

    def test_not_found(self) -> None:
        """Unknown types, ids that are unknown and ids that are none are 404 in Daptin's shape."""
        for path in (f"/api/mail_server/{UNKNOWN}", "/api/mail_server/7", "/api/nonsense", "/api/nonsense/7", "/api/"):
            reply = self.web.get(path)
            self.assertEqual((reply.status, reply.json["errors"][0]["status"]), (404, "404"), path)

    def test_mine(self) -> None:
        """user_account/mine is the caller."""
        reference = self.web.users._viewers["ann@dept.test"].reference
        assert reference is not None
        row = self.web.records._rows["mail_server"].popitem()[1]
        self.web.records._rows["user_account"][reference] = type(row)("user_account", reference, {"name": "Ann"})
        reply = self.web.get("/api/user_account/mine", self.web.user)
        self.assertEqual((reply.status, reply.json["data"]["attributes"]["name"]), (200, "Ann"))


class ChangeTests(SynchronousTestCase):
    """PATCH and DELETE /api/{type}/{id}."""

    def setUp(self) -> None:
        self.web = Web()
        self.server_id = self.web.create("mail_server", SERVER).json["data"]["id"]
        self.path = f"/api/mail_server/{self.server_id}"

    def change(self, attributes: dict[str, object], **members: object) -> dict[str, object]:
        """A PATCH body."""
        return {"data": {"type": "mail_server", "id": self.server_id, "attributes": attributes, **members}}

    def test_patch(self) -> None:
        """A change answers the whole document; permission may be changed now."""
        reply = self.web.patch(self.path, self.change({"is_enabled": "1", "permission": 2}))
        attributes = reply.json["data"]["attributes"]
        self.assertEqual(reply.status, 200)
        self.assertEqual(
            (attributes["is_enabled"], attributes["permission"], attributes["hostname"]), (True, 2, "mx.dept.test")
        )
        self.assertIsNotNone(attributes["updated_at"])

    def test_patch_of_another(self) -> None:
        """A document that names another row is a conflict."""
        body = {"data": {"type": "mail_server", "id": UNKNOWN, "attributes": {}}}
        self.assertEqual(self.web.patch(self.path, body).status, 409)

    def test_masked_value_sent_back(self) -> None:
        """Sending a document back as it was read does not empty its password."""
        body = {"username": "a", "password": "longpass1", "password_md5": "longpass1"}
        account = self.web.create("mail_account", body, mail_server_id=self.server_id).json["data"]
        self.assertEqual(self.web.patch(f"/api/mail_account/{account['id']}", {"data": account}).status, 200)
        row = self.web.records._rows["mail_account"][UUID(account["id"])]
        self.assertEqual(row.attributes["password"], "longpass1")

    def test_content_sent_back(self) -> None:
        """A message may be sent back as it was read; its content stays what it is."""
        held: dict[str, Any] = {
            "flags": "",
            "deleted": False,
            "internal_date": self.web.clock.now(),
            "mail": "YTogYg==",
        }
        mail = self.web.records.add("mail", subject="x", size=4, **held)
        document = self.web.get(f"/api/mail/{mail}").json
        document["data"]["attributes"] |= {"mail": "eA==", "seen": True}
        attributes = self.web.patch(f"/api/mail/{mail}", document).json["data"]["attributes"]
        self.assertEqual((attributes["mail"], attributes["seen"]), ("YTogYg==", True))

    def test_delete(self) -> None:
        """DELETE answers meta null, and the row is gone."""
        reply = self.web.delete(self.path)
        self.assertEqual((reply.status, reply.json), (200, {"meta": None}))
        self.assertEqual(self.web.get(self.path).status, 404)
        self.assertEqual(self.web.delete(self.path).status, 404)

    def test_methods(self) -> None:
        """PUT is 405, OPTIONS says what there is, HEAD has no body."""
        put = self.web.request("PUT", self.path, self.change({}))
        self.assertEqual((put.status, put.headers["allow"]), (405, "DELETE, GET, HEAD, OPTIONS, PATCH"))
        options = self.web.request("OPTIONS", self.path, token=None)
        self.assertEqual((options.status, options.headers["allow"]), (204, put.headers["allow"]))
        head = self.web.request("HEAD", self.path)
        self.assertEqual((head.status, head.body), (200, b""))
