"""The API over the real rows, users and settings: what one layer promises, the other takes."""

import json
from base64 import b64encode
from typing import Any
from urllib.parse import quote

from hypothesis import given
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.accounts.rules import MailAccountRules, MailServerRules, UserAccountRules, UsergroupRules
from daptinmail.accounts.throttle import Throttle
from daptinmail.accounts.users import Users
from daptinmail.api.app import Api
from daptinmail.api.types import KINDS
from daptinmail.db.configuration import Configuration
from daptinmail.db.records import Records
from daptinmail.db.repeats import Repeats
from tests.api.test_hostile import BODIES, MODEST
from tests.api.test_seed_requests import BECOME, SIGN_IN, SIGN_UP, curl
from tests.api.web import Client, From
from tests.support.accounts import cheap_passwords
from tests.support.certificates import MemorySigningKeys, MemoryTlsContexts
from tests.support.control import MemoryCertificates, MemoryControl
from tests.support.directory import MemoryDirectory
from tests.support.domains import Zones
from tests.support.events import MemoryEvents
from tests.support.memory_store import MemoryMessageStore
from tests.support.queue import MemoryQueue
from tests.support.runtime import CountingIdentifiers, SteadyClock
from tests.support.seed import CREATE_ACCOUNT, CREATE_SERVER, EXAMPLE_ID, RESTART, SET_HOSTNAME
from tests.support.sending import MemorySending
from tests.support.storage import MemoryStorage


def stored_client() -> Client:
    """The API over a database in memory."""
    clock, identifiers = SteadyClock(), CountingIdentifiers()
    storage, passwords = MemoryStorage(clock), cheap_passwords()
    configuration = Configuration(storage, clock)
    store = MemoryMessageStore(clock, identifiers)
    rules = {
        "user_account": UserAccountRules(passwords, identifiers),
        "usergroup": UsergroupRules(),
        "mail_server": MailServerRules(MemoryTlsContexts()),
        "mail_account": MailAccountRules(passwords, store, MemorySigningKeys()),
    }
    users = Users(storage, passwords, Throttle(clock), clock, identifiers, configuration, MemoryEvents(), "code")
    api = Api(
        Records(storage, clock, identifiers, rules),
        users,
        configuration,
        MemoryControl(),
        MemoryCertificates(),
        MemoryQueue(),
        store,
        MemoryEvents(),
        Zones().domains(MemoryControl().live),
        MemorySigningKeys(),
        MemoryDirectory(),
        MemorySending(),
        Repeats(storage, identifiers),
        clock,
        identifiers,
        rate_limit=10**9,
    )
    client = Client(From(api.resource()))
    curl(client, SIGN_UP)
    client.administrator = curl(client, SIGN_IN).json[0]["Attributes"]["value"]
    curl(client, BECOME, client.administrator)
    return client


