"""What DNS should say of a local domain, what it says, and where its people's mail programs connect."""

from collections.abc import Awaitable, Sequence

from attrs import frozen
from zope.interface import Interface

NEEDED, ADVISED = "needed", "advised"
OK, MISSING, DIFFERENT, UNKNOWN = "ok", "missing", "different", "unknown"


@frozen
class WantedRecord:
    """A record that a domain should have.

    ``name`` is its owner, ``type`` and ``value`` stand as in a zone file (RFC 1035 §5.1), but a TXT value is the bare
    text. ``value`` is "" if this server cannot know it. ``purpose`` says what it is for in one word, ``weight`` is
    "needed" or "advised", ``consequence`` what happens without it, in one sentence.
    """

    purpose: str
    name: str
    type: str
    value: str
    weight: str
    consequence: str


@frozen
class Finding:
    """A wanted record beside what DNS says: ``state`` is "ok", "missing", "different" or "unknown" (DNS is silent).

    ``found`` are the records that are there; ``remark`` says what is wrong with them, "" for nothing.
    """

    record: WantedRecord
    state: str
    found: tuple[str, ...] = ()
    remark: str = ""


@frozen
class DomainReport:
    """All findings of a domain. ``obstacles`` are what stands in the way on this server itself, a sentence each."""

    domain: str
    findings: Sequence[Finding]
    obstacles: Sequence[str] = ()


@frozen
class Endpoint:
    """Where a mail program connects. With ``implicit_tls`` TLS begins at once, else by STARTTLS (RFC 8314 §3)."""

    host: str
    port: int
    implicit_tls: bool


@frozen
class MailAccess:
    """How the people of ``domain`` reach their mail; the best way first, nothing if there is none."""

    domain: str
    imap: tuple[Endpoint, ...] = ()
    submission: tuple[Endpoint, ...] = ()


class IDomains(Interface):
    """The domains of this server's accounts. A domain comes in any case, with A-labels or U-labels.

    All but ``names`` raise ``NotFound`` for a domain that has no account here.
    """

    def names() -> Awaitable[Sequence[str]]:
        """Domains of accounts, as A-labels, in order."""

    def zone(domain: str) -> Awaitable[str]:
        """The wanted records as lines for a zone file."""

    def check(domain: str) -> Awaitable[DomainReport]:
        """Compare the wanted records with DNS. Takes as long as DNS does; never fails for what DNS says."""

    def access(domain: str) -> Awaitable[MailAccess]:
        """Where mail programs connect."""

    def transfer_policy(domain: str) -> Awaitable[bytes]:
        """The MTA-STS policy file (RFC 8461 §3.2).

        Raises:
            NotFound: also if none is configured.
        """
