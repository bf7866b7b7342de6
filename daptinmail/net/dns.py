"""``IResolver`` over twisted.names: UDP, TCP when truncated, a small cache; who asks the same shares one question."""

from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from socket import AF_INET6, inet_ntop
from typing import Any, Protocol, TypeVar, cast

from attrs import define, field
from twisted.internet.defer import CancelledError, Deferred, gatherResults
from twisted.internet.interfaces import IReactorTime
from twisted.names import dns
from twisted.names.client import Resolver as NamesClient
from twisted.names.error import DNSNameError
from zope.interface import implementer

from daptinmail.errors import NotFound, Unavailable
from daptinmail.interfaces.transfer import IResolver, MailExchanger, ServiceTarget
from daptinmail.net.dnscache import MAX_TTL, Answer, AnswerCache, Key, negative_ttl

T = TypeVar("T")

TIMEOUTS = (2, 4, 8)  # seconds, one attempt each
MAX_ALIASES = 8
CAA = 257  # RFC 8659 §4.1; twisted.names has no class for it
LOOPBACK = ("127.0.0.1", "::1")  # localhost is never asked of the network (RFC 6761 §6.3)
RESOLV_CONF = Path("/etc/resolv.conf")

Records = Sequence[Any]


class Lookup(Protocol):
    """The one method of twisted.names that is used."""

    def query(self, query: dns.Query) -> "Deferred[tuple[Records, Records, Records]]":
        """Answers, authority, additional."""


