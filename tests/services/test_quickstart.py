"""Quickstart, interrupted and resumed."""

import json
from pathlib import Path

from daptinmail.errors import ConfigurationError, Unavailable
from daptinmail.interfaces.directory import Viewer
from daptinmail.interfaces.records import Query
from daptinmail.services.quickstart import FILE_NAME, Ports, Quickstart, choose_ports
from daptinmail.services.sockets import BoundSockets
from daptinmail.settings import Boot, Interface
from tests.contracts.case import ContractCase
from tests.support.control import MemoryConfiguration, MemoryControl
from tests.support.records import MemoryRecords
from tests.support.runtime import SynchronousBlocking
from tests.support.sockets import FakeBind
from tests.support.users import MemoryUsers

ADDRESS = "you@example.test"
PORTS = Ports(Interface("0.0.0.0", 465), Interface("0.0.0.0", 993))
HTTP = ("http://127.0.0.1:6336",)


class QuickstartTests(ContractCase):
    """In memory, but for the file."""

    def setUp(self) -> None:
        self.data_dir = Path(self.mktemp())
        self.data_dir.mkdir()
        self.users, self.records = MemoryUsers(), MemoryRecords()
        self.configuration, self.control = MemoryConfiguration(), MemoryControl()
        self.said: list[str] = []
        passwords = iter(f"password-{number}" for number in range(10))
        self.quickstart = Quickstart(
            Boot(self.data_dir, "unused"),
            self.users,
            self.records,
            self.configuration,
            self.control,
            SynchronousBlocking(),
            self.said.append,
            lambda: next(passwords),
        )

    def count(self, kind: str) -> int:
        """How many rows there are."""
        return self.result(self.records.list(kind, Query(), Viewer(is_administrator=True))).total

    def test_interrupted(self) -> None:
        """A run that failed half way goes on where it stopped, with the credentials it wrote down first."""
        self.records.broken = Unavailable()
        self.refused(self.quickstart.run(ADDRESS, PORTS, HTTP), Unavailable)
        self.assertFalse(self.result(self.users.has_administrator()))
        written = (self.data_dir / FILE_NAME).read_bytes()
        self.records.broken = None
        self.result(self.quickstart.run(ADDRESS, None, HTTP))
        self.assertEqual((self.data_dir / FILE_NAME).read_bytes(), written)
        self.assertEqual((self.count("mail_server"), self.count("mail_account")), (1, 1))
        self.assertTrue(self.result(self.users.has_administrator()))
        administrator = json.loads(written)["administrator"]
        self.result(self.users.sign_in(ADDRESS, administrator["password"], "192.0.2.1"))

    def test_again(self) -> None:
        """A second run changes nothing and says so."""
        self.result(self.quickstart.run(ADDRESS, PORTS, HTTP))
        reconciled = self.control.reconciled
        self.said.clear()
        self.result(self.quickstart.run("other@example.test", None, HTTP))
        self.assertEqual((len(self.said), self.control.reconciled), (1, reconciled))
        self.assertIn("already set up", self.said[0])
        self.assertEqual(self.count("mail_account"), 1)

    def test_damaged_file(self) -> None:
        """A file that an interruption damaged is named, with what to do about it."""
        for text in ("", "[]", "{}", '{"address": "you@example.test"}'):
            (self.data_dir / FILE_NAME).write_text(text)
            error = self.refused(self.quickstart.run(ADDRESS, PORTS, HTTP), ConfigurationError)
            self.assertIn(FILE_NAME, error.text)

    def test_ports(self) -> None:
        """The well-known ports if they can be had, else others; none are chosen again when a run has chosen."""
        boot = Boot(self.data_dir, "unused")
        self.assertEqual(choose_ports(boot, BoundSockets(FakeBind())), PORTS)
        other = choose_ports(boot, BoundSockets(FakeBind({465, 993})))
        self.assertEqual(other, Ports(Interface("0.0.0.0", 10465), Interface("0.0.0.0", 10993)))
        (self.data_dir / FILE_NAME).touch()
        self.assertIsNone(choose_ports(boot, BoundSockets(FakeBind())))
