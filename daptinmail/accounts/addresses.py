"""Which mail account an address belongs to, and under what form it is looked up."""

from collections.abc import Iterator
from unicodedata import normalize

from daptinmail.errors import Invalid
from daptinmail.mail.address import Address, BadAddress
from daptinmail.mail.hostname import parse_hostname

POSTMASTER = "postmaster"


def account_address(username: str, server_hostname: str) -> Address:
    """Where the account ``username`` of a server gets mail: the name itself, or the name at the server's host.

    Raises:
        Invalid: no address can be made of it; names ``username``.
    """
    try:
        address = Address.parse(username if "@" in username else f"{username}@{server_hostname}")
        parse_hostname(address.domain)
    except (BadAddress, ValueError) as error:
        raise Invalid(fields={"username": f"cannot be an address: {error}"}) from None
    return canonical(address)


def canonical(address: Address) -> Address:
    """The form in which addresses are compared: lower case, NFC, the domain as A-labels (RFC 5891 §4)."""
    return Address(normalize("NFC", address.local).lower(), canonical_domain(address.domain))


def canonical_domain(domain: str) -> str:
    """A domain in lower case as A-labels; unchanged if it is not valid under IDNA."""
    lower = domain.lower()
    try:
        return Address("", lower).ascii_domain.lower()
    except BadAddress:
        return lower


def candidates(address: Address) -> Iterator[str]:
    """Canonical local parts to look for, best first: the whole, then without ``+detail`` (RFC 5233 §1)."""
    local = canonical(address).local
    yield local
    base, plus, _ = local.partition("+")
    if plus and base:
        yield base
