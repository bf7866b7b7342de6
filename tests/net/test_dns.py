"""Names become hosts; a real server answers, on loopback."""

from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.names import dns
from twisted.names.error import DNSNameError, DNSServerError
from twisted.trial.unittest import SynchronousTestCase, TestCase
from zope.interface.verify import verifyObject

from daptinmail.errors import NotFound, Unavailable
from daptinmail.interfaces.transfer import IResolver, MailExchanger
from daptinmail.net.blocking import deferred
from daptinmail.net.dns import Resolver, system_servers
from tests.support.dnsstub import DnsStub


class ScriptedLookup:
    """Answers from a list; an exception is raised. ``authority`` comes with every answer."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked = 0
        self.authority: list[Any] = []

    def query(self, query: dns.Query) -> "Deferred[Any]":
        self.asked += 1
        answer = self.answers.pop(0)
        done: Deferred[Any] = Deferred()
        if isinstance(answer, Exception):
            done.errback(answer)
        else:
            done.callback((answer, self.authority, []))
        return done


class SlowLookup:
    """Answers when the test does."""

    def __init__(self) -> None:
        self.questions: list[Deferred[Any]] = []

    def query(self, query: dns.Query) -> "Deferred[Any]":
        self.questions.append(Deferred())
        return self.questions[-1]


def record(name: str, payload: Any, ttl: int = 60) -> dns.RRHeader:
    """One answer."""
    return dns.RRHeader(name, payload.TYPE, ttl=ttl, payload=payload)


class ResolverTests(SynchronousTestCase):
    """What answers mean."""

    def ask(self, work: Coroutine[Any, Any, Any]) -> Any:
        """The result of a query."""
        return self.successResultOf(Deferred.fromCoroutine(work))

    def refuse(self, work: Coroutine[Any, Any, Any], kind: type[Exception]) -> None:
        """The query fails so."""
        self.failureResultOf(Deferred.fromCoroutine(work), kind)

    def test_interface(self) -> None:
        """It is what the transfer agent expects."""
        self.assertTrue(verifyObject(IResolver, Resolver(Clock(), ScriptedLookup())))

    def test_cache(self) -> None:
        """An answer is kept as long as its time to live says, and not longer than five minutes."""
        for ttl, kept in ((60, 60), (86400, 300)):
            clock = Clock()
            lookup = ScriptedLookup(*[[record("x.example", dns.Record_MX(5, "MX.x.example", ttl), ttl)]] * 2)
            resolver = Resolver(clock, lookup)
            for seconds, asked in ((0, 1), (kept - 1, 1), (1, 2)):
                clock.advance(seconds)
                self.assertEqual(self.ask(resolver.mail_exchangers("X.example.")), [MailExchanger(5, "mx.x.example")])
                self.assertEqual(lookup.asked, asked)

    def test_nothing_is_remembered_too(self) -> None:
        """That a name or a record is missing is kept as long as the SOA record says (RFC 2308), else not at all."""
        soa = record("example", dns.Record_SOA(mname=b"a", rname=b"b", minimum=30), 60)
        missing = dns.Message()
        missing.authority = [soa]
        for answer, kind in (([], None), (DNSNameError(missing), NotFound)):
            for authority, asked in (([soa], 2), ([], 3)):
                clock, lookup = Clock(), ScriptedLookup(*[answer] * 3)
                lookup.authority = missing.authority = authority
                resolver = Resolver(clock, lookup)
                for seconds in (0, 29, 1):
                    clock.advance(seconds)
                    if kind:
                        self.refuse(resolver.texts("x.example"), kind)
                    else:
                        self.assertEqual(self.ask(resolver.texts("x.example")), [])
                self.assertEqual(lookup.asked, asked)

    def test_no_answer_is_not_remembered(self) -> None:
        """A server that failed is asked again at once."""
        lookup = ScriptedLookup(DNSServerError(), [record("x.example", dns.Record_TXT(b"v"))])
        resolver = Resolver(Clock(), lookup)
        self.refuse(resolver.texts("x.example"), Unavailable)
        self.assertEqual(self.ask(resolver.texts("x.example")), [b"v"])

    def test_one_question_for_all(self) -> None:
        """Whoever asks what is being asked already waits for that answer; one who gives up spoils it for nobody."""
        lookup = SlowLookup()
        resolver = Resolver(Clock(), lookup)
        first, second = (Deferred.fromCoroutine(resolver.texts("x.example")) for _ in range(2))
        self.assertEqual(len(lookup.questions), 1)
        first.cancel()
        self.failureResultOf(first, CancelledError)
        lookup.questions[0].callback(([record("x.example", dns.Record_TXT(b"v"))], [], []))
        self.assertEqual(self.successResultOf(second), [b"v"])
        third, fourth = (Deferred.fromCoroutine(resolver.texts("y.example")) for _ in range(2))
        lookup.questions[1].errback(DNSServerError())
        for one in (third, fourth):
            self.failureResultOf(one, Unavailable)

    def test_one_kind_of_address(self) -> None:
        """Who wants IPv4 addresses only does not wait for the others."""
        four, six = record("h.example", dns.Record_A("192.0.2.1")), record("h.example", dns.Record_AAAA("2001:db8::1"))
        for version, answer, text in ((4, four, "192.0.2.1"), (6, six, "2001:db8::1")):
            lookup = ScriptedLookup([answer])
            self.assertEqual(self.ask(Resolver(Clock(), lookup).addresses("h.example", version)), [text])
            self.assertEqual(
                self.ask(Resolver(Clock(), lookup).addresses("localhost", version))[0][:1], "1:"[version == 6]
            )
        self.refuse(Resolver(Clock(), ScriptedLookup(DNSNameError())).addresses("h.example", 4), NotFound)

    def test_one_family_fails(self) -> None:
        """IPv4 addresses are enough when the question for IPv6 fails, and the other way round."""
        four, six = record("h.example", dns.Record_A("192.0.2.1")), record("h.example", dns.Record_AAAA("2001:db8::1"))
        self.assertEqual(
            self.ask(Resolver(Clock(), ScriptedLookup([four], DNSServerError())).addresses("h.example")), ["192.0.2.1"]
        )
        self.assertEqual(
            self.ask(Resolver(Clock(), ScriptedLookup(DNSServerError(), [six])).addresses("h.example")), ["2001:db8::1"]
        )
        self.refuse(Resolver(Clock(), ScriptedLookup([], DNSServerError())).addresses("h.example"), Unavailable)
        self.refuse(Resolver(Clock(), ScriptedLookup(*[DNSNameError()] * 2)).addresses("h.example"), NotFound)

    def test_localhost(self) -> None:
        """The network is never asked about localhost (RFC 6761 §6.3)."""
        lookup = ScriptedLookup()
        self.assertEqual(self.ask(Resolver(Clock(), lookup).addresses("LocalHost.")), ["127.0.0.1", "::1"])
        self.assertEqual(lookup.asked, 0)

    def test_impossible_names(self) -> None:
        """What DNS cannot hold does not exist."""
        for name in ("", "a..b", "x" * 64 + ".example", "bücher.example", ".".join(["abcdefgh"] * 40)):
            self.refuse(Resolver(Clock(), ScriptedLookup()).mail_exchangers(name), NotFound)

    def test_alias_loop(self) -> None:
        """Aliases that lead in a circle end."""
        loop = [record("a.example", dns.Record_CNAME("b.example")), record("b.example", dns.Record_CNAME("a.example"))]
        self.assertEqual(self.ask(Resolver(Clock(), ScriptedLookup(*[loop] * 9)).texts("a.example")), [])

    def test_foreign_answers(self) -> None:
        """Records of other names in an answer are not taken."""
        foreign = [record("other.example", dns.Record_TXT(b"x"))]
        self.assertEqual(self.ask(Resolver(Clock(), ScriptedLookup(foreign)).texts("a.example")), [])

    def test_resolv_conf(self) -> None:
        """The system's servers are read from resolv.conf; without one, this machine is asked."""
        path = Path(self.mktemp())
        self.assertEqual(system_servers(path), [("127.0.0.1", 53)])
        path.write_text("# x\nnameserver 192.0.2.53\nsearch example\nnameserver fe80::1%eth0\nnameserver\n")
        self.assertEqual(system_servers(path), [("192.0.2.53", 53), ("fe80::1", 53)])


