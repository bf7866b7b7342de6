"""The DKIM keys of a domain over time: published, used, retired."""

from collections.abc import Awaitable, Sequence
from datetime import datetime

from attrs import frozen
from zope.interface import Interface

RSA, ED25519 = "rsa-sha256", "ed25519-sha256"
NEXT, ACTIVE, RETIRING, RETIRED = "next", "active", "retiring", "retired"


@frozen
class DkimKey:
    """One key. ``state`` is "next" (to be published), "active" (signs), "retiring" (its record must stay) or "retired".

    ``since`` when; ``record`` is owner name and text of the TXT record.
    """

    selector: str
    algorithm: str
    state: str
    since: datetime
    record: tuple[str, str]


class IDkimKeys(Interface):
    """Keys of local domains. A domain comes as A-labels in lower case."""

    def keys(domain: str) -> Awaitable[Sequence[DkimKey]]:
        """Those whose records count, oldest first: all but the retired ones."""

    def prepare(domain: str, algorithm: str) -> Awaitable[DkimKey]:
        """Make the next key. It signs once its record is seen in DNS; the one before it stays there for a week more.

        Raises:
            Conflict: there is a next key already.
            Invalid: no such algorithm.
        """

    def advance() -> Awaitable[None]:
        """Do what is due: activate keys that are published, retire old ones, prepare new ones by the schedule."""
