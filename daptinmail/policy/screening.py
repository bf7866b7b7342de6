"""``IScreening``: every check on one received message, and the verdict."""

from collections.abc import Callable, Mapping
from typing import Any

from attrs import define
from twisted.internet.defer import CancelledError, Deferred, gatherResults
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from daptinmail.interfaces.reception import Origin
from daptinmail.interfaces.screening import (
    Action,
    Check,
    IScreening,
    ISignatureVerifier,
    SignatureReport,
    Verdict,
)
from daptinmail.interfaces.storage import Content
from daptinmail.interfaces.transfer import IResolver
from daptinmail.mail.address import Address
from daptinmail.mail.envelope import Envelope
from daptinmail.mail.header import HeaderSection
from daptinmail.mail.hostname import to_ascii
from daptinmail.policy.author import Author, read_author
from daptinmail.policy.dmarc import Identifier, evaluate, strictest
from daptinmail.policy.iprev import check_reverse
from daptinmail.policy.lookups import Lookups
from daptinmail.policy.results import arc_check, dkim_checks, dmarc_check
from daptinmail.policy.rules import ScreeningRules, rules_of
from daptinmail.policy.spf import IpAddress, SpfResult, check_host, client_address
from daptinmail.policy.verdict import Findings, decide

log = Logger()

UNSCREENED = Verdict(Action.ACCEPT)
NO_SPF = SpfResult("none", "not a domain name")


@implementer(IScreening)
@define(eq=False)
class Screening:
    """Screens with the rules in force at that moment.

    ``config`` answers the configured values, ``hostnames`` the names of this server's listeners; ``sample`` random
    numbers of 0 to 1.
    """

    resolver: IResolver
    verifier: ISignatureVerifier
    timers: IReactorTime
    config: Callable[[], Mapping[str, str]]
    hostnames: Callable[[], tuple[str, ...]]
    sample: Callable[[], float]

    def authserv_ids(self, origin: Origin) -> tuple[str, ...]:
        """The configured name, else that of the listener; then all others of this server."""
        rules = rules_of(self.config())
        if self._address(rules, origin) is None:
            return ()
        names = (rules.authserv_id, origin.server.hostname, *self.hostnames())
        return tuple(dict.fromkeys(name.lower() for name in names if name))

    async def screen(self, origin: Origin, envelope: Envelope, content: Content, header: HeaderSection) -> Verdict:
        """Run all checks at the same time, then DMARC on what they found."""
        rules = rules_of(self.config())
        ip = self._address(rules, origin)
        if ip is None:
            return UNSCREENED
        answers: list[Any] = await gatherResults(
            [
                Deferred.fromCoroutine(check_reverse(self._lookups(), ip)),
                Deferred.fromCoroutine(_check_helo(self._lookups(), ip, origin, envelope.return_path)),
                Deferred.fromCoroutine(_check_sender(self._lookups(), ip, origin, envelope.return_path)),
                Deferred.fromCoroutine(self._verify(content, header)),
            ],
            consumeErrors=True,
        )
        iprev, helo, sender, report = answers
        return await self._judge(rules, read_author(header), iprev, helo, sender, report)

    def _lookups(self) -> Lookups:
        """For one check: a sender's own domains must not use up what the author's policy needs."""
        return Lookups(self.resolver, self.timers)

    def _address(self, rules: ScreeningRules, origin: Origin) -> IpAddress | None:
        """The address to screen; ``None``: this client is not screened."""
        ip = client_address(origin.ip)
        screened = rules.enabled and origin.account is None and ip is not None and not rules.trusts(ip)
        return ip if screened else None

    async def _judge(
        self,
        rules: ScreeningRules,
        author: Author,
        iprev: Check,
        helo: Check | None,
        sender: Check,
        report: SignatureReport,
    ) -> Verdict:
        identifiers = [Identifier("dkim", one.domain, one.result) for one in report.signatures if one.domain]
        domain = _identity_domain(sender)
        if domain:
            identifiers.insert(0, Identifier("spf", domain, sender.result))
        results: list[Any] = await gatherResults(
            [
                Deferred.fromCoroutine(evaluate(self._lookups(), domain, identifiers, self.sample))
                for domain in author.domains
            ],
            consumeErrors=True,
        )
        dmarc = strictest(results)
        checks = (iprev, *((helo,) if helo else ()), sender, *dkim_checks(report.signatures))
        checks += (dmarc_check(dmarc, author), *arc_check(report.chain))
        found = Findings(author, sender, iprev, report.signatures, dmarc, report.chain)
        return decide(rules, found, checks)

    async def _verify(self, content: Content, header: HeaderSection) -> SignatureReport:
        """Signatures; a fault of ours in looking at them must not bounce mail."""
        try:
            return await self.verifier.verify(content, header.raw, self._lookups())
        except CancelledError:
            raise
        except Exception:  # noqa: BLE001 - whatever is wrong, the message counts as unsigned
            log.failure("signatures were not verified")
            return SignatureReport()


async def _check_helo(resolver: IResolver, ip: IpAddress, origin: Origin, sender: Address | None) -> Check | None:
    """SPF of the name that the client gave itself, where it is not the sender's anyway (RFC 7208 §2.3)."""
    result = await _spf(resolver, ip, origin.helo, "", origin.helo) if sender is not None else NO_SPF
    if result.result == "none":
        return None
    return Check("spf", result.result, result.reason, (("smtp.helo", origin.helo.lower()),))


async def _check_sender(resolver: IResolver, ip: IpAddress, origin: Origin, sender: Address | None) -> Check:
    """SPF of the return-path; of the null path that of the client's name (RFC 7208 §2.4)."""
    if sender is None:
        result = await _spf(resolver, ip, origin.helo, "", origin.helo)
        properties = (("smtp.helo", origin.helo.lower()),)
    else:
        result = await _spf(resolver, ip, sender.domain, sender.local, origin.helo)
        properties = (("smtp.mailfrom", str(sender)),)
    return Check("spf", result.result, result.reason, properties)


async def _spf(resolver: IResolver, ip: IpAddress, domain: str, local: str, helo: str) -> SpfResult:
    try:
        name = to_ascii(domain).lower()
    except ValueError:
        return NO_SPF
    if "[" in name or name.rpartition(".")[2].isdigit():  # an address literal, or an address
        return NO_SPF
    return await check_host(resolver, ip, name, local, helo if helo.isascii() else "unknown")


def _identity_domain(sender: Check) -> str:
    """The domain that SPF proved, as A-labels."""
    value = sender.properties[0][1].rpartition("@")[2]
    try:
        return to_ascii(value).lower()
    except ValueError:
        return ""
