"""From the settings to records and the zone snippet."""

from attrs import evolve
from dns import zone as dns_zone
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.domains.facts import gather
from daptinmail.domains.wanted import NO_SERVICE, wanted_records
from daptinmail.domains.zone import zone_snippet
from daptinmail.interfaces.dkim_keys import ACTIVE, NEXT, RETIRING, RSA, DkimKey
from daptinmail.interfaces.domains import ADVISED, NEEDED, Endpoint
from daptinmail.settings import ImapSettings, Live, OutboundSettings
from tests.domains.samples import live, server
from tests.support.runtime import START

RECORD = ("d1._domainkey.example.com", "v=DKIM1; k=rsa; p=" + "A" * 400)
SIGNING = [DkimKey("d1", RSA, ACTIVE, START, RECORD)]
KNOWN = {"mail__public_addresses": "192.0.2.1, 2001:DB8::1 nonsense"}


class FactsTests(SynchronousTestCase):
    """What the settings mean for a domain."""

    def test_exchangers_are_servers_without_login(self) -> None:
        """Mail of others is for the servers that ask for no login; mail programs use the others."""
        facts = gather(live(), "example.com", ())
        self.assertEqual(facts.exchangers, ("mx.example.com",))
        self.assertEqual(facts.access.submission, (Endpoint("mail.example.com", 465, True),))
        self.assertEqual(facts.access.imap, (Endpoint("mail.example.com", 993, True),))
        self.assertEqual(facts.obstacles, ())

    def test_implicit_tls_comes_first(self) -> None:
        """Of two ways to send, the one with TLS from the start."""
        starttls = server("mail.example.com", 587, login=True, implicit_tls=False)
        settings = evolve(live(), servers=(starttls, *live().servers))
        self.assertEqual([one.port for one in gather(settings, "example.com", ()).access.submission], [465, 587])

    def test_obstacles(self) -> None:
        """What keeps mail away is said: no listener for others, not port 25, outbound mail on hold, no IMAP."""
        alone = Live("host.example", outbound=OutboundSettings(hold=True), imap=ImapSettings())
        facts = gather(alone, "example.com", ())
        self.assertEqual(facts.exchangers, ("host.example",))
        self.assertEqual(len(facts.obstacles), 3)
        other = evolve(live(), servers=(server("mx.example.com", 2525, login=False),))
        self.assertIn("port 25", gather(other, "example.com", ()).obstacles[0])

    def test_public_addresses(self) -> None:
        """Configured ones, else public ones that listeners are bound to; private ones are nobody's business."""
        self.assertEqual(gather(live(**KNOWN), "example.com", ()).addresses, ("192.0.2.1", "2001:db8::1"))
        bound = [server("a.example", 25, login=False, host=host) for host in ("10.1.2.3", "1.1.1.1", "127.0.0.1", "")]
        self.assertEqual(gather(evolve(live(), servers=tuple(bound)), "example.com", ()).addresses, ("1.1.1.1",))

    def test_transfer_policy(self) -> None:
        """The MTA-STS policy names the exchangers; there is none unless it is asked for."""
        self.assertIsNone(gather(live(), "example.com", ()).policy)
        facts = gather(live(mail__mta_sts__mode="Enforce"), "example.com", ())
        policy = b"version: STSv1\r\nmode: enforce\r\nmx: mx.example.com\r\nmax_age: 604800\r\n"
        self.assertEqual(facts.policy, policy)
        self.assertNotEqual(facts.policy_id, gather(live(mail__mta_sts__mode="none"), "example.com", ()).policy_id)
        self.assertTrue(facts.policy_id.isalnum() and len(facts.policy_id) <= 32)  # RFC 8461 §3.1


class ZoneTests(SynchronousTestCase):
    """The snippet is a zone file."""

    def snippet(self, settings: Live) -> str:
        """For example.com."""
        return zone_snippet("example.com", wanted_records(gather(settings, "example.com", SIGNING)))

    def test_a_name_server_reads_it(self) -> None:
        """dnspython reads every line; the long DKIM key is in several strings."""
        text = self.snippet(live(mail__mta_sts__mode="testing", **KNOWN))
        head = "$TTL 60\n@ IN SOA ns.example.com. root.example.com. 1 2 3 4 5\n@ IN NS ns.example.net.\n"
        zone = dns_zone.from_text(head + text, origin="example.com", relativize=False)
        found = {f"{name} {kind}" for name, data in zone.items() for kind in [str(one.rdtype.name) for one in data]}
        for wanted in (
            "example.com. MX",
            "mx.example.com. AAAA",
            "mail.example.com. A",
            "example.com. TXT",
            "d1._domainkey.example.com. TXT",
            "_dmarc.example.com. TXT",
            "_mta-sts.example.com. TXT",
            "mta-sts.example.com. CNAME",
            "_smtp._tls.example.com. TXT",
            "_submissions._tcp.example.com. SRV",
            "autoconfig.example.com. CNAME",
            "mx.example.com. CAA",
        ):
            self.assertIn(wanted, found)
        key = zone.get_rdataset("d1._domainkey.example.com.", "TXT")
        assert key is not None
        self.assertEqual(b"".join(key[0].strings).decode(), RECORD[1])

    def test_what_belongs_elsewhere_is_a_comment(self) -> None:
        """PTR records are set by the owner of the address; an unknown address cannot be written down."""
        lines = self.snippet(live(**KNOWN)).splitlines()
        self.assertTrue(all(line.startswith(";") for line in lines if " PTR " in line))
        self.assertIn(
            "; mx.example.com. 3600 IN A <the public address of this machine>", self.snippet(live()).splitlines()
        )

    def test_absent_services_are_said_to_be_absent(self) -> None:
        """Programs need not try STARTTLS ports that are not there."""
        records = wanted_records(gather(live(), "example.com", ()))
        services = {one.name: one.value for one in records if one.purpose == "srv"}
        self.assertEqual(services["_imaps._tcp.example.com"], "0 1 993 mail.example.com.")
        self.assertEqual(services["_submissions._tcp.example.com"], "0 1 465 mail.example.com.")
        self.assertEqual({services["_imap._tcp.example.com"], services["_submission._tcp.example.com"]}, {NO_SERVICE})

    def test_keys_that_come_and_go(self) -> None:
        """The next key's record and that of the one before are advised, the active one's is needed."""
        keys = [DkimKey(state, RSA, state, START, (state, "p=")) for state in (NEXT, ACTIVE, RETIRING)]
        records = wanted_records(gather(live(), "example.com", keys))
        found = {one.name: one.weight for one in records if one.purpose == "dkim"}
        self.assertEqual(found, {NEXT: ADVISED, ACTIVE: NEEDED, RETIRING: ADVISED})
