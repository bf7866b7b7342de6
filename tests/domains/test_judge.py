"""What DNS says, beside what it should."""

from twisted.trial.unittest import SynchronousTestCase

from daptinmail.domains.facts import DomainFacts, gather
from daptinmail.domains.judge import judge
from daptinmail.domains.wanted import wanted_records
from daptinmail.interfaces.dkim_keys import ACTIVE, RSA, DkimKey
from daptinmail.interfaces.domains import DIFFERENT, MISSING, OK, UNKNOWN, Finding
from tests.domains.samples import live
from tests.support.runtime import START

SIGNING = [DkimKey("d1", RSA, ACTIVE, START, ("d1._domainkey.example.com", "v=DKIM1; k=rsa; p=AAAA"))]


def facts() -> DomainFacts:
    """With everything known."""
    settings = live(mail__public_addresses="192.0.2.1", mail__mta_sts__mode="testing")
    return gather(settings, "example.com", SIGNING)


def finding(purpose: str, *found: str, kind: str = "") -> Finding:
    """The judgement on the first record of this purpose (and type)."""
    known = facts()
    record = next(one for one in wanted_records(known) if one.purpose == purpose and kind in {"", one.type})
    return judge(record, found, known)


class JudgeTests(SynchronousTestCase):
    """One test for each purpose: ok, missing, and the ways to be wrong."""

    def check(self, purpose: str, *cases: tuple[str, tuple[str, ...]], kind: str = "") -> None:
        """Each case is a state and what DNS says."""
        self.assertEqual(finding(purpose, kind=kind).state, MISSING)
        for state, found in cases:
            judged = finding(purpose, *found, kind=kind)
            self.assertEqual(judged.state, state, (found, judged.remark))
            self.assertEqual(judged.found, found)
            self.assertTrue(judged.remark or state == OK, found)

    def test_silence(self) -> None:
        """When DNS does not answer, nothing is claimed."""
        record = wanted_records(facts())[0]
        self.assertEqual(judge(record, None, facts()).state, UNKNOWN)

    def test_exchangers(self) -> None:
        """Any preference will do, and others beside it."""
        self.check(
            "mx",
            (OK, ("5 MX.example.com.", "20 backup.example.net.")),
            (DIFFERENT, ("10 elsewhere.example.",)),
            (DIFFERENT, ("0 .",)),
        )

    def test_addresses(self) -> None:
        """The names lead to this machine, and the address leads back."""
        self.check("address", (OK, ("192.0.2.1",)), (DIFFERENT, ("198.51.100.1",)))
        self.check("reverse", (OK, ("MX.example.com.",)), (DIFFERENT, ("host-1.provider.example.",)))

    def test_an_unknown_address_is_not_judged(self) -> None:
        """Where the server does not know its address, any is taken for right."""
        known = gather(live(), "example.com", ())
        record = next(one for one in wanted_records(known) if one.purpose == "address")
        self.assertEqual(judge(record, ["198.51.100.1"], known).state, OK)

    def test_spf(self) -> None:
        """One record, that permits this server as far as can be read."""
        self.check(
            "spf",
            (OK, ("v=spf1 mx ~all", "other text")),
            (OK, ("V=SPF1 ip4:192.0.2.0/24 -all",)),
            (OK, ("v=spf1 include:_spf.example.net -all",)),
            (OK, ("v=spf1 a -all",)),
            (DIFFERENT, ("v=spf1 -all",)),
            (DIFFERENT, ("v=spf1 ip4:198.51.100.0/24 ip4:nonsense -all",)),
            (DIFFERENT, ("v=spf1 mx -all", "v=spf1 a -all")),
        )
        self.assertEqual(finding("spf", "v=spf10 mx").state, MISSING)

    def test_dkim(self) -> None:
        """The published key is the one that signs."""
        self.check(
            "dkim",
            (OK, ("v=DKIM1;k=rsa;  p=AA AA",)),
            (DIFFERENT, ("v=DKIM1; p=BBBB",)),
            (DIFFERENT, ("v=DKIM1; p=",)),
            (DIFFERENT, ("v=DKIM1; p=AAAA", "v=DKIM1; p=AAAA")),
        )

    def test_dmarc(self) -> None:
        """One record with a policy; p=none is said to be weak."""
        self.check(
            "dmarc",
            (OK, ("v=DMARC1; p=reject",)),
            (OK, ("v=DMARC1;p=none",)),
            (DIFFERENT, ("v=DMARC1; p=maybe",)),
            (DIFFERENT, ("v=DMARC1; p=reject", "v=DMARC1; p=none")),
        )
        self.assertIn("watches", finding("dmarc", "v=DMARC1; p=none").remark)

    def test_transfer_security(self) -> None:
        """MTA-STS and the address for reports on TLS."""
        identifier = facts().policy_id
        self.check(
            "mta-sts",
            (OK, (f"v=STSv1; id={identifier}",)),
            (OK, ("v=STSv1; id=20200101",)),
            (DIFFERENT, ("v=STSv1;",)),
            kind="TXT",
        )
        self.assertTrue(finding("mta-sts", "v=STSv1; id=20200101", kind="TXT").remark)
        self.check("mta-sts", (OK, ("192.0.2.1",)), (DIFFERENT, ("198.51.100.1",)), kind="CNAME")
        self.check("tlsrpt", (OK, ("v=TLSRPTv1; rua=mailto:a@b",)), (DIFFERENT, ("v=TLSRPTv1",)))

    def test_services(self) -> None:
        """Port and host count, priority and weight do not; an absent service may be unsaid."""
        self.check("srv", (OK, ("5 6 993 MAIL.example.com.",)), (DIFFERENT, ("0 1 993 elsewhere.example.",)))
        known = facts()
        absent = next(one for one in wanted_records(known) if one.name.startswith("_imap._tcp"))
        self.assertEqual([judge(absent, found, known).state for found in ((), ("0 0 0 .",))], [OK, OK])
        self.assertEqual(judge(absent, ("0 1 143 mail.example.com.",), known).state, DIFFERENT)

    def test_set_up_and_issuers(self) -> None:
        """Names for set-up lead here; somebody is named who may issue certificates."""
        self.check("set-up", (OK, ("192.0.2.1", "2001:db8::1")), (DIFFERENT, ("198.51.100.1",)))
        self.check("caa", (OK, ('0 issue "ca.example"',)))
        self.assertEqual(finding("caa", '0 iodef "mailto:a@b"').state, MISSING)
