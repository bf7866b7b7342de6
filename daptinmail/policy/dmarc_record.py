"""Reading DMARC policy records (RFC 9989 §4.7, RFC 7489 §6.3)."""

import re
from collections.abc import Mapping, Sequence

from attrs import frozen

POLICIES = ("none", "quarantine", "reject")
"""From the mildest to the strictest."""

_VERSION = re.compile(rb"v[ \t]*=[ \t]*DMARC1[ \t]*(?:;|\Z)")
_URI = re.compile(r"[a-z][a-z0-9+.\-]*:.", re.I)
MAX_TAGS = 100


@frozen
class DmarcRecord:
    """What a domain asks for. ``sp`` and ``np`` are "" if not given.

    ``psd`` is "y", "n" or "u". ``testing`` is ``t=y``; ``percent`` is ``pct`` of RFC 7489, 100 where ``t`` stands.
    """

    p: str = "none"
    sp: str = ""
    np: str = ""
    strict_dkim: bool = False
    strict_spf: bool = False
    psd: str = "u"
    testing: bool = False
    percent: int = 100


def choose_record(texts: Sequence[bytes]) -> DmarcRecord | None:
    """The record among the TXT records of a name; ``None`` if there is none, more than one, or one of no use."""
    found = [text for text in texts if _VERSION.match(text)]
    return _parse(found[0]) if len(found) == 1 else None


def _parse(text: bytes) -> DmarcRecord | None:
    values: dict[str, str] = {}
    for spec in text.decode("utf-8", "replace").split(";")[1:MAX_TAGS]:
        name, equals, value = spec.partition("=")
        if equals:
            values.setdefault(name.strip().lower(), value.strip())
    policies = {name: values.get(name, "").lower() for name in ("p", "sp", "np")}
    if any(value and value not in POLICIES for value in policies.values()):
        if not any(_URI.match(uri.strip()) for uri in values.get("rua", "").split(",")):
            return None
        policies = {"p": "none", "sp": "", "np": ""}  # Somebody wants reports at least (RFC 9989 §4.7).
    return DmarcRecord(
        p=policies["p"] or "none",
        sp=policies["sp"],
        np=policies["np"],
        strict_dkim=values.get("adkim", "").lower() == "s",
        strict_spf=values.get("aspf", "").lower() == "s",
        psd=_psd(values),
        testing=values.get("t", "").lower() == "y",
        percent=_percent(values),
    )


def _psd(values: Mapping[str, str]) -> str:
    value = values.get("psd", "").lower()
    return value if value in {"y", "n"} else "u"


def _percent(values: Mapping[str, str]) -> int:
    text = values.get("pct", "")
    if "t" in values or not (text.isascii() and text.isdigit() and len(text) <= 3):
        return 100
    return min(int(text), 100)
