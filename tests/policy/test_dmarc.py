"""DMARC (RFC 9989; RFC 7489 where that is what is published)."""

from collections.abc import Sequence

from attrs import define, field

from daptinmail.errors import NotFound
from daptinmail.policy.dmarc import DmarcResult, Identifier, evaluate, strictest
from daptinmail.policy.dmarc_record import DmarcRecord, choose_record
from tests.policy.case import ZoneCase
from tests.support.resolver import MemoryResolver


@define(eq=False)
class NotingResolver(MemoryResolver):
    """Knows nothing, and notes what it was asked."""

    asked: list[str] = field(factory=list)

    async def texts(self, name: str) -> list[bytes]:
        """None."""
        self.asked.append(name)
        raise NotFound


def spf(domain: str, result: str = "pass") -> Identifier:
    """What SPF found."""
    return Identifier("spf", domain, result)


def dkim(domain: str, result: str = "pass") -> Identifier:
    """What DKIM found."""
    return Identifier("dkim", domain, result)


class DmarcCase(ZoneCase):
    """One author domain."""

    sampled = 0.0

    def policy(self, domain: str, text: str) -> None:
        """Publish a record; the domain then exists."""
        self.txt(f"_dmarc.{domain}", text)
        self.host(domain, "192.0.2.1")

    def judge(self, domain: str, *identifiers: Identifier) -> DmarcResult:
        """Result for an author."""
        return self.result(evaluate(self.resolver, domain, identifiers, lambda: self.sampled))

    def assert_judged(self, domain: str, identifiers: Sequence[Identifier], result: str, disposition: str) -> None:
        """This comes out."""
        found = self.judge(domain, *identifiers)
        self.assertEqual((found.result, found.disposition), (result, disposition), (domain, identifiers))


class RecordTests(ZoneCase):
    """Reading records."""

    def read(self, *texts: str) -> DmarcRecord | None:
        """What TXT records come to."""
        return choose_record([text.encode() for text in texts])

    def test_all_tags(self) -> None:
        """Every tag that says what to do is read, in any order behind v, unknown ones passed over."""
        self.assertEqual(
            self.read("v=DMARC1; x=y; np=Quarantine; adkim=s ;aspf=S; sp=none; p=reject; psd=N; t=y; rua=mailto:a@b"),
            DmarcRecord("reject", "none", "quarantine", True, True, "n", True),
        )
        self.assertEqual(self.read("v = DMARC1;p=none"), DmarcRecord())
        self.assertEqual(self.read("v=DMARC1"), DmarcRecord(), "no p= asks for nothing (RFC 9989 §4.7)")
        self.assertEqual(self.read("v=DMARC1; p=reject; p=none; psd=x; t=n;;="), DmarcRecord("reject"))

    def test_percent(self) -> None:
        """pct counts where t does not stand (RFC 7489 §6.3)."""
        for text, percent in (("pct=30", 30), ("pct=0", 0), ("pct=300", 100), ("pct=x", 100), ("pct=30; t=n", 100)):
            record = self.read(f"v=DMARC1; p=reject; {text}")
            self.assertEqual(record and record.percent, percent, text)

    def test_no_use(self) -> None:
        """Other texts, two records, and a policy nobody knows count as none; with a place for reports as p=none."""
        for texts in (
            (),
            ("v=spf1 -all",),
            ("v=dmarc1; p=reject",),
            ("V=DMARC1; p=reject",),
            ("p=reject; v=DMARC1",),
            ("v=DMARC10; p=reject",),
            ("v=DMARC1; p=reject", "v=DMARC1; p=reject"),
            ("v=DMARC1; p=bounce",),
            ("v=DMARC1; p=reject; sp=x; rua=nowhere",),
        ):
            self.assertIsNone(self.read(*texts), texts)
        self.assertEqual(self.read("v=DMARC1; p=bounce; rua=mailto:a@b.example"), DmarcRecord())
        self.assertEqual(self.read("x", "v=DMARC1; p=reject"), DmarcRecord("reject"))


