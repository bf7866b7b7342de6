"""``IDomains``: the records that a domain should have, compared with DNS."""

from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address
from typing import Any

from attrs import define
from twisted.internet.defer import Deferred, gatherResults
from zope.interface import implementer

from daptinmail.domains.facts import DomainFacts, access, gather
from daptinmail.domains.judge import Found, judge
from daptinmail.domains.wanted import wanted_records
from daptinmail.domains.zone import zone_snippet
from daptinmail.errors import NotFound, Unavailable
from daptinmail.interfaces.directory import IDirectory
from daptinmail.interfaces.dkim_keys import IDkimKeys
from daptinmail.interfaces.domains import DomainReport, Finding, IDomains, MailAccess, WantedRecord
from daptinmail.interfaces.transfer import IResolver
from daptinmail.mail.hostname import parse_hostname
from daptinmail.settings import Live


@implementer(IDomains)
@define(eq=False)
class Domains:
    """``live`` answers what the services run with now."""

    directory: IDirectory
    keys: IDkimKeys
    resolver: IResolver
    live: Callable[[], Live]

    async def names(self) -> Sequence[str]:
        """Domains of accounts, in order; those that DNS cannot hold are left out."""
        names = {_ascii(name) for name in await self.directory.domains()}
        return sorted(name for name in names if name)

    async def zone(self, domain: str) -> str:
        """A zone snippet."""
        facts = await self._facts(domain)
        return zone_snippet(facts.domain, wanted_records(facts))

    async def check(self, domain: str) -> DomainReport:
        """All look-ups at once; each name and type is asked for one time."""
        facts = await self._facts(domain)
        records = wanted_records(facts)
        found = await self._look_up([*dict.fromkeys((one.type, _asked(one, facts)) for one in records)])
        findings: list[Finding] = [judge(one, found[one.type, _asked(one, facts)], facts) for one in records]
        return DomainReport(facts.domain, findings, facts.obstacles)

    async def access(self, domain: str) -> MailAccess:
        """Where mail programs connect."""
        return access(self.live(), await self._own(domain))

    async def transfer_policy(self, domain: str) -> bytes:
        """The MTA-STS policy file."""
        policy = gather(self.live(), await self._own(domain), ()).policy
        if policy is None:
            raise NotFound("no MTA-STS policy is configured")
        return policy

    async def _facts(self, domain: str) -> DomainFacts:
        name = await self._own(domain)
        return gather(self.live(), name, await self.keys.keys(name))

    async def _own(self, domain: str) -> str:
        """The name as A-labels, if it is one of ours."""
        name = _ascii(domain)
        if not name or name not in await self.names():
            raise NotFound("no such domain here")
        return name

    async def _look_up(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Found | None]:
        """What DNS says by type and name."""
        answers: list[Any] = await gatherResults(
            [Deferred.fromCoroutine(self._found(kind, name)) for kind, name in keys], consumeErrors=True
        )
        return dict(zip(keys, answers, strict=True))

    async def _found(self, kind: str, name: str) -> Found | None:
        """Values as zone files write them; addresses for a CNAME, which may as well be an address record."""
        try:
            return await self._ask(kind, name)
        except NotFound:
            return ()
        except Unavailable:
            return None

    async def _ask(self, kind: str, name: str) -> Found:
        resolver = self.resolver
        if kind == "MX":
            return [f"{one.preference} {one.host}." for one in await resolver.mail_exchangers(name)]
        if kind == "TXT":
            return [text.decode("utf-8", "replace") for text in await resolver.texts(name)]
        if kind == "SRV":
            found = await resolver.services(name)
            return [f"{one.priority} {one.weight} {one.port} {one.host}." for one in found]
        return await _texts(self._others()[kind](name), kind)

    def _others(self) -> dict[str, Callable[[str], Awaitable[Sequence[str]]]]:
        addresses, names = self.resolver.addresses, self.resolver.reverse_names
        return {"A": addresses, "AAAA": addresses, "CNAME": addresses, "PTR": names, "CAA": self.resolver.issuers}


def _asked(record: WantedRecord, facts: DomainFacts) -> str:
    """What the resolver is asked for: a name, or the address whose name is wanted."""
    if record.type != "PTR":
        return record.name
    return next(one for one in facts.addresses if ip_address(one).reverse_pointer == record.name)


async def _texts(answer: Awaitable[Sequence[str]], kind: str) -> list[str]:
    """Of addresses only those of the wanted family."""
    found = list(await answer)
    families = {"A": False, "AAAA": True}
    return [one for one in found if kind not in families or (":" in one) is families[kind]]


def _ascii(domain: str) -> str:
    try:
        return parse_hostname(domain)
    except ValueError:
        return ""
