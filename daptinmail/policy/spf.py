"""May this address send mail for this domain? (RFC 7208)

Nothing here waits in a thread: each question to DNS is awaited, so a domain with slow DNS holds up its own mail only.
"""

from collections.abc import Awaitable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TypeVar

from attrs import define, field, frozen

from daptinmail.errors import NotFound, Unavailable
from daptinmail.interfaces.transfer import IResolver
from daptinmail.policy.spf_macro import expand_domain, letters, uses_validated_name
from daptinmail.policy.spf_record import Mechanism, SpfRecord, SpfSyntax, is_spf, parse_spf

T = TypeVar("T")

MAX_LOOKUPS = 10  # terms that ask DNS, §4.6.4
MAX_VOID = 2  # answers without records, §4.6.4
MAX_EXCHANGERS = 10  # more are an error, §4.6.4
MAX_NAMES = 10  # of a client's PTR records; more are passed over, §4.6.4

IpAddress = IPv4Address | IPv6Address


@frozen
class SpfResult:
    """``result`` is a word of §2.6; ``reason`` says what decided, in words or as the mechanism that matched."""

    result: str
    reason: str = ""


class _Permanent(Exception):
    """The record cannot be used: permerror."""


class _Temporary(Exception):
    """DNS does not answer: temperror."""


