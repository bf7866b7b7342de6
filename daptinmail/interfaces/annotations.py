"""Annotations of mailboxes and of the server (RFC 5464)."""

from collections.abc import Awaitable, Mapping, Sequence
from enum import Enum

from zope.interface import Interface

from daptinmail.errors import OverQuota

MAX_VALUE = 16 * 1024
"""Octets of one value."""

MAX_ENTRIES = 100
"""Entries of one account on one mailbox, or on the server."""

MAX_ENTRY = 200
"""Octets of an entry's name."""


class Depth(Enum):
    """How far below an entry to look (RFC 5464 §4.2.2)."""

    ZERO = "0"
    ONE = "1"
    INFINITY = "infinity"


class TooMany(OverQuota):
    """No room for another entry."""

    default_text = "Too many annotations"


class IAnnotations(Interface):
    """Entries ``/private/...`` and ``/shared/...`` in small letters, their values octets.

    Entries of the server have the mailbox ``None``. Private ones are seen by the account that made them alone.
    """

    def annotations(
        account_id: int, mailbox_ids: Sequence[int | None], entries: Sequence[str], depth: Depth
    ) -> Awaitable[dict[int | None, dict[str, bytes]]]:
        """The entries that exist among ``entries`` and below them, by mailbox, in order of their names."""

    def annotate(account_id: int, mailbox_id: int | None, values: Mapping[str, bytes | None]) -> Awaitable[None]:
        """Set entries, all or none; ``None`` takes one away.

        Raises:
            NotFound: the mailbox is gone.
            TooMany: more than ``MAX_ENTRIES``.
        """
