"""Parameters of lists that no row could match or no database could take."""

import json
from urllib.parse import quote

from twisted.trial.unittest import SynchronousTestCase

from daptinmail.api.queries import MAX_TEXT, MAX_VALUES
from tests.api.web import Web


class ParameterTests(SynchronousTestCase):
    """Refused with 400 and the name of the parameter."""

    def setUp(self) -> None:
        self.web = Web()
        self.web.records.add("mail_server", hostname="a.test")

    def refused(self, name: str, text: str) -> None:
        """It is."""
        reply = self.web.get(f"/api/mail_server?{name}={quote(text, safe=',')}")
        self.assertEqual((reply.status, name in reply.title), (400, True), reply.body)

    def test_filter(self) -> None:
        """Too long, or with a NUL."""
        self.refused("filter", "x" * (MAX_TEXT + 1))
        self.refused("filter", "a\x00b")

    def test_values(self) -> None:
        """Lists in lists, too many values, numbers beyond the column, objects, infinities, NUL."""
        for value in ([["a"]], [0] * (MAX_VALUES + 1), 2**63, {"a": 1}, "a\x00"):
            item = {"column": "hostname", "operator": "is", "value": value}
            self.refused("query", json.dumps([item], separators=(",", ":")))
        self.refused("query", '[{"column": "max_size", "operator": "is", "value": 1e999}]')

    def test_list_of_values(self) -> None:
        """A list of plain values is fine."""
        query = json.dumps([{"column": "hostname", "operator": "in", "value": ["a.test", "b.test"]}])
        reply = self.web.get(f"/api/mail_server?query={quote(query)}")
        self.assertEqual((reply.status, len(reply.json["data"])), (200, 1), reply.body)
