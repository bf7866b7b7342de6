"""What an SPF record (RFC 7208) permits as far as it can be read without asking DNS further."""

from collections.abc import Sequence
from ipaddress import ip_address, ip_network

PREFIX = "v=spf1"
_ELSEWHERE = ("include:", "exists:", "redirect=", "a:", "mx:", "a/", "mx/")


def is_policy(text: str) -> bool:
    """True for an SPF record (RFC 7208 §4.5)."""
    return text.lower() == PREFIX or text.lower().startswith(PREFIX + " ")


def permits(text: str, addresses: Sequence[str]) -> bool | None:
    """Does it permit the domain's own exchangers, or all these addresses? ``None``: it depends on other records."""
    words = [word.lower().removeprefix("+") for word in text.split()[1:]]
    if "mx" in words or "all" in words:
        return True
    if addresses and all(any(_covers(word, address) for word in words) for address in addresses):
        return True
    return None if any(word == "a" or word.startswith(_ELSEWHERE) for word in words) else False


def _covers(word: str, address: str) -> bool:
    name, _, network = word.partition(":")
    if name not in {"ip4", "ip6"}:
        return False
    try:
        return ip_address(address) in ip_network(network, strict=False)
    except ValueError:
        return False
