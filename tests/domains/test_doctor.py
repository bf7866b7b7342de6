"""The doctor asks DNS."""

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from daptinmail.errors import NotFound
from daptinmail.interfaces.domains import DIFFERENT, MISSING, OK, UNKNOWN, IDomains, MailAccess
from daptinmail.interfaces.transfer import MailExchanger, ServiceTarget
from tests.domains.samples import live
from tests.support.domains import Zones


class DoctorTests(SynchronousTestCase):
    """Over DNS in memory."""

    def setUp(self) -> None:
        self.zones = Zones()
        self.zones.directory.add("ann@example.com")
        self.zones.directory.add("bob@bücher.example")
        self.zones.keys.domains.append("example.com")
        self.settings = live(mail__public_addresses="192.0.2.1 2001:db8::1")
        self.doctor = self.zones.domains(lambda: self.settings)

    def ask(self, work: Any) -> Any:
        """The answer."""
        return self.successResultOf(Deferred.fromCoroutine(work))

    def states(self) -> dict[tuple[str, str], str]:
        """State by purpose and value."""
        report = self.ask(self.doctor.check("example.com"))
        return {(one.record.purpose, one.record.value): one.state for one in report.findings}

    def test_interface(self) -> None:
        """It is what the API asks."""
        self.assertTrue(verifyObject(IDomains, self.doctor))

    def test_names(self) -> None:
        """Domains of accounts as DNS has them."""
        self.assertEqual(self.ask(self.doctor.names()), ["example.com", "xn--bcher-kva.example"])

    def test_only_own_domains(self) -> None:
        """Nobody can have this server ask DNS for names of others; an own domain may be written in any way."""
        for work in (self.doctor.check, self.doctor.zone, self.doctor.access, self.doctor.transfer_policy):
            for name in ("example.net", "a b", "", "." * 300):
                self.failureResultOf(Deferred.fromCoroutine(work(name)), NotFound)
        self.assertEqual(self.ask(self.doctor.access("BÜCHER.example.")).domain, "xn--bcher-kva.example")
        self.assertIsInstance(self.ask(self.doctor.access("Example.COM")), MailAccess)

    def test_empty_zone(self) -> None:
        """Without any record everything is missing, except what need not be said."""
        states = self.states()
        self.assertEqual({state for (_, value), state in states.items() if value != "0 0 0 ."}, {MISSING})

    def test_good_zone(self) -> None:
        """All that the zone snippet says is found again."""
        resolver = self.zones.resolver
        for host in ("mx.example.com", "mail.example.com", "autoconfig.example.com", "autodiscover.example.com"):
            resolver.hosts[host] = ["192.0.2.1", "2001:db8::1"]
        resolver.exchangers["example.com"] = [MailExchanger(10, "mx.example.com")]
        resolver.strings["example.com"] = [b"v=spf1 mx -all", b"verification=xyz"]
        resolver.strings["_dmarc.example.com"] = [b"v=DMARC1; p=quarantine"]
        resolver.strings["_smtp._tls.example.com"] = [b"v=TLSRPTv1; rua=mailto:p@example.com"]
        name, text = self.ask(self.zones.keys.public_record("example.com"))
        resolver.strings[name] = [text.encode()]
        resolver.reverse["1.2.0.192.in-addr.arpa"] = ["mx.example.com"]
        resolver.reverse["1." + "0." * 23 + "8.b.d.0.1.0.0.2.ip6.arpa"] = ["mx.example.com"]
        resolver.targets["_imaps._tcp.example.com"] = [ServiceTarget(0, 1, 993, "mail.example.com")]
        resolver.targets["_submissions._tcp.example.com"] = [ServiceTarget(0, 1, 465, "mail.example.com")]
        resolver.authorities["mx.example.com"] = ['0 issue "letsencrypt.org"']
        self.assertEqual(set(self.states().values()), {OK})
        resolver.hosts["mx.example.com"] = ["192.0.2.1"]
        self.assertEqual(self.states()["address", "2001:db8::1"], OK)  # mail.example.com has it, and comes later
        report = self.ask(self.doctor.check("example.com"))
        missing = [one.record.name for one in report.findings if one.state == MISSING]
        self.assertEqual(missing, ["mx.example.com"])

    def test_dns_is_down(self) -> None:
        """What cannot be asked is unknown, and the rest is told."""
        self.zones.resolver.failing.add("example.com")
        self.zones.resolver.strings["_dmarc.example.com"] = [b"v=DMARC1; p=x"]
        states = {purpose: state for (purpose, _), state in self.states().items()}
        self.assertEqual((states["mx"], states["spf"], states["dmarc"]), (UNKNOWN, UNKNOWN, DIFFERENT))

    def test_policy(self) -> None:
        """The MTA-STS policy is there once it is configured."""
        self.failureResultOf(Deferred.fromCoroutine(self.doctor.transfer_policy("example.com")), NotFound)
        self.settings = live(mail__mta_sts__mode="testing")
        self.assertIn(b"mode: testing", self.ask(self.doctor.transfer_policy("example.com")))
