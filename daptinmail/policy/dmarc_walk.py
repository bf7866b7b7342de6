"""Which domain an organization registered, by asking DNS (RFC 9989 §4.10)."""

from attrs import frozen

from daptinmail.errors import NotFound
from daptinmail.interfaces.transfer import IResolver
from daptinmail.policy.dmarc_record import DmarcRecord, choose_record

MAX_LABELS = 7  # of the second name asked; no more than eight questions in all

Found = tuple[str, DmarcRecord]


@frozen
class Organization:
    """What the walk up from a domain shows.

    ``domain`` is the Organizational Domain; ``policy`` the record to apply to the domain where the walk began, with its
    owner, or ``None``.
    """

    domain: str
    policy: Found | None


async def walk(resolver: IResolver, domain: str) -> Organization:
    """Walk up from ``domain`` (A-labels, lower case).

    Raises:
        Unavailable: DNS does not answer.
    """
    found: list[Found] = []
    for name in _names(domain):
        record = await _record(resolver, name)
        if record is None:
            continue
        found.append((name, record))
        if record.psd == "n" or (record.psd == "y" and name != domain):
            break
    organization = _organization(domain, found)
    by_name = dict(found)
    suffix = [name for name, record in found if record.psd == "y"]
    for name in (domain, organization, *suffix):
        if name in by_name:
            return Organization(organization, (name, by_name[name]))
    return Organization(organization, None)


def _organization(domain: str, found: list[Found]) -> str:
    """The selection of §4.10.2."""
    for name, record in found:
        if record.psd == "n":
            return name
        if record.psd == "y" and name != domain:
            below = domain.removesuffix("." + name).rpartition(".")[2]
            return f"{below}.{name}"
    return found[-1][0] if found else domain


def _names(domain: str) -> list[str]:
    """The names to ask, from the longest; a long one is cut after itself (§4.10 step 3)."""
    labels = domain.split(".")
    start = max(1, len(labels) - MAX_LABELS)
    return [domain, *(".".join(labels[position:]) for position in range(start, len(labels)))]


async def _record(resolver: IResolver, name: str) -> DmarcRecord | None:
    try:
        return choose_record(await resolver.texts(f"_dmarc.{name}"))
    except NotFound:
        return None