class StubTests(TestCase):
    """Against a server on loopback."""

    def setUp(self) -> None:
        """A server and a resolver that asks it."""
        from twisted.internet import reactor

        self.stub = DnsStub(
            {
                "x.example": {"MX": [(20, "b.x.example"), (10, "a.x.example")], "TXT": ["v" * 900]},
                "null.example": {"MX": [(0, "")]},
                "a.x.example": {"A": ["192.0.2.1"], "AAAA": ["2001:db8::1"]},
                "alias.example": {"CNAME": ["a.x.example"]},
            },
            failing={"failing.example"},
        )
        self.resolver = Resolver.of_system(reactor, self.stub.listen(reactor))
        self.addCleanup(self.stub.stop)

    @deferred
    async def test_answers(self) -> None:
        """MX, null MX, both families of addresses, aliases, and a TXT record too long for UDP."""
        found = await self.resolver.mail_exchangers("x.example")
        self.assertEqual(
            sorted((one.preference, one.host) for one in found), [(10, "a.x.example"), (20, "b.x.example")]
        )
        self.assertEqual(await self.resolver.mail_exchangers("null.example"), [MailExchanger(0, "")])
        self.assertEqual(await self.resolver.addresses("alias.example"), ["192.0.2.1", "2001:db8::1"])
        self.assertEqual(await self.resolver.texts("x.example"), [b"v" * 900])

    @deferred
    async def test_no_answers(self) -> None:
        """No record, no name and no answer are three things."""
        self.assertEqual(await self.resolver.mail_exchangers("a.x.example"), [])
        for name, kind in (("no.example", NotFound), ("failing.example", Unavailable)):
            with self.assertRaises(kind):
                await self.resolver.mail_exchangers(name)
