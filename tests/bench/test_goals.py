"""Goals are judged by what was measured, and only then."""

from twisted.trial.unittest import SynchronousTestCase

from bench.goals import AtMost, Faster, NoMoreThan
from bench.report import Run, as_json, table
from bench.samples import Sample
from bench.turns import Results


def results(**values: dict[str, list[float]]) -> Results:
    """Samples by name and peer; CPU is half the wall clock."""
    made = Results()
    for name, by_peer in values.items():
        for peer, figures in by_peer.items():
            for figure in figures:
                made.add(peer, Sample(name, figure, figure / 2))
    return made


class GoalTests(SynchronousTestCase):
    """Ratios and limits."""

    def test_best_turn(self) -> None:
        """The best turn of each counts, since other work on the machine only ever adds."""
        found = results(a={"daptinmail": [10, 5, 90], "dovecot": [30, 11]})
        self.assertEqual(Faster("dovecot", 2).judge("a", found).figure, "2.20 x")
        self.assertTrue(Faster("dovecot", 2).judge("a", found).met)
        self.assertFalse(Faster("dovecot", 3).judge("a", found).met)

    def test_busy_machine(self) -> None:
        """Where other work disturbs the clock, CPU time decides."""
        found = results(a={"daptinmail": [10], "dovecot": [5]})
        found.samples["a"]["dovecot"] = [Sample("a", 5, 20)]
        self.assertFalse(Faster("dovecot", 2).judge("a", found).met)
        found.busy = True
        self.assertEqual(Faster("dovecot", 2).judge("a", found).figure, "4.00 x")

    def test_limit(self) -> None:
        """A limit has its unit."""
        found = results(a={"daptinmail": [31]})
        self.assertEqual(AtMost(30, "KiB").judge("a", found).figure, "31.00 KiB")
        self.assertFalse(AtMost(30, "KiB").judge("a", found).met)

    def test_growth(self) -> None:
        """Cost that must not grow is compared with the same on a small mailbox."""
        found = results(a={"daptinmail": [12]}, b={"daptinmail": [10]})
        self.assertTrue(NoMoreThan("b", 1.5).judge("a", found).met)
        self.assertFalse(NoMoreThan("b", 1.1).judge("a", found).met)

    def test_unknown(self) -> None:
        """Without a figure of the peer nothing is claimed."""
        self.assertIsNone(Faster("dovecot", 2).judge("a", results(a={"daptinmail": [1]})).met)

    def test_report(self) -> None:
        """The table names machine, version, figures, verdicts and what could not be measured; JSON has every sample."""
        found = results(**{"fetch.flags": {"daptinmail": [2.0, 3.0], "dovecot": [1.0]}})
        found.failures["search.body"] = {"dovecot": "Failed: BAD"}
        run = Run({"CPU": "one"}, {"daptinmail": "0.1", "dovecot": "2.3"}, 10, found)
        shown = table(run)
        for part in (
            "CPU: one",
            "dovecot: 2.3",
            "MISSED: 1 x dovecot, is 0.50 x",
            "not measured: search.body of dovecot",
        ):
            self.assertIn(part, shown)
        self.assertIn('"value": 3.0', as_json(run))