class StoredTests(SynchronousTestCase):
    """Requests that reach the database."""

    def setUp(self) -> None:
        self.client = stored_client()

    def test_seed(self) -> None:
        """The walk-through works on real rows."""
        token = self.client.administrator
        server = curl(self.client, CREATE_SERVER, token)
        self.assertEqual(server.status, 201, server.body)
        attributes: dict[str, Any] = server.json["data"]["attributes"]
        self.assertEqual((attributes["max_size"], attributes["status"]), (10000, "pending"))
        self.assertEqual(curl(self.client, CREATE_SERVER, token).status, 409)
        refused = curl(self.client, CREATE_ACCOUNT, token)
        self.assertEqual((refused.status, "mail_server_id" in refused.title), (422, True), refused.body)
        account = curl(self.client, CREATE_ACCOUNT.replace(EXAMPLE_ID, server.json["data"]["id"]), token)
        self.assertEqual(account.status, 201, account.body)
        self.assertEqual(account.json["data"]["attributes"]["password"], "")
        self.assertNotIn(b"$argon2", account.body)
        self.assertEqual(curl(self.client, SET_HOSTNAME, token).status, 200)
        self.assertEqual(self.client.get("/_config/backend/hostname").body, b"imps.example.com")
        self.assertEqual(curl(self.client, RESTART, token).status, 200)

    def test_every_list(self) -> None:
        """Every type lists by every column it may be sorted by, with everything included."""
        curl(self.client, CREATE_SERVER, self.client.administrator)
        for kind in KINDS.values():
            for name in (*kind.attributes, *kind.relationships):
                if kind.sortable(name):
                    reply = self.client.get(f"/api/{kind.name}?sort=-{name}&included_relations=*")
                    self.assertEqual(reply.status, 200, (kind.name, name, reply.body))

    def test_every_operator(self) -> None:
        """Every operator answers rows or says what is wrong with it."""
        curl(self.client, CREATE_SERVER, self.client.administrator)
        for name in ("hostname", "max_size", "is_enabled", "created_at", "user_account_id", "reference_id"):
            for operator in ("is", "neq", "contains", "like", "in", "more than", "is empty", "is true", "fuzzy_any"):
                query = [{"column": name, "operator": operator, "value": "20"}]
                reply = self.client.get(f"/api/mail_server?query={quote(json.dumps(query))}")
                self.assertIn(reply.status, {200, 400, 422}, (name, operator, reply.body))

    def test_me(self) -> None:
        """The caller's own row, and a change of it that ends the token."""
        mine = self.client.get("/api/user_account/mine")
        self.assertEqual(mine.json["data"]["attributes"]["email"], "root@dept.test")
        change = {"data": {"type": "user_account", "attributes": {"password": "another1"}}}
        self.assertEqual(self.client.patch("/api/user_account/mine", change).status, 200)
        stale = self.client.get("/api/user_account/mine")
        self.assertEqual((stale.status, stale.title), (401, "Invalid or expired token"))

    def test_document_sent_back(self) -> None:
        """A document may be sent back as it was read."""
        server = curl(self.client, CREATE_SERVER, self.client.administrator).json
        path = f"/api/mail_server/{server['data']['id']}"
        self.assertEqual(self.client.patch(path, server).status, 200)
        self.assertEqual(self.client.get(path).json["data"]["attributes"]["status"], "pending")

    def test_groups(self) -> None:
        """Group membership by relationship, with real effect."""
        server = curl(self.client, CREATE_SERVER, self.client.administrator).json["data"]["id"]
        group = self.client.create("usergroup", {"name": "staff"}).json["data"]["id"]
        path = f"/api/mail_server/{server}/relationships/usergroup_id"
        body = {"data": [{"type": "usergroup", "id": group}]}
        self.assertEqual(self.client.post(path, body).status, 204)
        self.assertEqual(self.client.get(path).json["data"], body["data"])
        self.assertEqual(self.client.delete(path, body).status, 204)
        self.assertEqual(self.client.get(path).json["data"], [])

    @MODEST
    @given(BODIES)
    def test_hostile(self, body: Any) -> None:
        """Random documents never become a failure of ours."""
        for kind in ("mail_server", "mail_account", "usergroup", "certificate"):
            reply = self.client.post(f"/api/{kind}", json.dumps(body))
            self.assertLess(reply.status, 500, (kind, body, reply.body))
        mine = self.client.get("/api/mail_server?page[size]=1").json["data"]
        for row in mine:
            reply = self.client.patch(f"/api/mail_server/{row['id']}", json.dumps(body))
            self.assertLess(reply.status, 500, (body, reply.body))

    def test_mail_needs_its_mailbox(self) -> None:
        """A message for a mailbox that is not there is refused by name."""
        content = b64encode(b"Subject: x\r\n\r\ny").decode()
        body = {"data": {"type": "mail", "attributes": {"mail": content, "mail_box_id": EXAMPLE_ID}}}
        reply = self.client.post("/api/mail", body)
        self.assertEqual((reply.status, "mail_box_id" in reply.title), (422, True), reply.body)
