"""The keys ``mail.screening.*``."""

from ipaddress import ip_address
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import daptinmail
from daptinmail.policy.rules import DEFAULT_SCORES, LOOPBACK, ScreeningRules, rules_of


def rules(**values: str) -> ScreeningRules:
    """Rules with these keys, two underscores for a dot."""
    return rules_of({f"mail.screening.{name.replace('__', '.')}": value for name, value in values.items()})


class RulesTests(SynchronousTestCase):
    """What values mean."""

    def test_defaults(self) -> None:
        """Without keys: on, DMARC may refuse, loopback is trusted, and the scores are those of the documents."""
        found = rules_of({"hostname": "mx.example.com"})
        self.assertEqual((found.enabled, found.authserv_id, found.refuse), (True, "", frozenset({"dmarc"})))
        self.assertEqual((found.mark_score, found.spam_score, found.refuse_score), (51, 300, 0))
        self.assertEqual(found.scores, dict(DEFAULT_SCORES))
        self.assertEqual((found.points("spf", "fail"), found.points("spf", "softfail")), (200, 50))
        self.assertEqual((found.points("dkim", "none"), found.points("dkim", "pass")), (100, 0))
        for address, trusted in (("127.0.0.1", True), ("::1", True), ("192.0.2.1", False), ("10.0.0.1", False)):
            self.assertEqual(found.trusts(ip_address(address)), trusted)

    def test_values(self) -> None:
        """Each key changes what it names."""
        found = rules(
            enabled="off",
            authserv_id="MX.Example.com",
            trusted_networks="192.0.2.0/24, 2001:db8::1",
            refuse="spf dkim, iprev",
            arc_sealers="Lists.example lists.example",
            score__mark="10",
            score__spam="99.5",
            score__refuse="1000",
            score__iprev__fail="30",
            score__spf__fail="0",
            score__dmarc__pass="-100",
        )
        self.assertEqual((found.enabled, found.authserv_id), (False, "mx.example.com"))
        self.assertEqual(found.refuse, {"spf", "dkim", "iprev"})
        self.assertEqual(found.arc_sealers, {"lists.example"})
        self.assertEqual((found.mark_score, found.spam_score, found.refuse_score), (10, 99.5, 1000))
        points = [found.points(*one) for one in (("iprev", "fail"), ("spf", "fail"), ("dmarc", "pass"))]
        self.assertEqual(points, [30, 0, -100])
        self.assertTrue(found.trusts(ip_address("192.0.2.200")))
        self.assertFalse(found.trusts(ip_address("127.0.0.1")))

    def test_documented(self) -> None:
        """The page names every key, with the defaults that are used."""
        page = (Path(daptinmail.__file__).parents[1] / "docs" / "screening.md").read_text()
        for (method, result), points in DEFAULT_SCORES.items():
            self.assertIn(f"| `mail.screening.score.{method}.{result}` | {points:g} |", page)
        for key, default in (
            ("enabled", "`true`"),
            ("trusted_networks", f"`{LOOPBACK}`"),
            ("refuse", "`dmarc`"),
            ("score.mark", "`51`"),
            ("score.spam", "`300`"),
            ("score.refuse", "`0`"),
            ("arc_sealers", ""),
            ("authserv_id", "the listener's host name"),
        ):
            self.assertIn(f"| `mail.screening.{key}` | {default} |".replace("|  |", "| |"), page)

    def test_nonsense(self) -> None:
        """A value that makes no sense counts as not set; "none" is none."""
        found = rules(
            refuse="everything",
            trusted_networks="none",
            authserv_id="a b",
            score__spam="much",
            score__mark="1e99",
            score__spf__fail="nan",
            score__dkim__fail="",
        )
        self.assertEqual((found.refuse, found.trusted, found.authserv_id), (frozenset(), (), ""))
        self.assertEqual((found.spam_score, found.mark_score), (300, 51))
        self.assertEqual((found.points("spf", "fail"), found.points("dkim", "fail")), (200, 100))
        self.assertEqual(rules(refuse="none").refuse, frozenset())
