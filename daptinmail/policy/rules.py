"""How received mail is judged: the keys ``mail.screening.*`` and their defaults."""

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from types import MappingProxyType

from attrs import field, frozen

from daptinmail.policy.spf import IpAddress
from daptinmail.settings import is_true

PREFIX = "mail.screening."
LOOPBACK = "127.0.0.0/8 ::1/128"
REFUSING = frozenset({"dmarc", "spf", "dkim", "iprev"})

DEFAULT_SCORES: Mapping[tuple[str, str], float] = MappingProxyType(
    {
        ("spf", "fail"): 200.0,
        ("spf", "softfail"): 50.0,
        ("spf", "permerror"): 50.0,
        ("spf", "temperror"): 50.0,
        ("dkim", "none"): 100.0,
        ("dkim", "fail"): 100.0,
        ("dkim", "neutral"): 100.0,
        ("dkim", "policy"): 100.0,
        ("dkim", "permerror"): 100.0,
        ("dkim", "temperror"): 50.0,
    }
)
"""Points for a result; those not named give none. For ``dkim`` each signature counts, or once that there is none."""

Network = IPv4Network | IPv6Network


@frozen
class ScreeningRules:
    """What the keys say. Clients in ``trusted`` networks are not screened; ``refuse`` names what may refuse a message.

    A score of ``spam_score`` or more goes to the Spam mailbox, one of ``mark_score`` or more gets the keyword, one of
    ``refuse_score`` or more is refused; 0 means never. An ARC chain sealed last by one of ``arc_sealers`` may stand in
    for DMARC.
    """

    enabled: bool = True
    authserv_id: str = ""
    trusted: tuple[Network, ...] = ()
    refuse: frozenset[str] = frozenset({"dmarc"})
    mark_score: float = 51.0
    spam_score: float = 300.0
    refuse_score: float = 0.0
    arc_sealers: frozenset[str] = frozenset()
    scores: Mapping[tuple[str, str], float] = field(factory=lambda: DEFAULT_SCORES)

    def trusts(self, ip: IpAddress) -> bool:
        """True for a client that is not screened."""
        return any(ip.version == one.version and ip in one for one in self.trusted)

    def points(self, method: str, result: str) -> float:
        """What a result adds to the score."""
        return self.scores.get((method, result), 0.0)


def rules_of(config: Mapping[str, str]) -> ScreeningRules:
    """The rules that a configuration asks for; a value that makes no sense counts as not set."""
    return _rules(tuple(sorted((key, value) for key, value in config.items() if key.startswith(PREFIX))))


@lru_cache(maxsize=4)
def _rules(items: tuple[tuple[str, str], ...]) -> ScreeningRules:
    """Read anew only when a key has changed."""
    values = {key.removeprefix(PREFIX): value for key, value in items}
    return ScreeningRules(
        enabled=is_true(values.get("enabled") or "true"),
        authserv_id=_host_name(values.get("authserv_id", "")),
        trusted=_networks(values.get("trusted_networks") or LOOPBACK),
        refuse=_words(values.get("refuse") or "dmarc") & REFUSING,
        mark_score=_number(values.get("score.mark"), 51.0),
        spam_score=_number(values.get("score.spam"), 300.0),
        refuse_score=_number(values.get("score.refuse"), 0.0),
        arc_sealers=_words(values.get("arc_sealers", "")),
        scores=_scores(values),
    )


def _words(text: str) -> frozenset[str]:
    return frozenset(text.lower().replace(",", " ").split())


def _networks(text: str) -> tuple[Network, ...]:
    """Networks and addresses; "none" is one that cannot be read, so it means none."""
    found: list[Network] = []
    for word in sorted(_words(text)):
        try:
            found.append(ip_network(word, strict=False))
        except ValueError:
            continue
    return tuple(found)


def _scores(values: Mapping[str, str]) -> Mapping[tuple[str, str], float]:
    """The defaults, changed by the keys ``score.<method>.<result>``."""
    scores = dict(DEFAULT_SCORES)
    for key, value in values.items():
        first, _, rest = key.partition(".")
        method, _, result = rest.partition(".")
        if first == "score" and result:
            scores[method, result] = _number(value, scores.get((method, result), 0.0))
    return scores


def _number(text: str | None, default: float) -> float:
    """A decimal number, maybe negative, of at most a million."""
    try:
        number = float(text) if text else default
    except ValueError:
        return default
    return number if abs(number) <= 1_000_000 else default


def _host_name(text: str) -> str:
    name = text.strip().lower()
    return name if name and len(name) <= 253 and all(one.isalnum() or one in "-._" for one in name) else ""
