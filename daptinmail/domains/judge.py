"""A wanted record beside the records that DNS has: what is missing, what differs."""

from collections.abc import Callable, Sequence

from daptinmail.domains.facts import DomainFacts
from daptinmail.domains.spf import is_policy, permits
from daptinmail.domains.wanted import NO_SERVICE
from daptinmail.interfaces.domains import DIFFERENT, MISSING, OK, UNKNOWN, Finding, WantedRecord
from daptinmail.mail.dkim_record import read_tags

Found = Sequence[str]
Verdict = tuple[str, str]
"""State and remark."""

ABSENT: Verdict = (MISSING, "")
GOOD: Verdict = (OK, "")


def judge(record: WantedRecord, found: Found | None, facts: DomainFacts) -> Finding:
    """``found`` are the values at the record's name, of its type, written as zone files do; ``None``: DNS is silent."""
    if found is None:
        return Finding(record, UNKNOWN, (), "DNS does not answer now")
    state, remark = _JUDGES[record.purpose](record, found, facts)
    return Finding(record, state, tuple(found), remark)


def _judge_exchanger(record: WantedRecord, found: Found, facts: DomainFacts) -> Verdict:
    hosts = [value.split()[-1].lower() for value in found]
    if record.value.split()[-1] in hosts:
        return GOOD
    if hosts == ["."]:
        return DIFFERENT, "a null MX says that this domain takes no mail (RFC 7505)"
    return (DIFFERENT, "mail goes to another server") if hosts else ABSENT


def _judge_address(record: WantedRecord, found: Found, facts: DomainFacts) -> Verdict:
    if not found:
        return ABSENT
    if not record.value or record.value in found:
        return GOOD
    return DIFFERENT, "the name leads to another machine"


def _judge_alias(record: WantedRecord, found: Found, facts: DomainFacts) -> Verdict:
    """``found`` are the addresses of the alias; those of its target would do as well as a CNAME."""
    if not found:
        return ABSENT
    if facts.addresses and not set(found) & set(facts.addresses):
        return DIFFERENT, "the name leads to another machine"
    return GOOD


def _judge_reverse(record: WantedRecord, found: Found, facts: DomainFacts) -> Verdict:
    if not found:
        return ABSENT
    if {value.rstrip(".").lower() for value in found} & set(facts.exchangers):
        return GOOD
    return DIFFERENT, "the address has another name than this server"


def _judge_spf(record: WantedRecord, found: Found, facts: DomainFacts) -> Verdict:
    policies = [text for text in found if is_policy(text)]
    if not policies:
        return ABSENT
    if len(policies) > 1:
        return DIFFERENT, "more than one SPF record: receivers take that for an error (RFC 7208 §4.5)"
    permitted = permits(policies[0], facts.addresses)
    if permitted is None:
        return OK, "whether it permits this server depends on records of others"
    return GOOD if permitted else (DIFFERENT, "it does not permit this server")


def _judge_dkim(record: WantedRecord, found: Found, facts: DomainFacts) -> Verdict:
    if not found:
        return ABSENT
    if len(found) > 1:
        return DIFFERENT, "more than one record: which one receivers take is not defined (RFC 6376 §3.6.2.2)"
    tags = read_tags(found[0])
    if not tags.get("p"):
        return DIFFERENT, "the key is revoked, or there is none"
    return GOOD if tags["p"] == read_tags(record.value)["p"] else (DIFFERENT, "another key than this server signs with")


def _judge_dmarc(record: WantedRecord, found: Found, facts: DomainFacts) -> Verdict:
    policies = [text for text in found if text.replace(" ", "").lower().startswith("v=dmarc1")]
    if not policies:
        return ABSENT
    if len(policies) > 1:
        return DIFFERENT, "more than one DMARC record: receivers take none of them (RFC 7489 §6.6.3)"
    wanted = read_tags(policies[0]).get("p", "").lower()
    if wanted not in {"none", "quarantine", "reject"}:
        return DIFFERENT, "its p= is none of none, quarantine, reject"
    return (OK, "p=none only watches: forged mail is delivered") if wanted == "none" else GOOD


def _judge_policy_record(record: WantedRecord, found: Found, facts: DomainFacts) -> Verdict:
    if record.type == "CNAME":
        return _judge_alias(record, found, facts)
    versions = [read_tags(text) for text in found if text.replace(" ", "").lower().startswith("v=stsv1")]
    if not versions:
        return ABSENT
    if len(versions) > 1 or not versions[0].get("id"):
        return DIFFERENT, "there must be one record, with an id= (RFC 8461 §3.1)"
    if versions[0]["id"] != facts.policy_id:
        return OK, "its id= is not that of the present policy: senders see a change of policy only with a change of id="
    return GOOD


def _judge_reports(record: WantedRecord, found: Found, facts: DomainFacts) -> Verdict:
    reports = [read_tags(text) for text in found if text.replace(" ", "").lower().startswith("v=tlsrptv1")]
    if not reports:
        return ABSENT
    return GOOD if len(reports) == 1 and reports[0].get("rua") else (DIFFERENT, "there must be one record, with rua=")


def _judge_service(record: WantedRecord, found: Found, facts: DomainFacts) -> Verdict:
    ends = {tuple(value.lower().split()[2:]) for value in found}
    if tuple(record.value.split()[2:]) in ends:
        return GOOD
    if not found:
        return GOOD if record.value == NO_SERVICE else ABSENT
    return DIFFERENT, "it names another host or port"


def _judge_issuers(record: WantedRecord, found: Found, facts: DomainFacts) -> Verdict:
    if any(value.split()[1:2] == ["issue"] for value in found):
        return GOOD
    return ABSENT


_JUDGES: dict[str, Callable[[WantedRecord, Found, DomainFacts], Verdict]] = {
    "mx": _judge_exchanger,
    "address": _judge_address,
    "reverse": _judge_reverse,
    "spf": _judge_spf,
    "dkim": _judge_dkim,
    "dmarc": _judge_dmarc,
    "mta-sts": _judge_policy_record,
    "tlsrpt": _judge_reports,
    "srv": _judge_service,
    "set-up": _judge_alias,
    "caa": _judge_issuers,
}
