"""Whatever is sent, the server has an answer that is not its own failure."""

import json
from typing import Any
from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.api.actions.table import ACTIONS
from daptinmail.api.types import KINDS
from tests.api.web import Web

NAMES = sorted({name for kind in KINDS.values() for name in (*kind.attributes, *kind.relationships)})
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
MEMBERS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=6)
BODIES = VALUES | st.fixed_dictionaries(
    {"data": VALUES | st.fixed_dictionaries({"type": VALUES, "attributes": MEMBERS, "relationships": MEMBERS})}
)
ROW = "0198c2aa-6f10-7c31-9c5e-2b7c64f1a0d2"
MODEST = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


class HostileTests(SynchronousTestCase):
    """Random requests."""

    def setUp(self) -> None:
        self.web = Web(rate_limit=10**9)
        self.web.records.add("mail_server", hostname="a.test")

    def check(self, method: str, path: str, body: Any = None) -> None:
        """No 5xx, except for what is known not to be there."""
        raw = None if body is None else json.dumps(body)
        reply = self.web.request(method, path, raw)
        self.assertTrue(reply.status < 500 or "acme" in path, (method, path, raw, reply.body))
        self.web.replies.clear()

    @MODEST
    @given(st.sampled_from(sorted(KINDS)), BODIES)
    def test_rows(self, kind: str, body: Any) -> None:
        """Random documents."""
        self.check("POST", f"/api/{kind}", body)
        row = next(iter(self.web.records._rows["mail_server"]))
        self.check("PATCH", f"/api/mail_server/{row}", body)
        self.check("PATCH", f"/api/{kind}/{ROW}", body)
        for method in ("POST", "PATCH", "DELETE"):
            self.check(method, f"/api/mail_server/{row}/relationships/usergroup_id", body)

    @MODEST
    @given(st.sampled_from(sorted(ACTIONS)), VALUES)
    def test_actions(self, action: tuple[str, str], body: Any) -> None:
        """Random attributes."""
        for sent in (body, {"attributes": body}, {"attributes": {"certificate_id": body, "page_size": body}}):
            self.check("POST", f"/action/{action[0]}/{action[1]}", sent)

    @MODEST
    @given(
        st.sampled_from(["page[number]", "page[size]", "page[after]", "sort", "filter", "query", "fields", "token"]),
        st.text(max_size=30) | VALUES.map(json.dumps),
    )
    def test_parameters(self, name: str, value: str) -> None:
        """Random parameters."""
        self.check("GET", f"/api/mail_server?{name}={quote(value.encode('utf-8', 'replace'))}")

    @MODEST
    @given(
        st.lists(st.fixed_dictionaries({"column": st.sampled_from(NAMES), "operator": st.just("in"), "value": VALUES}))
    )
    def test_conditions(self, items: list[Any]) -> None:
        """Random conditions over real columns."""
        for item in items:
            item["operator"] = "is"
        self.check("GET", f"/api/mail_server?query={quote(json.dumps(items))}")

    @MODEST
    @given(st.binary(max_size=60))
    def test_octets(self, body: bytes) -> None:
        """Bodies that are not even text."""
        for path in ("/api/mail_server", "/action/user_account/signin", "/_config/backend/x"):
            reply = self.web.post(path, body)
            self.assertLess(reply.status, 500, (path, body))
