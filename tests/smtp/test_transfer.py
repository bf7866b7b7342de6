"""Which hosts are tried, in which order, and what comes of it."""

from pathlib import Path
from random import Random
from uuid import UUID

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from daptinmail.interfaces.transfer import ITransfer, MailExchanger, TransferRequest
from daptinmail.mail.address import Address
from daptinmail.mail.receipt import Outcome, Receipt
from daptinmail.settings import OutboundSettings
from daptinmail.smtp.transfer import Transfer, points_here
from tests.support.resolver import MemoryResolver
from tests.support.runtime import SynchronousBlocking
from tests.support.transfer import Network

A, B = Address("a", "x.example"), Address("b", "x.example")


class TransferCase(SynchronousTestCase):
    """A transfer agent over a network in memory."""

    def setUp(self) -> None:
        """Two hosts for one domain."""
        self.clock = Clock()
        self.network = Network(self.clock)
        self.resolver = MemoryResolver(
            {"x.example": [MailExchanger(20, "mx2.example"), MailExchanger(10, "mx1.example")]},
            {"mx1.example": ["192.0.2.1"], "mx2.example": ["192.0.2.2"]},
        )
        self.settings = OutboundSettings()
        self.agent = Transfer(
            self.resolver, self.network.connect, self.clock, SynchronousBlocking(), lambda: self.settings, Random(1)
        )
        self.path = Path(self.mktemp())
        self.path.write_bytes(b"Subject: x\r\n\r\n")

    def send(self, *recipients: Address, helo: str = "me.example") -> list[Receipt]:
        """One attempt."""
        request = TransferRequest(
            UUID(int=1), "x.example", None, recipients or (A,), self.path, 14, helo, eight_bit=False, smtputf8=False
        )
        return list(self.successResultOf(Deferred.fromCoroutine(self.agent.transfer(request))))

    def only(self) -> Receipt:
        """One attempt for one recipient."""
        (receipt,) = self.send()
        return receipt


class HostTests(TransferCase):
    """From the domain to hosts."""

    def test_interface(self) -> None:
        """It is what the queue expects."""
        self.assertTrue(verifyObject(ITransfer, self.agent))

    def test_preference(self) -> None:
        """The host with the lowest preference gets the message."""
        self.network.hosts = {"192.0.2.1": {}, "192.0.2.2": {}}
        receipt = self.only()
        self.assertEqual((receipt.outcome, receipt.remote), (Outcome.DELIVERED, "mx1.example"))
        self.assertEqual(self.network.tried, ["192.0.2.1"])

    def test_equal_preference(self) -> None:
        """Equal hosts take turns by chance (RFC 5321 §5.1)."""
        self.resolver.exchangers["x.example"] = [MailExchanger(10, "mx1.example"), MailExchanger(10, "mx2.example")]
        self.network.hosts = {"192.0.2.1": {}, "192.0.2.2": {}}
        self.assertEqual({self.only().remote for _ in range(20)}, {"mx1.example", "mx2.example"})

    def test_no_mx(self) -> None:
        """A domain without MX records gets its mail at its own address."""
        self.resolver.exchangers.clear()
        self.resolver.hosts["x.example"] = ["192.0.2.3"]
        self.network.hosts = {"192.0.2.3": {}}
        self.assertEqual(self.only().outcome, Outcome.DELIVERED)

    def test_null_mx(self) -> None:
        """A domain that says it takes no mail is believed (RFC 7505 §3)."""
        self.resolver.exchangers["x.example"] = [MailExchanger(0, "")]
        self.assertEqual(str(self.only().reply)[:10], "556 5.1.10")

    def test_no_such_domain(self) -> None:
        """A domain that does not exist is a permanent failure; a silent DNS a temporary one."""
        self.resolver.exchangers.clear()
        receipt = self.only()
        self.assertEqual((receipt.outcome, receipt.reply.status), (Outcome.REFUSED, "5.1.2"))
        self.resolver.failing.add("x.example")
        self.assertEqual(self.only().outcome, Outcome.DEFERRED)

    def test_no_address(self) -> None:
        """A domain whose hosts do not exist is unreachable for good; one whose hosts cannot be asked is not."""
        self.resolver.hosts.clear()
        self.assertEqual(self.only().outcome, Outcome.REFUSED)
        self.resolver.failing.add("mx2.example")
        self.assertEqual(self.only().outcome, Outcome.DEFERRED)

    def test_many_addresses(self) -> None:
        """A domain with a hundred addresses does not keep us for a hundred time-outs."""
        self.resolver.hosts["mx1.example"] = [f"192.0.2.{number}" for number in range(100, 200)]
        self.only()
        self.assertEqual(len(self.network.tried), 8)