class AlignmentTests(DmarcCase):
    """Which identifiers vouch for an author (RFC 9989 §4.4)."""

    def test_relaxed(self) -> None:
        """The same domain, one above and one below within the organization are aligned; others are not."""
        self.policy("example.com", "v=DMARC1; p=reject")
        for author in ("example.com", "news.example.com"):
            for domain in ("example.com", "news.example.com", "mail.example.com"):
                for identifier in (spf(domain), dkim(domain)):
                    self.assert_judged(author, [identifier], "pass", "none")
            for domain in ("example.org", "com", "badexample.com", "example.com.evil.example"):
                self.assert_judged(author, [spf(domain), dkim(domain)], "fail", "reject")

    def test_strict(self) -> None:
        """adkim=s and aspf=s ask for the very domain, each for its own method."""
        self.policy("example.com", "v=DMARC1; p=reject; adkim=s")
        self.assert_judged("example.com", [dkim("mail.example.com")], "fail", "reject")
        self.assertEqual(self.judge("example.com", dkim("example.com")).result, "pass")
        self.assertEqual(self.judge("example.com", spf("mail.example.com")).result, "pass")
        self.policy("example.com", "v=DMARC1; p=reject; aspf=s")
        self.assert_judged("example.com", [spf("mail.example.com")], "fail", "reject")
        self.assertEqual(self.judge("example.com", dkim("mail.example.com")).result, "pass")

    def test_only_pass_counts(self) -> None:
        """Nothing but a pass vouches for an author, and one is enough."""
        self.policy("example.com", "v=DMARC1; p=quarantine")
        for result in ("fail", "softfail", "neutral", "none", "permerror", "policy"):
            found = [spf("example.com", result), dkim("example.com", result)]
            self.assert_judged("example.com", found, "fail", "quarantine")
        self.assertEqual(self.judge("example.com", *found, dkim("a.example.com")).result, "pass")

    def test_reason(self) -> None:
        """What vouched is told."""
        self.policy("example.com", "v=DMARC1; p=reject")
        self.assertEqual(
            self.judge("example.com", spf("x.example"), dkim("a.example.com")).reason, "aligned dkim of a.example.com"
        )


class PolicyTests(DmarcCase):
    """Which policy applies (RFC 9989 §4.10.1)."""

    def test_none(self) -> None:
        """An author whose organization publishes nothing is not judged."""
        self.assert_judged("example.com", [], "none", "none")

    def test_own_record_first(self) -> None:
        """A subdomain's own record goes before that of the organization."""
        self.policy("example.com", "v=DMARC1; p=reject")
        self.policy("news.example.com", "v=DMARC1; p=none")
        self.assert_judged("news.example.com", [], "fail", "none")
        self.assert_judged("example.com", [], "fail", "reject")

    def test_subdomains(self) -> None:
        """sp is for subdomains, np for those that do not exist; each falls back to the one before."""
        self.host("news.example.com", "192.0.2.1")
        for text, existing, missing in (
            ("p=reject", "reject", "reject"),
            ("p=reject; sp=none", "none", "none"),
            ("p=none; sp=quarantine; np=reject", "quarantine", "reject"),
            ("p=none; np=reject", "none", "reject"),
        ):
            self.policy("example.com", f"v=DMARC1; {text}")
            self.assert_judged("news.example.com", [], "fail", existing)
            self.assert_judged("nowhere.example.com", [], "fail", missing)
        self.resolver.failing = {"nowhere.example.com"}
        self.assert_judged("nowhere.example.com", [], "fail", "none")

    def test_testing(self) -> None:
        """t=y takes the policy a step back."""
        for policy, milder in (("reject", "quarantine"), ("quarantine", "none"), ("none", "none")):
            self.policy("example.com", f"v=DMARC1; p={policy}; t=y")
            self.assert_judged("example.com", [], "fail", milder)

    def test_sampling(self) -> None:
        """pct applies the policy to so many messages, and a milder one to the others (RFC 7489 §6.6.4)."""
        self.policy("example.com", "v=DMARC1; p=reject; pct=25")
        for self.sampled, disposition in (
            (0.0, "reject"),
            (0.24, "reject"),
            (0.25, "quarantine"),
            (0.99, "quarantine"),
        ):
            self.assert_judged("example.com", [], "fail", disposition)
        self.policy("example.com", "v=DMARC1; p=quarantine; pct=0")
        self.sampled = 0.0
        self.assert_judged("example.com", [], "fail", "none")

    def test_strictest(self) -> None:
        """Of several authors the one counts that asks for most (RFC 7489 §6.6.1)."""
        results = [DmarcResult("pass", "a.example", "reject"), DmarcResult("fail", "b.example", "none", "none")]
        self.assertEqual(strictest(results), results[1])
        results.append(DmarcResult("fail", "c.example", "reject", "reject"))
        self.assertEqual(strictest(results), results[2])
        self.assertIsNone(strictest([]))


