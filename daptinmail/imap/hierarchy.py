"""The tree of mailboxes as one client sees it: its own, those of others, and levels that are only names."""

from collections.abc import Iterable, Sequence
from functools import cached_property

from attrs import field, frozen

from daptinmail.imap.limits import VIEW_SLICE
from daptinmail.imap.names import DELIMITER, INBOX, ancestors, matches
from daptinmail.imap.session import Session
from daptinmail.interfaces.sharing import Located


@frozen(slots=False)
class Hierarchy:
    """``found`` by the names that the client uses; ``subscribed`` names, existing or not."""

    found: dict[str, Located]
    subscribed: frozenset[str] = field(factory=frozenset)

    @cached_property
    def parents(self) -> frozenset[str]:
        """Names with something below them."""
        return frozenset(ancestor for name in self.found for ancestor in ancestors(name))

    @cached_property
    def above_subscribed(self) -> frozenset[str]:
        """Names with something subscribed below them."""
        return frozenset(ancestor for name in self.subscribed for ancestor in ancestors(name))

    @cached_property
    def levels(self) -> list[str]:
        """Names without a mailbox that have mailboxes below them."""
        return sorted(self.parents - self.found.keys())

    def attributes(self, name: str, modern: bool) -> list[bytes]:
        r"""What LIST tells of ``name``. ``modern``: with ``\NonExistent`` (RFC 5258 §3)."""
        told = []
        located = self.found.get(name)
        if located is None:
            told.append(rb"\NonExistent" if modern else rb"\Noselect")
        told.append(rb"\HasChildren" if name in self.parents else rb"\HasNoChildren")
        if located is not None and located.own and located.mailbox.special_use:
            told.append(located.mailbox.special_use)
        return told


async def hierarchy(session: Session, subscribed: bool) -> Hierarchy:
    """All that the client may look up (right ``l``); with ``subscribed`` its subscriptions too."""
    account_id = session.account.id
    own = [Located(mailbox, mailbox.name) for mailbox in await session.store.mailboxes(account_id)]
    shared = await session.store.rights.shared(account_id)
    found = {located.name: located for located in (*own, *shared)}
    names = await session.store.subscriptions(account_id) if subscribed else []
    return Hierarchy(found, frozenset(names))


def in_order(names: Iterable[str]) -> list[str]:
    """INBOX first, then by name."""
    return sorted(names, key=lambda name: (name != INBOX, name))


async def chosen(session: Session, reference: str, patterns: Sequence[str], names: Sequence[str]) -> list[str]:
    """The names that one of the patterns matches, in their order."""
    wanted = [_spelt(reference + pattern) for pattern in patterns]
    size = max(1, VIEW_SLICE // len(wanted))
    found: list[str] = []
    for start in range(0, len(names), size):
        if start:
            await session.breathe()
        found += [name for name in names[start : start + size] if any(_meets(name, *pattern) for pattern in wanted)]
    return found


def _spelt(pattern: str) -> tuple[str, str]:
    """A pattern as it is, and for INBOX, which has no case (RFC 9051 §5.1)."""
    level, delimiter, rest = pattern.partition(DELIMITER)
    return pattern, level.upper() + delimiter + rest


def _meets(name: str, pattern: str, for_inbox: str) -> bool:
    return matches(pattern, name) or (name.partition(DELIMITER)[0] == INBOX and matches(for_inbox, name))