class LoopTests(TransferCase):
    """MX records that point at this machine."""

    def test_loopback(self) -> None:
        """Mail is not sent to this machine, however it is spelled, unless that is allowed."""
        for address in (
            "127.0.0.1",
            "127.8.8.8",
            "::1",
            "0.0.0.0",
            "::",
            "::ffff:127.0.0.1",
            "169.254.1.1",
            "fe80::1%eth0",
        ):
            self.assertTrue(points_here(address), address)
            self.resolver.hosts = {"mx1.example": [address], "mx2.example": [address]}
            self.assertEqual(str(self.only().reply)[:9], "554 5.4.6", address)
        self.assertEqual(self.network.tried, [])

    def test_loopback_is_allowed(self) -> None:
        """Tests and closed networks may."""
        self.settings = OutboundSettings(allow_loopback=True)
        self.resolver.hosts["mx1.example"] = ["127.0.0.1"]
        self.network.hosts = {"127.0.0.1": {}}
        self.assertEqual(self.only().outcome, Outcome.DELIVERED)

    def test_own_address(self) -> None:
        """A public address of this machine is found out when connected, before anything is said."""
        self.network.here = "192.0.2.1"
        self.network.hosts = {"192.0.2.1": {}}
        self.resolver.exchangers["x.example"] = [MailExchanger(10, "mx1.example")]
        self.assertEqual(self.only().reply.status, "5.4.6")
        self.assertEqual(self.network.remotes[0].commands, [])

    def test_own_name(self) -> None:
        """When we are an MX of the domain ourselves, only better ones are tried (RFC 5321 §5.1)."""
        self.network.hosts = {"192.0.2.1": {}, "192.0.2.2": {}}
        self.assertEqual(self.send(helo="mx2.example")[0].remote, "mx1.example")
        self.assertEqual(self.send(helo="mx1.example")[0].reply.status, "5.4.6")


class FallbackTests(TransferCase):
    """What the next host is for."""

    def test_refused_connection(self) -> None:
        """When the first host is down the second one gets the message."""
        self.network.hosts = {"192.0.2.2": {}}
        self.assertEqual(self.only().remote, "mx2.example")

    def test_all_down(self) -> None:
        """When all are down the message waits."""
        receipt = self.only()
        self.assertEqual((receipt.outcome, receipt.reply.status), (Outcome.DEFERRED, "4.4.1"))

    def test_deferred_recipient(self) -> None:
        """Who is deferred at one host is tried at the next; who is refused or delivered is not."""
        self.network.hosts = {"192.0.2.1": {".": "451 4.3.0 full"}, "192.0.2.2": {}}
        self.assertEqual([one.remote for one in self.send(A, B)], ["mx2.example"] * 2)
        self.network.hosts = {"192.0.2.1": {"RCPT": "550 5.1.1 no"}, "192.0.2.2": {}}
        self.assertEqual({one.outcome for one in self.send(A, B)}, {Outcome.REFUSED})

    def test_deferred_everywhere(self) -> None:
        """The last reason given is kept with the recipient."""
        self.network.hosts = {"192.0.2.1": {".": "451 4.3.0 full"}, "192.0.2.2": {".": "452 4.3.1 fuller"}}
        self.assertEqual(str(self.only().reply), "452 4.3.1 fuller")

    def test_unknown_fate(self) -> None:
        """After a connection lost behind the dot no other host gets the message in this attempt."""
        self.network.hosts = {"192.0.2.1": {".": "hang up"}, "192.0.2.2": {}}
        self.assertEqual(self.only().outcome, Outcome.DEFERRED)
        self.assertEqual(self.network.tried, ["192.0.2.1"])

    def test_tls_fails(self) -> None:
        """A host whose TLS does not work gets the message in clear text, in a new connection."""
        self.network.hosts = {"192.0.2.1": {"EHLO": "250-mx\r\n250 STARTTLS", "STARTTLS": "220 go\r\n250 injected"}}
        self.assertEqual(self.only().outcome, Outcome.DELIVERED)
        first, second = self.network.remotes
        self.assertIn("STARTTLS", first.commands)
        self.assertNotIn("STARTTLS", second.commands)

    def test_many_recipients(self) -> None:
        """250 recipients of a domain go over one connection, in transactions of 100."""
        self.network.hosts = {"192.0.2.1": {}}
        found = self.send(*(Address(f"r{number}", "x.example") for number in range(250)))
        self.assertEqual(len(found), 250)
        self.assertEqual(self.network.remotes[0].commands.count("DATA"), 3)
        self.assertEqual(len(self.network.remotes), 1)
        self.assertEqual(self.clock.getDelayedCalls(), [])
