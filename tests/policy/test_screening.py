"""All checks of one message together."""

from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from attrs import define, evolve
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import capturedLogs
from zope.interface import implementer
from zope.interface.verify import verifyObject

from daptinmail.dkim.verifier import Verifier
from daptinmail.interfaces.directory import Account
from daptinmail.interfaces.reception import Origin
from daptinmail.interfaces.screening import Action, IScreening, ISignatureVerifier, SignatureReport, Verdict
from daptinmail.interfaces.storage import Content
from daptinmail.interfaces.transfer import IResolver
from daptinmail.mail.address import Address
from daptinmail.mail.envelope import Envelope
from daptinmail.mail.header import HeaderSection, header_end
from daptinmail.policy.lookups import PATIENCE
from daptinmail.policy.screening import Screening
from tests.dkim.signing import MESSAGE, by_hand, key_record, sealed
from tests.policy.case import ZoneCase
from tests.policy.test_lookups import SilentResolver
from tests.support.resolver import MemoryResolver
from tests.support.runtime import SteadyClock, SynchronousBlocking
from tests.support.servers import mail_server

ANN = Address("ann", "example.test")
BOB = Address("bob", "example.com")
THEM = Origin(connection="c1", ip="192.0.2.7", helo="mx.example.test", server=mail_server())
PREFIX = "mail.screening."


@implementer(ISignatureVerifier)
@define(eq=False)
class BrokenVerifier:
    """Fails."""

    async def verify(self, content: Content, header: bytes, resolver: IResolver) -> SignatureReport:
        """Raise."""
        raise ZeroDivisionError


@define(eq=False)
class HalfSilentResolver(SilentResolver):
    """Answers at once, but nothing of evil.test."""

    async def texts(self, name: str) -> list[bytes]:
        """Wait, or answer."""
        return await (super().texts(name) if name.endswith("evil.test") else MemoryResolver.texts(self, name))


class ScreeningCase(ZoneCase):
    """example.test publishes everything that a good sender publishes."""

    def setUp(self) -> None:
        """The zone, and a screening by the default rules."""
        super().setUp()
        self.txt("example.test", "v=spf1 ip4:192.0.2.7 -all")
        self.txt("mx.example.test", "v=spf1 a -all")
        self.host("mx.example.test", "192.0.2.7")
        self.ptr("192.0.2.7", "mx.example.test")
        self.txt("_dmarc.example.test", "v=DMARC1; p=reject")
        self.resolver.strings["d1._domainkey.example.test"] = [key_record()]
        self.config: dict[str, str] = {}
        self.timers = Clock()
        self.verifier: Any = Verifier(SynchronousBlocking(), SteadyClock(datetime(2099, 1, 1, tzinfo=UTC)))

    def screening(self) -> Screening:
        """As it is wired."""
        return Screening(
            resolver=self.resolver,
            verifier=self.verifier,
            timers=self.timers,
            config=lambda: {PREFIX + key: value for key, value in self.config.items()},
            hostnames=lambda: ("mail.example.com", "Other.example.com"),
            sample=lambda: 0.5,
        )

    def start(
        self, content: bytes, origin: Origin = THEM, return_path: Address | None = ANN
    ) -> Coroutine[Any, Any, Verdict]:
        """Screen a message."""
        header = HeaderSection(content[: header_end(content)])
        return self.screening().screen(origin, Envelope(return_path, (BOB,)), Content(len(content), content), header)

    def screen(self, content: bytes, origin: Origin = THEM, return_path: Address | None = ANN) -> Verdict:
        """The verdict."""
        return self.result(self.start(content, origin, return_path))

    def results(self, verdict: Verdict) -> list[str]:
        """Methods and results."""
        return [f"{one.method}={one.result}" for one in verdict.checks]


