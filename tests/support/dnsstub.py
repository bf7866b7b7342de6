"""A real DNS server on loopback, with records that the test writes down.

``DnsStub({"example.org": {"MX": [(10, "mx.example.org")]}, "mx.example.org": {"A": ["127.0.0.1"]}})``, then
``host, port = stub.listen(reactor)`` and at the end ``yield stub.stop()``.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.error import CannotListenError
from twisted.names import dns
from twisted.names.common import ResolverBase
from twisted.names.error import DomainError
from twisted.names.server import DNSServerFactory
from twisted.python.failure import Failure

Zone = Mapping[str, Mapping[str, Sequence[Any]]]
"""Name -> type -> values.

``(preference, host)`` for MX, ``(priority, weight, port, host)`` for SRV, ``(flags, tag, value)`` for CAA, text for the
others: A, AAAA, TXT, CNAME, PTR.
"""
CAA = 257
KINDS = {**dns.QUERY_TYPES, CAA: "CAA"}


class _Failing(Exception):
    """The server cannot answer."""


class _Server(DNSServerFactory):
    """Says SERVFAIL without a traceback in the log."""

    def gotResolverError(self, failure: Failure, protocol: Any, message: Any, address: Any) -> None:
        if failure.check(_Failing):
            self.sendReply(protocol, self._responseFromMessage(message=message, rCode=dns.ESERVER), address)
            return
        super().gotResolverError(failure, protocol, message, address)


class _Answers(ResolverBase):
    """What DNSServerFactory asks."""

    def __init__(self, stub: "DnsStub") -> None:
        super().__init__()
        self._stub = stub

    def _lookup(self, name: bytes, cls: int, type: int, timeout: object) -> "Deferred[Any]":
        return self._stub.answer(name.decode("ascii").rstrip(".").lower(), type)


@define(eq=False)
class DnsStub:
    """``records`` may change at any time. Names in ``failing`` get SERVFAIL, names in ``silent`` no answer."""

    records: dict[str, Mapping[str, Sequence[Any]]] = field(factory=dict)
    failing: set[str] = field(factory=set)
    silent: set[str] = field(factory=set)
    ttl: int = 0
    asked: list[tuple[str, str]] = field(factory=list)
    _ports: list[Any] = field(factory=list)

    def listen(self, reactor: Any, port: int = 0) -> tuple[str, int]:
        """Serve UDP and TCP on one port of 127.0.0.1; answers host and port."""
        for _ in range(20):
            factory = _Server(clients=[_Answers(self)])
            factory.noisy = False
            udp = reactor.listenUDP(port, dns.DNSDatagramProtocol(factory, reactor=reactor), interface="127.0.0.1")
            try:
                tcp = reactor.listenTCP(udp.getHost().port, factory, interface="127.0.0.1")
            except CannotListenError:
                udp.stopListening()
                continue
            self._ports = [udp, tcp]
            return "127.0.0.1", udp.getHost().port
        raise RuntimeError("no port that is free for UDP and TCP")

    def stop(self) -> "Deferred[Any]":
        """Stop serving."""
        ports, self._ports = self._ports, []
        return gatherResults([port.stopListening() for port in ports if port])

    def answer(self, name: str, kind: int) -> "Deferred[Any]":
        """What the server says."""
        self.asked.append((name, KINDS.get(kind, str(kind))))
        done: Deferred[Any] = Deferred()
        if name in self.silent:
            return done
        if name in self.failing:
            done.errback(Failure(_Failing()))
        elif name not in self.records:
            done.errback(Failure(DomainError(name)))
        else:
            done.callback((self._found(name, kind), [], []))
        return done

    def _found(self, name: str, kind: int) -> list[dns.RRHeader]:
        """Records of the type, and the alias if there is one."""
        return [
            dns.RRHeader(name, number, dns.IN, self.ttl, _payload(word, value, self.ttl), auth=True)
            for number, word in KINDS.items()
            if number in {kind, dns.CNAME}
            for value in self.records[name].get(word, ())
        ]


def _payload(word: str, value: Any, ttl: int) -> Any:
    if word == "MX":
        return dns.Record_MX(value[0], value[1], ttl)
    if word == "TXT":
        octets = value if isinstance(value, bytes) else value.encode()
        return dns.Record_TXT(*[octets[at : at + 255] for at in range(0, len(octets), 255)], ttl=ttl)
    if word == "SRV":
        return dns.Record_SRV(value[0], value[1], value[2], value[3], ttl)
    if word == "CAA":
        return _caa(value[0], value[1], value[2], ttl)
    kinds = {"PTR": dns.Record_PTR, "A": dns.Record_A, "AAAA": dns.Record_AAAA, "CNAME": dns.Record_CNAME}
    return kinds[word](value, ttl)


class _RecordCaa(dns.UnknownRecord):
    """RFC 8659 §4.1."""

    TYPE = CAA  # type: ignore[assignment]  # UnknownRecord has none by itself


def _caa(flags: int, tag: str, value: str, ttl: int) -> Any:
    return _RecordCaa(bytes([flags, len(tag)]) + tag.encode() + value.encode(), ttl)
