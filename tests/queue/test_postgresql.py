"""The queue keeps its promises on PostgreSQL too. Skipped where its server is not installed."""

from tests.queue import test_contract, test_rules, test_runner
from tests.support.postgresql import OnPostgresql


class ContractOnPostgresql(OnPostgresql, test_contract.RealQueueTests):
    """The same promises."""


class RulesOnPostgresql(OnPostgresql, test_rules.OutboxRulesTests):
    """The same promises."""


class SendingOnPostgresql(OnPostgresql, test_runner.SendingTests):
    """The same promises."""


class RetryOnPostgresql(OnPostgresql, test_runner.RetryTests):
    """The same promises."""


class HoldOnPostgresql(OnPostgresql, test_runner.HoldTests):
    """The same promises."""


class LeaseOnPostgresql(OnPostgresql, test_runner.LeaseTests):
    """The same promises."""


class FairnessOnPostgresql(OnPostgresql, test_runner.FairnessTests):
    """The same promises."""
