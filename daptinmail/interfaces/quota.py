"""How much an account may store, and how much it does (RFC 9208)."""

from collections.abc import Awaitable

from attrs import frozen
from zope.interface import Interface


@frozen
class Quota:
    """Use and limit of one account. A limit of ``None`` is none."""

    octets: int
    messages: int
    octets_limit: int | None = None
    messages_limit: int | None = None

    @property
    def is_full(self) -> bool:
        """True if nothing more may be stored."""
        limits = ((self.octets, self.octets_limit), (self.messages, self.messages_limit))
        return any(limit is not None and used >= limit for used, limit in limits)


class IQuotas(Interface):
    """Limits are set over the API; the store keeps them: ``OverQuota`` comes from whatever would exceed them."""

    def quota(account_id: int) -> Awaitable[Quota]:
        """Use and limits now. ``NotFound`` if there is no such account."""
