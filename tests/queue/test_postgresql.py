"""The queue keeps its promises on PostgreSQL too. Skipped where its server is not installed."""

from tests.queue import (
    test_caps,
    test_commands,
    test_contract,
    test_leases,
    test_reports,
    test_rules,
    test_runner,
    test_suppression,
    test_turns,
)
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


class LeaseOnPostgresql(OnPostgresql, test_leases.LeaseTests):
    """The same promises."""


class FairnessOnPostgresql(OnPostgresql, test_turns.FairnessTests):
    """The same promises."""


class TurnsOnPostgresql(OnPostgresql, test_turns.TurnTests):
    """The same promises."""


class DelaysOnPostgresql(OnPostgresql, test_reports.DelayTests):
    """The same promises."""


class FailuresOnPostgresql(OnPostgresql, test_reports.FailureTests):
    """The same promises."""


class SuccessOnPostgresql(OnPostgresql, test_reports.SuccessTests):
    """The same promises."""


class CapsOnPostgresql(OnPostgresql, test_caps.CapsTests):
    """The same promises."""


class SuppressionsOnPostgresql(OnPostgresql, test_suppression.SuppressionsTests):
    """The same promises."""


class CommandsOnPostgresql(OnPostgresql, test_commands.CommandTests):
    """The same promises."""
