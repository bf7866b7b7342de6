"""The real resolver and the one in memory keep the same promises."""

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.names import dns
from twisted.names.error import DNSNameError, DNSServerError, DomainError
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.interfaces.transfer import MailExchanger, ServiceTarget
from daptinmail.net.dns import Resolver
from tests.contracts.resolver import ResolverContract
from tests.support.dnsstub import DnsStub
from tests.support.resolver import MemoryResolver


class StubLookup:
    """Asks the stub without a network."""

    def __init__(self, stub: DnsStub) -> None:
        self.stub = stub

    def query(self, query: dns.Query) -> "Deferred[Any]":
        def as_client(failure: Failure) -> Failure:
            return Failure(DNSNameError() if failure.check(DomainError) else DNSServerError())

        return self.stub.answer(query.name.name.decode(), query.type).addErrback(as_client)


class RealResolverTests(ResolverContract, SynchronousTestCase):
    """Over answers as DNS gives them."""

    def setUp(self) -> None:
        """The zone."""
        stub = DnsStub(
            {
                "x.example": {"MX": [(10, "mx.x.example")], "CAA": [(0, "issue", "ca.example; a=b")]},
                "mx.x.example": {"A": ["192.0.2.1"]},
                "null.example": {"MX": [(0, "")]},
                "1.2.0.192.in-addr.arpa": {"PTR": ["mx.x.example"]},
                "_imaps._tcp.x.example": {"SRV": [(0, 1, 993, "imap.x.example")]},
            },
            failing={"failing.example"},
        )
        self.resolver = Resolver(Clock(), StubLookup(stub))


class MemoryResolverTests(ResolverContract, SynchronousTestCase):
    """The one that tests of the transfer agent use."""

    def setUp(self) -> None:
        """The zone."""
        self.resolver = MemoryResolver(
            {"x.example": [MailExchanger(10, "mx.x.example")], "null.example": [MailExchanger(0, "")]},
            {"mx.x.example": ["192.0.2.1"]},
            {"failing.example"},
            reverse={"1.2.0.192.in-addr.arpa": ["mx.x.example"]},
            targets={"_imaps._tcp.x.example": [ServiceTarget(0, 1, 993, "imap.x.example")]},
            authorities={"x.example": ['0 issue "ca.example; a=b"']},
        )
