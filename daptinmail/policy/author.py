"""Whose message this is, by its From field (RFC 9989 §4.2, RFC 7489 §6.6.1)."""

import re

from attrs import frozen

from daptinmail.mail.header import HeaderSection
from daptinmail.mail.hostname import to_ascii
from daptinmail.policy.spf import is_usable

_NAME = re.compile(r"[a-z0-9_.\-]+")
MAX_DOMAINS = 4
"""Author domains of one message that are looked at; a message with more is refused."""


@frozen
class Author:
    """The author domains (A-labels, lower case); ``fault`` says what is wrong with the From field, "" for nothing.

    ``forged`` is a fault that no honest program makes, and that shows readers another author than was judged.
    """

    domains: tuple[str, ...] = ()
    fault: str = ""
    forged: bool = False


def read_author(header: HeaderSection) -> Author:
    """Who the message says it is from."""
    count = len(header.every(b"from"))
    if count == 0:
        return Author(fault="no From field")
    domains: dict[str, None] = {}
    bad = False
    for listed in header.addresses(b"from"):
        if listed.host is None:
            continue
        domain = _domain(listed.host)
        bad = bad or not domain
        if domain:
            domains[domain] = None
    found = tuple(domains)
    if count > 1:
        return Author(found[:MAX_DOMAINS], "more than one From field", forged=True)
    if len(found) > MAX_DOMAINS:
        return Author(found[:MAX_DOMAINS], f"authors of more than {MAX_DOMAINS} domains", forged=True)
    return Author(found, "From has no domain" if bad or not found else "")


def _domain(host: bytes) -> str:
    try:
        name = to_ascii(host.decode("utf-8").strip().lower()).removesuffix(".")
    except (UnicodeDecodeError, ValueError):
        return ""
    return name if is_usable(name) and _NAME.fullmatch(name) else ""
