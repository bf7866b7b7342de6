"""The promises of ``IRecordRules`` that no type may override."""

from typing import Any

from zope.interface.verify import verifyObject

from daptinmail.interfaces.directory import Viewer
from daptinmail.interfaces.records import IRecordRules
from tests.contracts.case import ContractCase

ROW = {"id": 1, "name": "anything"}


class RecordRulesContract(ContractCase):
    """Give ``rules``."""

    rules: Any

    def test_contract_empty_change(self) -> None:
        """Whoever changes nothing has nothing written."""
        verifyObject(IRecordRules, self.rules)
        self.assertEqual(self.result(self.rules.prepare({}, dict(ROW), Viewer())), {})

    def test_contract_common_columns(self) -> None:
        """Columns that every type has pass through; what the caller holds stays as it was."""
        asked = {"permission": 5}
        self.assertEqual(self.result(self.rules.prepare(asked, dict(ROW), Viewer())), {"permission": 5})
        self.assertEqual(asked, {"permission": 5})
