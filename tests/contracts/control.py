"""The promises of ``IControl``."""

from typing import Any

from zope.interface.verify import verifyObject

from daptinmail.interfaces.control import IControl, ListenerReport
from daptinmail.settings import Live
from tests.contracts.case import ContractCase

ACTIONS = {"kept", "started", "stopped", "changed", "failed"}


class ControlContract(ContractCase):
    """Give ``control``, with one listener wanted, which runs after the first reconcile."""

    control: Any

    def test_contract_reconcile(self) -> None:
        """Every wanted listener is reported, by name and address; asked again, what runs is kept."""
        verifyObject(IControl, self.control)
        (first,) = self.result(self.control.reconcile())
        self.assertIsInstance(first, ListenerReport)
        self.assertTrue(first.action in ACTIONS and first.name and first.interface)
        (again,) = self.result(self.control.reconcile())
        self.assertEqual(again, ListenerReport(first.name, first.interface, "kept"))

    def test_contract_live(self) -> None:
        """What runs now can be read."""
        self.result(self.control.reconcile())
        self.assertIsInstance(self.control.live(), Live)
