"""The DNS records that a domain should have."""

from collections.abc import Iterator
from ipaddress import ip_address

from daptinmail.domains.facts import DomainFacts
from daptinmail.interfaces.dkim_keys import ACTIVE, NEXT, RETIRING
from daptinmail.interfaces.domains import ADVISED, NEEDED, Endpoint, WantedRecord

PREFERENCE = 10
NO_SERVICE = "0 0 0 ."
"""Said of a service that is decidedly not there (RFC 2782, RFC 6186 §3.4)."""


_WITHOUT_KEY = {
    NEXT: "Without it the next key cannot begin to sign.",
    ACTIVE: "Without it signatures of this domain cannot be verified and count as broken.",
    RETIRING: "Without it mail that was signed until lately, and still waits somewhere, fails its check.",
}


def wanted_records(facts: DomainFacts) -> list[WantedRecord]:
    """Every record, the needed ones first within their purpose."""
    return [
        *_exchangers(facts),
        *_addresses(facts),
        *_reverse(facts),
        *_authentication(facts),
        *_transfer_security(facts),
        *_services(facts),
        *_set_up(facts),
        _issuers(facts),
    ]


def _exchangers(facts: DomainFacts) -> Iterator[WantedRecord]:
    consequence = "Without it other servers do not know where to deliver mail for this domain."
    for host in facts.exchangers:
        yield WantedRecord("mx", facts.domain, "MX", f"{PREFERENCE} {host}.", NEEDED, consequence)


def _addresses(facts: DomainFacts) -> Iterator[WantedRecord]:
    consequence = "Without it the host name leads nowhere: no server and no mail program can connect."
    endpoints = (*facts.access.imap, *facts.access.submission)
    for host in dict.fromkeys([*facts.exchangers, *(one.host for one in endpoints)]):
        if not facts.addresses:
            yield WantedRecord("address", host, "A", "", NEEDED, consequence)
        for address in facts.addresses:
            yield WantedRecord("address", host, _address_type(address), address, NEEDED, consequence)


def _reverse(facts: DomainFacts) -> Iterator[WantedRecord]:
    consequence = (
        "Without a name for the address that leads back to it, large providers refuse mail from it or call it spam; "
        "the owner of the address, mostly the hosting provider, sets it."
    )
    for address in facts.addresses:
        name = ip_address(address).reverse_pointer
        yield WantedRecord("reverse", name, "PTR", f"{facts.exchangers[0]}.", NEEDED, consequence)


def _authentication(facts: DomainFacts) -> Iterator[WantedRecord]:
    yield WantedRecord(
        "spf",
        facts.domain,
        "TXT",
        "v=spf1 mx -all",
        NEEDED,
        "Without it receivers cannot tell this server from a forger, and large providers refuse the mail.",
    )
    for key in facts.signing:
        weight = NEEDED if key.state == ACTIVE else ADVISED
        yield WantedRecord("dkim", key.record[0], "TXT", key.record[1], weight, _WITHOUT_KEY[key.state])
    yield WantedRecord(
        "dmarc",
        f"_dmarc.{facts.domain}",
        "TXT",
        f"v=DMARC1; p=quarantine; rua=mailto:postmaster@{facts.domain}",
        NEEDED,
        "Without it anybody can send mail with this domain in From, and large providers ask for it from bulk senders.",
    )


def _transfer_security(facts: DomainFacts) -> Iterator[WantedRecord]:
    if facts.policy is not None:
        consequence = "Without it other servers do not look for the MTA-STS policy, and TLS to here can be stripped."
        value = f"v=STSv1; id={facts.policy_id}"
        yield WantedRecord("mta-sts", f"_mta-sts.{facts.domain}", "TXT", value, ADVISED, consequence)
        consequence = "Without it the MTA-STS policy cannot be fetched over HTTPS."
        yield WantedRecord("mta-sts", f"mta-sts.{facts.domain}", "CNAME", f"{facts.web_host}.", ADVISED, consequence)
    yield WantedRecord(
        "tlsrpt",
        f"_smtp._tls.{facts.domain}",
        "TXT",
        f"v=TLSRPTv1; rua=mailto:postmaster@{facts.domain}",
        ADVISED,
        "Without it nobody reports when TLS to this server fails.",
    )


def _services(facts: DomainFacts) -> Iterator[WantedRecord]:
    """RFC 6186 §3, RFC 8314 §5.1. What is not offered under TLS from the start is said to be absent."""
    consequence = "Without it mail programs that look for servers in DNS do not find this one."
    access = facts.access
    for name, endpoint in (
        ("_imaps", _first(access.imap, implicit_tls=True)),
        ("_imap", _first(access.imap, implicit_tls=False)),
        ("_submissions", _first(access.submission, implicit_tls=True)),
        ("_submission", _first(access.submission, implicit_tls=False)),
    ):
        value = f"0 1 {endpoint.port} {endpoint.host}." if endpoint is not None else NO_SERVICE
        yield WantedRecord("srv", f"{name}._tcp.{facts.domain}", "SRV", value, ADVISED, consequence)


def _set_up(facts: DomainFacts) -> Iterator[WantedRecord]:
    for label, programs in (("autoconfig", "Thunderbird and others"), ("autodiscover", "Outlook")):
        consequence = f"Without it {programs} cannot set an account up from its address alone."
        name = f"{label}.{facts.domain}"
        yield WantedRecord("set-up", name, "CNAME", f"{facts.web_host}.", ADVISED, consequence)


def _issuers(facts: DomainFacts) -> WantedRecord:
    return WantedRecord(
        "caa",
        facts.exchangers[0],
        "CAA",
        '0 issue "letsencrypt.org"',
        ADVISED,
        "Without it any certificate authority may issue for this host; name the one that you use (RFC 8659).",
    )


def _first(endpoints: tuple[Endpoint, ...], *, implicit_tls: bool) -> Endpoint | None:
    return next((one for one in endpoints if one.implicit_tls is implicit_tls), None)


def _address_type(address: str) -> str:
    return "AAAA" if ":" in address else "A"