class ResultTests(ScreeningCase):
    """What is found, and in which order it is told."""

    def test_interface(self) -> None:
        """It is what the MTA expects."""
        self.assertTrue(verifyObject(IScreening, self.screening()))

    def test_good(self) -> None:
        """A good message passes everything, with a score of nothing."""
        verdict = self.screen(by_hand())
        self.assertEqual(self.results(verdict), ["iprev=pass", "spf=pass", "spf=pass", "dkim=pass", "dmarc=pass"])
        self.assertEqual((verdict.action, verdict.score, verdict.marked), (Action.ACCEPT, 0, False))
        self.assertEqual(
            [one.properties[0] for one in verdict.checks],
            [
                ("policy.iprev", "192.0.2.7"),
                ("smtp.helo", "mx.example.test"),
                ("smtp.mailfrom", "ann@example.test"),
                ("header.d", "example.test"),
                ("header.from", "example.test"),
            ],
        )

    def test_forged(self) -> None:
        """Somebody else's host with that author is refused as the author's domain asks."""
        verdict = self.screen(MESSAGE, evolve(THEM, ip="198.51.100.1"))
        self.assertEqual(self.results(verdict), ["iprev=permerror", "spf=fail", "spf=fail", "dkim=none", "dmarc=fail"])
        self.assertEqual(str(verdict.reply), "550 5.7.1 Rejected as example.test asks by its DMARC policy")

    def test_forwarded(self) -> None:
        """DKIM alone carries a message through a forwarder that SPF does not know."""
        verdict = self.screen(by_hand(), evolve(THEM, ip="198.51.100.1", helo="relay.example.net"))
        self.assertEqual(self.results(verdict)[-1], "dmarc=pass")
        self.assertEqual((verdict.action, verdict.score, verdict.marked), (Action.ACCEPT, 200, True))

    def test_spf_alone(self) -> None:
        """SPF alone is enough for DMARC, if it is aligned; another domain's is not."""
        self.assertEqual(self.results(self.screen(MESSAGE))[-1], "dmarc=pass")
        self.txt("bulk.test", "v=spf1 +all")
        verdict = self.screen(MESSAGE, return_path=Address("x", "bulk.test"))
        self.assertEqual((self.results(verdict)[-1], verdict.action), ("dmarc=fail", Action.REFUSE))

    def test_null_path(self) -> None:
        """A notification is judged by the name that the client gave itself (RFC 7208 §2.4), and told once."""
        verdict = self.screen(MESSAGE, return_path=None)
        self.assertEqual(self.results(verdict), ["iprev=pass", "spf=pass", "dkim=none", "dmarc=pass"])
        self.assertEqual(verdict.checks[1].properties, (("smtp.helo", "mx.example.test"),))

    def test_names_without_spf(self) -> None:
        """Address literals, bare words and names that cannot be are no identities, and DNS is not asked for them."""
        for helo in ("[192.0.2.7]", "localhost", "192.0.2.7", "", "\udcff.example"):
            verdict = self.screen(by_hand(), evolve(THEM, helo=helo))
            self.assertEqual(self.results(verdict), ["iprev=pass", "spf=pass", "dkim=pass", "dmarc=pass"], helo)
        verdict = self.screen(by_hand(), return_path=Address("x", "[192.0.2.7]"))
        self.assertIn("spf=none", self.results(verdict))

    def test_chain(self) -> None:
        """An ARC chain is told, and kept with the verdict for whoever forwards the message."""
        self.resolver.strings["arc._domainkey.mx1.test"] = [key_record()]
        verdict = self.screen(sealed(by_hand()))
        self.assertEqual(self.results(verdict)[-1], "arc=pass")
        self.assertEqual((verdict.chain.result, verdict.chain.sealer), ("pass", "mx1.test"))

    def test_several_authors(self) -> None:
        """The strictest of several authors decides, wherever it stands."""
        for authors in (b"a@open.test, bank@example.test", b"bank@example.test, a@open.test"):
            content = b"From: " + authors + b"\r\n\r\nbody\r\n"
            self.txt("_dmarc.open.test", "v=DMARC1; p=none")
            verdict = self.screen(content, evolve(THEM, ip="198.51.100.1"))
            self.assertEqual(verdict.action, Action.REFUSE)
            self.assertIn("example.test", str(verdict.reply))

    def test_no_author(self) -> None:
        """A message without From is told to be so."""
        check = self.screen(b"Subject: x\r\n\r\nbody\r\n").checks[-1]
        self.assertEqual((check.result, check.reason), ("permerror", "no From field"))