class WalkTests(DmarcCase):
    """Where an organization begins, without a list of suffixes (RFC 9989 §4.10)."""

    def test_examples_of_the_rfc(self) -> None:
        """The highest record marks the organization, unless psd says otherwise (appendix B.1.2)."""
        self.policy("example.com", "v=DMARC1; p=reject")
        self.policy("a.mail.example.com", "v=DMARC1; p=reject")
        self.assertEqual(self.judge("a.mail.example.com", spf("b.mail.example.com")).result, "pass")
        self.policy("giant.bank.example", "v=DMARC1; p=reject; psd=n")
        self.policy("bank.example", "v=DMARC1; p=reject; psd=y")
        self.policy("mega.bank.example", "v=DMARC1; p=reject")
        for author, domain, result in (
            ("giant.bank.example", "mail.giant.bank.example", "pass"),
            ("mail.giant.bank.example", "giant.bank.example", "pass"),
            ("mega.bank.example", "mail.mega.bank.example", "pass"),
            ("giant.bank.example", "mega.bank.example", "fail"),
            ("mail.mega.bank.example", "mega.bank.example", "pass"),
            ("mail.mega.bank.example", "bank.example", "fail"),
            ("mega.bank.example", "bank.example", "fail"),
        ):
            self.assertEqual(self.judge(author, dkim(domain)).result, result, (author, domain))

    def test_public_suffix_policy(self) -> None:
        """The record of a public suffix is for those below it that have none (RFC 9091)."""
        self.policy("bank.example", "v=DMARC1; p=none; sp=quarantine; np=reject; psd=y")
        self.host("some.bank.example", "192.0.2.1")
        self.assert_judged("some.bank.example", [], "fail", "quarantine")
        self.assert_judged("mail.typo.bank.example", [], "fail", "reject")
        self.assertEqual(self.judge("mail.some.bank.example", spf("some.bank.example")).result, "pass")
        self.assert_judged("some.bank.example", [spf("other.bank.example")], "fail", "quarantine")

    def test_single_label(self) -> None:
        """A top-level domain may be a public suffix with a policy, too."""
        self.policy("bank", "v=DMARC1; p=reject; psd=y")
        self.assert_judged("any.bank", [], "fail", "reject")
        self.assertEqual(self.judge("any.bank", spf("mail.any.bank")).result, "pass")
        self.assert_judged("any.bank", [spf("other.bank")], "fail", "reject")

    def test_psd_at_the_start(self) -> None:
        """Mail from a public suffix itself is judged by its own record, and below it is somebody else."""
        self.policy("bank.example", "v=DMARC1; p=reject; psd=y")
        self.assertEqual(self.judge("bank.example", spf("bank.example")).result, "pass")
        self.assert_judged("bank.example", [spf("evil.bank.example")], "fail", "reject")

    def test_long_names(self) -> None:
        """No more than eight names are asked, the first and then from seven labels on."""
        noting = self.resolver = NotingResolver()
        self.judge("a.b.c.d.e.f.g.h.i.j.mail.example.com")
        self.assertEqual(
            [name.removeprefix("_dmarc.") for name in noting.asked],
            [
                "a.b.c.d.e.f.g.h.i.j.mail.example.com",
                "g.h.i.j.mail.example.com",
                "h.i.j.mail.example.com",
                "i.j.mail.example.com",
                "j.mail.example.com",
                "mail.example.com",
                "example.com",
                "com",
            ],
        )

    def test_bad_records_on_the_way(self) -> None:
        """Two records at one name are none, and the walk goes on."""
        self.txt("_dmarc.mail.example.com", "v=DMARC1; p=none", "v=DMARC1; p=none")
        self.policy("example.com", "v=DMARC1; p=reject")
        self.assert_judged("mail.example.com", [], "fail", "reject")


class SilenceTests(DmarcCase):
    """DNS that does not answer never makes a message fail."""

    def test_policy_unknown(self) -> None:
        """Without the policy there is nothing to do."""
        self.resolver.failing = {"_dmarc.example.com"}
        self.assert_judged("example.com", [], "temperror", "none")
        self.assert_judged("mail.example.com", [], "temperror", "none")

    def test_identifier_unknown(self) -> None:
        """While an aligned signature or SPF cannot be checked the message has not failed, whatever else did."""
        self.policy("example.com", "v=DMARC1; p=reject")
        for identifier in (dkim("mail.example.com", "temperror"), spf("example.com", "temperror")):
            self.assert_judged("example.com", [spf("example.com", "fail"), identifier], "temperror", "reject")
        self.assertEqual(self.judge("example.com", identifier, dkim("example.com")).result, "pass")
        self.assert_judged("example.com", [dkim("other.example", "temperror")], "fail", "reject")

    def test_alignment_unknown(self) -> None:
        """The same while the organization of what passed cannot be found."""
        self.policy("example.com", "v=DMARC1; p=reject")
        self.resolver.failing = {"_dmarc.mail.example.com"}
        self.assert_judged("example.com", [dkim("mail.example.com")], "temperror", "reject")