@implementer(IResolver)
@define(eq=False)
class Resolver:
    """DNS by way of a recursive resolver. Names are A-labels; the cache obeys the records' TTL up to ``MAX_TTL``."""

    clock: IReactorTime
    lookup: Lookup
    _cache: AnswerCache = field(init=False)
    _waiting: dict[Key, list["Deferred[Answer]"]] = field(init=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        self._cache = AnswerCache(self.clock)

    @classmethod
    def of_system(cls, reactor: Any, server: tuple[str, int] | None = None) -> "Resolver":
        """Asks ``server``, or those of ``/etc/resolv.conf``."""
        servers = [server] if server else system_servers()
        return cls(reactor, cast(Lookup, NamesClient(servers=servers, timeout=TIMEOUTS, reactor=reactor)))

    async def mail_exchangers(self, domain: str) -> list[MailExchanger]:
        """MX records; the null MX has an empty host."""
        found = await self._ask(domain, dns.MX)
        return [MailExchanger(one.preference, _text(one.name)) for one in found]

    async def addresses(self, host: str, version: int | None = None) -> list[str]:
        """IPv4 addresses, then IPv6 addresses."""
        if _is_localhost(host):
            return [one for one in LOOPBACK if version in {None, ip_address(one).version}]
        if version == 4:
            return [one.dottedQuad() for one in await self._ask(host, dns.A)]
        if version == 6:
            return [_ipv6(one) for one in await self._ask(host, dns.AAAA)]
        answers: list[Any] = await gatherResults(
            [_settled(self._ask(host, dns.A)), _settled(self._ask(host, dns.AAAA))], consumeErrors=True
        )
        found = [one.dottedQuad() for one in answers[0] or ()] if isinstance(answers[0], list) else []
        found += [_ipv6(one) for one in answers[1]] if isinstance(answers[1], list) else []
        if found:
            return found
        for kind in (Unavailable, NotFound):
            for answer in answers:
                if isinstance(answer, kind):
                    raise answer
        return []

    async def texts(self, name: str) -> list[bytes]:
        """TXT records, their strings joined."""
        return [b"".join(one.data) for one in await self._ask(name, dns.TXT)]

    async def reverse_names(self, address: str) -> list[str]:
        """PTR records below in-addr.arpa or ip6.arpa."""
        return [_text(one.name) for one in await self._ask(ip_address(address).reverse_pointer, dns.PTR)]

    async def services(self, name: str) -> list[ServiceTarget]:
        """SRV records."""
        found = await self._ask(name, dns.SRV)
        return [ServiceTarget(one.priority, one.weight, one.port, _text(one.target)) for one in found]

    async def issuers(self, name: str) -> list[str]:
        """CAA records; those that cannot be read are left out."""
        return [text for one in await self._ask(name, CAA) if (text := _issuer(one.data))]

    async def _ask(self, name: str, kind: int) -> Sequence[Any]:
        """Payloads of one type, at the name or where its aliases lead."""
        key = (_checked(name), kind)
        cached = self._cache.find(key)
        answer = cached[0] if cached else await self._share(key)
        if answer is None:
            raise NotFound(f"{key[0]}: no such name")
        return answer

    def _share(self, key: Key) -> "Deferred[Answer]":
        """Wait for the one question that is under way. Whoever gives up waiting spoils it for nobody."""
        mine: Deferred[Answer] = Deferred()
        waiting = self._waiting.setdefault(key, [])
        waiting.append(mine)
        if len(waiting) == 1:
            _ = Deferred.fromCoroutine(self._look_up(key)).addBoth(self._tell, key)
        return mine

    def _tell(self, result: Any, key: Key) -> None:
        for one in self._waiting.pop(key):
            if not one.called:
                one.callback(result)

    async def _look_up(self, key: Key) -> Answer:
        """Ask, follow aliases, remember."""
        name, kind = key
        ttl = MAX_TTL
        for _ in range(MAX_ALIASES):
            answers, authority = await self._query(name, kind)
            if answers is None:
                self._cache.keep(key, None, min(ttl, negative_ttl(authority)))
                return None
            canonical = _canonical(name, answers)
            found = [one for one in answers if one.type == kind and _text(one.name) == canonical]
            ttl = min([ttl, *(one.ttl for one in answers)])
            if found or canonical == name:
                break
            name = canonical
        payloads = [one.payload for one in found]
        self._cache.keep(key, payloads, ttl if found else min(ttl, negative_ttl(authority)))
        return payloads

    async def _query(self, name: str, kind: int) -> tuple[Records | None, Records]:
        """Answers, ``None`` for a name that does not exist, and the authority section."""
        try:
            answers, authority, _ = await self.lookup.query(dns.Query(name.encode("ascii"), kind, dns.IN))
        except CancelledError:
            raise
        except DNSNameError as error:
            message = error.args[0] if error.args else None
            return None, getattr(message, "authority", ())
        except Exception as error:
            raise Unavailable(f"{name}: no answer from DNS", cause=repr(error)) from error
        return answers, authority


def system_servers(path: Path = RESOLV_CONF) -> list[tuple[str, int]]:
    """The name servers of ``resolv.conf``; this machine's if it names none."""
    try:
        lines = path.read_text("ascii", "replace").splitlines()
    except OSError:
        lines = []
    words = [line.split() for line in lines]
    found = [(word[1].partition("%")[0], 53) for word in words if word[:1] == ["nameserver"] and len(word) > 1]
    return found or [("127.0.0.1", 53)]


def _checked(name: str) -> str:
    """The name in lower case without final dot; ``NotFound`` if DNS cannot hold it (RFC 1035 §2.3.4)."""
    name = name.rstrip(".").lower()
    if not name.isascii() or len(name) > 253 or not all(0 < len(label) < 64 for label in name.split(".")):
        raise NotFound("Not a domain name")
    return name


def _canonical(name: str, answers: Records) -> str:
    """Where the CNAMEs among ``answers`` lead from ``name``."""
    aliases = {_text(one.name): _text(one.payload.name) for one in answers if one.type == dns.CNAME}
    for _ in range(MAX_ALIASES):
        name = aliases.get(name, name)
    return name


def _settled(work: Any) -> "Deferred[Any]":
    """The result, or the error as a value."""

    def tell(failure: Any) -> Any:
        failure.trap(Unavailable, NotFound)
        return failure.value

    return Deferred.fromCoroutine(work).addErrback(tell)


def _text(name: dns.Name) -> str:
    return name.name.decode("ascii", "replace").rstrip(".").lower()


def _issuer(data: bytes) -> str:
    """The text form of a CAA record's flags, tag and value."""
    end = 2 + data[1] if len(data) > 1 else 0
    if not 2 < end <= len(data):
        return ""
    return f'{data[0]} {data[2:end].decode("ascii", "replace")} "{data[end:].decode("utf-8", "replace")}"'


def _ipv6(record: Any) -> str:
    return inet_ntop(AF_INET6, record.address)


def _is_localhost(host: str) -> bool:
    name = host.rstrip(".").lower()
    return name == "localhost" or name.endswith(".localhost")