class RobustnessTests(ScreeningCase):
    """DNS, and faults of ours."""

    def test_dns_fails(self) -> None:
        """With DNS failing all over, mail is taken: nothing is known against it."""
        self.resolver.failing = {
            "example.test",
            "mx.example.test",
            "d1._domainkey.example.test",
            "_dmarc.example.test",
            "7.2.0.192.in-addr.arpa",
        }
        verdict = self.screen(by_hand())
        self.assertEqual(
            self.results(verdict),
            ["iprev=temperror", "spf=temperror", "spf=temperror", "dkim=temperror", "dmarc=temperror"],
        )
        self.assertEqual(verdict.action, Action.ACCEPT)

    def test_key_unknown(self) -> None:
        """With p=reject and only a key that cannot be looked up, the sender is asked to come again."""
        self.resolver.failing = {"d1._domainkey.example.test"}
        verdict = self.screen(by_hand(), evolve(THEM, ip="198.51.100.1"))
        self.assertTrue(str(verdict.reply).startswith("451 4.7.1 "), verdict.reply)

    def test_dns_is_silent(self) -> None:
        """DNS that never answers holds a message up for so long and no longer."""
        self.resolver = SilentResolver(hosts=self.resolver.hosts)
        waiting = Deferred.fromCoroutine(self.start(by_hand()))
        for _ in range(2):  # the checks, then the policy
            self.timers.advance(PATIENCE - 1)
            self.assertNoResult(waiting)
            self.timers.advance(1)
        self.assertEqual(self.successResultOf(waiting).action, Action.ACCEPT)

    def test_a_senders_dns_does_not_hide_the_authors_policy(self) -> None:
        """A forger whose own domains use up all questions, or all the time, is judged by the author's policy still."""
        self.mx("evil.test", *(f"m{number}.evil.test" for number in range(10)))
        for number in range(10):
            self.host(f"m{number}.evil.test", "198.51.100.9")
        self.txt("evil.test", "v=spf1 " + "mx " * 10 + "+all")
        forger = evolve(THEM, ip="198.51.100.1", helo="evil.test")
        greedy = Address("x", "evil.test")
        self.assertEqual(self.screen(MESSAGE, forger, greedy).action, Action.REFUSE)
        self.resolver = HalfSilentResolver(hosts=self.resolver.hosts, strings=self.resolver.strings)
        waiting = Deferred.fromCoroutine(self.start(MESSAGE, forger, greedy))
        self.timers.advance(PATIENCE)
        self.assertEqual(self.successResultOf(waiting).action, Action.REFUSE)

    def test_our_fault(self) -> None:
        """A fault in the verifier makes a message unsigned, and is in the log."""
        self.verifier = BrokenVerifier()
        with capturedLogs() as logs:
            self.assertIn("dkim=none", self.results(self.screen(by_hand())))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertTrue(logs)


class ClientTests(ScreeningCase):
    """Who is screened."""

    def test_unscreened(self) -> None:
        """Trusted networks, accounts, and everybody while it is off, are let through without a look."""
        account = Account(1, UUID(int=1), "ann@example.com", ANN, 1, "mail.example.com")
        for origin in (evolve(THEM, ip="127.0.0.1"), evolve(THEM, ip="::1"), evolve(THEM, account=account)):
            self.assertEqual(self.screen(MESSAGE, origin), Verdict(Action.ACCEPT))
            self.assertEqual(self.screening().authserv_ids(origin), ())
        self.config = {"enabled": "false"}
        self.assertEqual(self.screen(MESSAGE, evolve(THEM, ip="198.51.100.1")), Verdict(Action.ACCEPT))
        self.config = {"trusted_networks": "none"}
        self.assertTrue(self.screen(MESSAGE, evolve(THEM, ip="127.0.0.1")).checks)

    def test_names(self) -> None:
        """The listener's name is stamped unless another is configured; all names of this server are ours."""
        name = THEM.server.hostname
        self.assertEqual(self.screening().authserv_ids(THEM)[0], name)
        self.assertEqual(set(self.screening().authserv_ids(THEM)), {name, "mail.example.com", "other.example.com"})
        self.config = {"authserv_id": "example.com"}
        self.assertEqual(self.screening().authserv_ids(THEM)[0], "example.com")
        self.assertIn(name, self.screening().authserv_ids(THEM))