def client_address(ip: str) -> IpAddress | None:
    """The address of a client; of an IPv4 client on an IPv6 socket the IPv4 address. ``None`` if there is none."""
    try:
        address = ip_address(ip.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


async def check_host(resolver: IResolver, ip: IpAddress, domain: str, local: str, helo: str) -> SpfResult:
    """The check_host function (§4) for an identity ``local@domain``; never raises for DNS or what is published.

    ``domain`` and ``helo`` are A-labels; an empty ``local`` becomes "postmaster" (§4.3).
    """
    evaluation = _Evaluation(resolver, ip, letters(ip, local or "postmaster", domain, helo))
    try:
        return await evaluation.check(domain)
    except _Permanent as error:
        return SpfResult("permerror", str(error))
    except _Temporary as error:
        return SpfResult("temperror", str(error))


def is_usable(domain: str) -> bool:
    """A fully qualified name that DNS can hold (§4.3)."""
    labels = domain.removesuffix(".").split(".")
    return len(labels) > 1 and len(domain) <= 254 and domain.isascii() and all(0 < len(one) < 64 for one in labels)


@define(eq=False)
class _Evaluation:
    """One run of check_host, with the counts that its limits need."""

    resolver: IResolver
    ip: IpAddress
    letters: dict[str, str]
    lookups: int = 0
    void: int = 0
    _names: list[str] | None = field(default=None)

    async def check(self, domain: str) -> SpfResult:
        """The result for one domain; included and redirected ones share the limits."""
        if not is_usable(domain):
            return SpfResult("none", "not a domain name")
        record = await self._record(domain)
        if record is None:
            return SpfResult("none", f"{domain} has no SPF record")
        for mechanism in record.mechanisms:
            if await self._matches(mechanism, domain):
                return SpfResult(mechanism.result, f"{mechanism.text} of {domain}")
        if record.redirect is None:
            return SpfResult("neutral", f"nothing in the record of {domain} matches")
        self._count()
        target = await self._expand(record.redirect, domain)
        result = await self.check(target)
        if result.result == "none":
            raise _Permanent(f"redirect to {target}, which has no SPF record")
        return result

    async def _record(self, domain: str) -> SpfRecord | None:
        try:
            texts = await self._ask(self.resolver.texts(domain))
        except NotFound:
            return None
        found = [text for text in texts if is_spf(text)]
        if not found:
            return None
        if len(found) > 1:
            raise _Permanent(f"{domain} has more than one SPF record")
        try:
            return parse_spf(found[0])
        except SpfSyntax as error:
            raise _Permanent(f"record of {domain}: {error}") from error

    async def _matches(self, mechanism: Mechanism, domain: str) -> bool:
        """Does the client match? Counts what the mechanism asks of DNS."""
        if mechanism.name == "all":
            return True
        if mechanism.network is not None:
            return self.ip.version == mechanism.network.version and self.ip in mechanism.network
        self._count()
        target = await self._expand(mechanism.domain, domain) if mechanism.domain else domain
        if mechanism.name == "include":
            return await self._includes(target)
        if not is_usable(target):
            return False
        if mechanism.name == "exists":
            return bool(await self._addresses(target, 4))
        if mechanism.name == "ptr":
            return any(one == target.lower() or one.endswith("." + target.lower()) for one in await self._ptr_names())
        hosts = [target] if mechanism.name == "a" else await self._exchangers(target)
        return await self._is_among(hosts, mechanism)

    async def _includes(self, target: str) -> bool:
        """``include`` (§5.2)."""
        result = (await self.check(target)).result
        if result == "none":
            raise _Permanent(f"include of {target}, which has no SPF record")
        return result == "pass"

    async def _is_among(self, hosts: list[str], mechanism: Mechanism) -> bool:
        """True if the client is in the network of an address of ``hosts`` (§5.3, §5.4)."""
        prefix = mechanism.prefix4 if self.ip.version == 4 else mechanism.prefix6
        for host in hosts:
            for address in await self._addresses(host, self.ip.version):
                if self.ip in ip_network(f"{address}/{prefix}", strict=False):
                    return True
        return False

    async def _addresses(self, host: str, version: int) -> list[str]:
        return await self._counted(self.resolver.addresses(host, version))

    async def _exchangers(self, domain: str) -> list[str]:
        found = await self._counted(self.resolver.mail_exchangers(domain))
        if len(found) > MAX_EXCHANGERS:
            raise _Permanent(f"{domain} has more than {MAX_EXCHANGERS} mail hosts")
        return [one.host for one in sorted(found, key=lambda one: one.preference) if is_usable(one.host)]

    async def _ptr_names(self) -> list[str]:
        """The validated names of the client (§5.5); an error of DNS makes there be none."""
        if self._names is None:
            self._names = []
            try:
                names = await self.resolver.reverse_names(str(self.ip))
            except (NotFound, Unavailable):
                names = []
            for name in names[:MAX_NAMES]:
                if await self._leads_back(name):
                    self._names.append(name.lower())
        return self._names

    async def _leads_back(self, name: str) -> bool:
        try:
            found = await self.resolver.addresses(name, self.ip.version)
            return any(ip_address(one) == self.ip for one in found)
        except (NotFound, Unavailable):
            return False

    async def _expand(self, spec: str, domain: str) -> str:
        if "%" not in spec:
            return spec.removesuffix(".")
        values = {**self.letters, "d": domain}
        if uses_validated_name(spec):
            values["p"] = await self._validated_name(domain)
        return expand_domain(spec, values)

    async def _validated_name(self, domain: str) -> str:
        """What ``%{p}`` stands for: the domain itself, else a name below it, else any (§7.3)."""
        names = await self._ptr_names()
        below = [one for one in names if one == domain.lower()] or [
            one for one in names if one.endswith("." + domain.lower())
        ]
        return (below or names or ["unknown"])[0]

    def _count(self) -> None:
        self.lookups += 1
        if self.lookups > MAX_LOOKUPS:
            raise _Permanent(f"more than {MAX_LOOKUPS} terms that ask DNS")

    async def _counted(self, question: Awaitable[list[T]]) -> list[T]:
        """The answer; an empty one counts as void (§4.6.4)."""
        try:
            answer = await self._ask(question)
        except NotFound:
            answer = []
        if not answer:
            self.void += 1
            if self.void > MAX_VOID:
                raise _Permanent(f"more than {MAX_VOID} questions to DNS without an answer")
        return answer

    async def _ask(self, question: Awaitable[T]) -> T:
        try:
            return await question
        except Unavailable as error:
            raise _Temporary("DNS does not answer") from error
