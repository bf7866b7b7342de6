"""From the settings that the services run with to what is true of one domain."""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from ipaddress import ip_address

from attrs import frozen

from daptinmail.interfaces.dkim_keys import DkimKey
from daptinmail.interfaces.domains import Endpoint, MailAccess
from daptinmail.settings import ImapSettings, Interface, Live, ServerSettings

SMTP_PORT = 25
PUBLIC_ADDRESSES = "mail.public_addresses"
STS_MODE = "mail.mta_sts.mode"
STS_MODES = ("none", "testing", "enforce")
STS_MAX_AGE = 604800
"""Seconds: a week. RFC 8461 §3.2 wants weeks or more, §2 no more than a year."""


@frozen
class DomainFacts:
    """What this server knows of a domain.

    ``exchangers`` are the host names that take its mail, ``addresses`` the public IP addresses of this machine, as far
    as they are known. ``signing`` are the DKIM
    keys whose records count, ``policy`` is the MTA-STS policy file.
    """

    domain: str
    exchangers: tuple[str, ...]
    access: MailAccess
    addresses: tuple[str, ...] = ()
    signing: Sequence[DkimKey] = ()
    policy: bytes | None = None
    obstacles: tuple[str, ...] = ()

    @property
    def policy_id(self) -> str:
        """Another one for another policy (RFC 8461 §3.1)."""
        return sha256(self.policy or b"").hexdigest()[:20]

    @property
    def web_host(self) -> str:
        """The host whose HTTP serves set-up documents."""
        return self.exchangers[0]


def gather(live: Live, domain: str, signing: Sequence[DkimKey]) -> DomainFacts:
    """What ``live`` means for ``domain`` (A-labels)."""
    receivers = [one for one in live.servers if one.is_enabled and not one.authentication_required]
    exchangers = _names(receivers or [one for one in live.servers if one.is_enabled]) or (live.hostname.lower(),)
    return DomainFacts(
        domain=domain,
        exchangers=exchangers,
        access=access(live, domain),
        addresses=public_addresses(live),
        signing=signing,
        policy=transfer_policy(live, exchangers),
        obstacles=tuple(_obstacles(live, receivers)),
    )


def access(live: Live, domain: str) -> MailAccess:
    """Where mail programs connect: implicit TLS before STARTTLS (RFC 8314 §3)."""
    servers = [one for one in live.servers if one.is_enabled and one.authentication_required]
    submission = [_endpoint(one.hostname, one.interface, one.always_on_tls) for one in servers]
    imap = _imap_endpoint(live.imap)
    return MailAccess(domain, _sorted([imap]), _sorted(submission))


def public_addresses(live: Live) -> tuple[str, ...]:
    """Configured addresses; else those public ones that listeners are bound to."""
    words = live.config.get(PUBLIC_ADDRESSES, "").replace(",", " ").split()
    configured = [text for word in words if (text := _address(word))]
    if configured:
        return tuple(dict.fromkeys(configured))
    interfaces = [one.interface for one in live.servers if one.is_enabled and one.interface]
    bound = [_address(one.host) for one in interfaces]
    return tuple(dict.fromkeys(one for one in bound if one and ip_address(one).is_global))


def transfer_policy(live: Live, exchangers: tuple[str, ...]) -> bytes | None:
    """The MTA-STS policy file (RFC 8461 §3.2); ``None`` unless ``mail.mta_sts.mode`` says which."""
    mode = live.config.get(STS_MODE, "").lower()
    if mode not in STS_MODES:
        return None
    lines = ["version: STSv1", f"mode: {mode}", *(f"mx: {host}" for host in exchangers), f"max_age: {STS_MAX_AGE}"]
    return "".join(line + "\r\n" for line in lines).encode("ascii")


def _obstacles(live: Live, receivers: list[ServerSettings]) -> Iterator[str]:
    if not receivers:
        yield (
            "No enabled mail_server takes mail from other servers: "
            "make one with authentication_required false that listens on port 25."
        )
    elif not any(one.interface and one.interface.port == SMTP_PORT for one in receivers):
        yield "No server that takes mail listens on port 25, the only port that other servers try."
    if live.outbound.hold:
        yield "mail.outbound.hold is true: mail to other domains waits in the outbox."
    if not live.imap.enabled:
        yield "IMAP is not enabled, so that mail programs cannot read mail here."


def _names(servers: list[ServerSettings]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.hostname.lower() for one in servers))


def _imap_endpoint(imap: ImapSettings) -> Endpoint | None:
    return _endpoint(imap.hostname, imap.interface, imap.implicit_tls) if imap.enabled else None


def _endpoint(host: str, interface: Interface | None, implicit_tls: bool) -> Endpoint | None:
    return Endpoint(host.lower(), interface.port, implicit_tls) if interface is not None else None


def _sorted(endpoints: list[Endpoint | None]) -> tuple[Endpoint, ...]:
    found = [one for one in endpoints if one is not None]
    return tuple(sorted(found, key=lambda one: not one.implicit_tls))


def _address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        return ""
