"""Host names as servers and certificates use them (RFC 1123 §2.1, RFC 5890 §2.3.1)."""

import re

import idna

MAX_HOSTNAME = 253  # octets, RFC 1035 §2.3.4 less the root label

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


def parse_hostname(text: str, *, wildcard: bool = False) -> str:
    """The host name in lower case with A-labels; ``wildcard`` also permits ``*.`` in front (RFC 6125 §6.4.3).

    Raises:
        ValueError: not a host name; the message is fit for a client.
    """
    name = text.strip().removesuffix(".").lower()
    star, name = ("*.", name[2:]) if wildcard and name.startswith("*.") else ("", name)
    name = to_ascii(name)
    labels = name.split(".")
    if len(name) > MAX_HOSTNAME or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError("not a valid host name")
    if star and len(labels) < 2:
        raise ValueError("a wildcard needs at least two labels after it")
    return star + name


def to_ascii(name: str) -> str:
    """A domain with A-labels for its U-labels (IDNA2008: RFC 5891 §4, mapped first, RFC 5895); ASCII stays as it is.

    Raises:
        ValueError: not valid under IDNA2008; the message is fit for a client.
    """
    if name.isascii():
        return name
    if len(name) > MAX_HOSTNAME:
        raise ValueError("an internationalised name is too long")
    try:
        return idna.encode(name, uts46=True).decode("ascii")
    except UnicodeError:
        raise ValueError("not a valid internationalised host name") from None
