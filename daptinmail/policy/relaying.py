"""Which recipients are taken, and from whom. Nobody relays through this server without an account (RFC 5321 §7.9)."""

from daptinmail.mail.address import Address, BadAddress
from daptinmail.mail.reply import Reply

ACCESS_DENIED = Reply(554, "5.7.1", "Client host rejected: Access denied")
RELAY_DENIED = Reply(554, "5.7.1", "Relay access denied")
NO_ACCOUNT = Reply(550, "5.1.1", "no such account")
NO_LITERALS = Reply(554, "5.7.1", "Address literals are not accepted as destinations")
BAD_DOMAIN = Reply(550, "5.1.2", "Bad recipient domain")
NOT_YOURS = Reply(550, "5.7.1", "This account may not use that sender address")

_ROUTE_CHARACTERS = frozenset("%!@:")


def is_routed(address: Address) -> bool:
    """True if the local part spells another destination: ``user%other``, ``other!user``, ``"user@other"``."""
    return not _ROUTE_CHARACTERS.isdisjoint(address.local)


def is_literal(address: Address) -> bool:
    """True for ``user@[192.0.2.1]``."""
    return address.domain.startswith("[")


def reception_refusal(
    recipient: Address, *, authentication_required: bool, is_local: bool, has_account: bool
) -> Reply | None:
    """Why a client without an account may not send to ``recipient``; ``None`` if it may."""
    if authentication_required:
        return ACCESS_DENIED
    if has_account and not is_literal(recipient):
        return None
    return NO_ACCOUNT if is_local and not is_routed(recipient) else RELAY_DENIED


def submission_refusal(recipient: Address, *, is_local: bool, has_account: bool) -> Reply | None:
    """Why an account may not send to ``recipient``; ``None`` if it may."""
    if is_literal(recipient):
        return NO_LITERALS
    if is_local:
        return None if has_account else NO_ACCOUNT
    try:
        domain = recipient.ascii_domain
    except BadAddress:
        return BAD_DOMAIN
    return None if "." in domain else BAD_DOMAIN
