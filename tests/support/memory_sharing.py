"""Rights, annotations and quota in memory, for ``memory_store``."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from attrs import define, evolve, field
from zope.interface import implementer

from daptinmail.errors import Invalid, NotFound, OverQuota
from daptinmail.interfaces.annotations import MAX_ENTRIES, Depth, IAnnotations, TooMany
from daptinmail.interfaces.mailboxes import IAccountListener, MailboxEvent, What
from daptinmail.interfaces.messages import Mailbox
from daptinmail.interfaces.quota import IQuotas, Quota
from daptinmail.interfaces.sharing import (
    ALL,
    ANYONE,
    NONE,
    OTHER_USERS,
    Grant,
    GrantMode,
    IMailboxRights,
    Located,
    Place,
    Rights,
)
from daptinmail.store.annotations import holder_of, is_wanted
from daptinmail.store.names import in_order, normal_name, parents
from daptinmail.store.rights import MAX_GRANTS
from tests.support.memory_box import Box, fired


class Boxes(Protocol):
    """What these need of the store."""

    accounts: dict[int, dict[str, Box]]
    logins: dict[int, str]

    def _box(self, mailbox_id: int) -> Box:
        """By id."""

    def _named(self, account_id: int, name: str) -> Box:
        """By name."""


@define(eq=False)
class MemoryAccountListeners:
    """Who listens to which account."""

    listening: dict[int, list[IAccountListener]] = field(factory=dict)

    def tell(self, event: MailboxEvent) -> None:
        """It happened."""
        for listener in list(self.listening.get(event.account_id, [])):
            listener.mailbox_event(event)


@implementer(IMailboxRights)
@define(eq=False)
class MemoryRights:
    """Lists by mailbox; accounts by their number as text."""

    store: Boxes
    ears: MemoryAccountListeners
    lists: dict[int, dict[tuple[str, bool], Rights]] = field(factory=dict)

    @fired
    def find(self, account_id: int, name: str) -> Located:
        """By the name the account uses."""
        try:
            box = self.store._named(account_id, name)
        except NotFound:
            owner, inner = self._split(name)
            box = self.store._named(owner, inner)
            if owner == account_id:
                return Located(box.row, box.row.name)
            rights = self.rights(box.row, account_id)
            if not rights:
                raise
            return Located(box.row, f"{OTHER_USERS}{self.store.logins[owner]}/{box.row.name}", rights, own=False)
        return Located(box.row, box.row.name)

    @fired
    def place(self, account_id: int, name: str) -> Place:
        """Where it would be made."""
        if not name.startswith(OTHER_USERS):
            return Place(account_id, name)
        owner, inner = self._split(name)
        if owner == account_id:
            return Place(owner, inner)
        boxes = self.store.accounts[owner]
        above = [parent for parent in reversed(parents(normal_name(inner))) if parent in boxes]
        rights = self.rights(boxes[above[0]].row, account_id) if above else NONE
        if not rights:
            raise NotFound("No such mailbox")
        return Place(owner, inner, rights, own=False)

    @fired
    def shared(self, account_id: int) -> list[Located]:
        """All that may be looked up."""
        found = [
            Located(box.row, f"{OTHER_USERS}{self.store.logins[owner]}/{name}", self.rights(box.row, account_id), False)
            for owner, boxes in self.store.accounts.items()
            if owner != account_id
            for name, box in boxes.items()
        ]
        return sorted((one for one in found if "l" in one.rights), key=lambda one: in_order(one.name))

    @fired
    def grants(self, mailbox_id: int) -> list[Grant]:
        """One list."""
        self.store._box(mailbox_id)
        return sorted(
            (
                Grant(who if who in ANYONE else self.store.logins[int(who)], rights, negative)
                for (who, negative), rights in self.lists.get(mailbox_id, {}).items()
            ),
            key=lambda grant: (grant.identifier, grant.negative),
        )

    @fired
    def grant(self, mailbox_id: int, grant: Grant, mode: GrantMode) -> None:
        """Change one entry."""
        entries = self.lists.setdefault(self.store._box(mailbox_id).row.id, {})
        who = self._key(mailbox_id, grant.identifier)
        if who is None:
            if grant.rights:
                raise Invalid(fields={"identifier": "names nobody who could be given rights"})
            return
        before = entries.pop((who, grant.negative), NONE)
        after = before | grant.rights if mode is GrantMode.ADD else before - grant.rights
        after = grant.rights if mode is GrantMode.REPLACE else after
        if after and len(entries) >= MAX_GRANTS:
            raise Invalid(fields={"identifier": "too many"})
        if after:
            entries[who, grant.negative] = after
        self._tell(mailbox_id, who)

    @fired
    def revoke(self, mailbox_id: int, identifier: str, negative: bool) -> None:
        """Take away."""
        entries = self.lists.get(self.store._box(mailbox_id).row.id, {})
        who = self._key(mailbox_id, identifier) or ""
        entries.pop((who, negative), None)
        self._tell(mailbox_id, who)

    def _tell(self, mailbox_id: int, who: str) -> None:
        for account_id in [int(who)] if who.isdigit() else list(self.ears.listening):
            self.ears.tell(MailboxEvent(What.SHARED, account_id, mailbox_id, ""))

    def rights(self, mailbox: Mailbox, account_id: int) -> Rights:
        """All that is given, less what is taken away."""
        if mailbox.account_id == account_id:
            return ALL
        domains = {self.store.logins[one].rpartition("@")[2] for one in (mailbox.account_id, account_id)}
        mine = {str(account_id), *(ANYONE if len(domains) == 1 else ())}
        entries = self.lists.get(mailbox.id, {})
        given = [rights for (who, negative), rights in entries.items() if who in mine and not negative]
        taken = [rights for (who, negative), rights in entries.items() if who in mine and negative]
        return NONE.union(*given) - NONE.union(*taken)

    def _key(self, mailbox_id: int, identifier: str) -> str | None:
        if identifier in ANYONE:
            return identifier
        owner = self.store._box(mailbox_id).row.account_id
        found = [key for key, login in self.store.logins.items() if login == identifier and key != owner]
        return str(found[0]) if found else None

    def _split(self, name: str) -> tuple[int, str]:
        login, _, inner = name.removeprefix(OTHER_USERS).partition("/")
        found = [key for key, one in self.store.logins.items() if one == login]
        if not (name.startswith(OTHER_USERS) and found and inner):
            raise NotFound("No such mailbox")
        return found[0], inner


@implementer(IAnnotations)
@define(eq=False)
class MemoryAnnotations:
    """Values by mailbox, holder and entry."""

    store: Boxes
    ears: MemoryAccountListeners
    values: dict[tuple[int | None, int], dict[str, bytes]] = field(factory=dict)

    @fired
    def annotations(
        self, account_id: int, mailbox_ids: Sequence[int | None], entries: Sequence[str], depth: Depth
    ) -> dict[int | None, dict[str, bytes]]:
        """Those wanted."""
        return {
            mailbox_id: {
                entry: value
                for entry, value in sorted(self._seen(account_id, mailbox_id))
                if is_wanted(entry, entries, depth)
            }
            for mailbox_id in mailbox_ids
        }

    @fired
    def annotate(self, account_id: int, mailbox_id: int | None, values: Mapping[str, bytes | None]) -> None:
        """Set, all or none."""
        name = self.store._box(mailbox_id).row.name if mailbox_id is not None else ""
        changed: dict[tuple[int | None, int], dict[str, bytes]] = {}
        for entry, value in values.items():
            key = mailbox_id, self._holder(entry, account_id, mailbox_id)
            after = changed.setdefault(key, dict(self.values.get(key, {})))
            after.pop(entry, None)
            if value is not None:
                after[entry] = value
        if any(len(after) > MAX_ENTRIES for after in changed.values()):
            raise TooMany
        self.values |= changed
        for _, holder in changed:
            mine = tuple(one for one in values if self._holder(one, account_id, mailbox_id) == holder)
            self.ears.tell(MailboxEvent(What.ANNOTATED, holder, mailbox_id or 0, name, entries=mine))

    def _holder(self, entry: str, account_id: int, mailbox_id: int | None) -> int:
        if mailbox_id is None:
            return account_id
        return holder_of(entry, account_id, self.store._box(mailbox_id).row.account_id)

    def _seen(self, account_id: int, mailbox_id: int | None) -> Iterator[tuple[str, bytes]]:
        for (key, holder), values in self.values.items():
            if key == mailbox_id:
                yield from (
                    (entry, value)
                    for entry, value in values.items()
                    if holder == self._holder(entry, account_id, mailbox_id)
                )


@implementer(IQuotas)
@define(eq=False)
class MemoryQuotas:
    """Limits by account; what is used is counted when asked for."""

    store: Boxes
    limits: dict[int, Quota] = field(factory=dict)

    @fired
    def quota(self, account_id: int) -> Quota:
        """Now."""
        return self._quota(account_id)

    def check(self, account_id: int, messages: int, octets: int) -> None:
        """Raises ``OverQuota``."""
        now = self._quota(account_id)
        if now.octets_limit is not None and now.octets + octets > now.octets_limit:
            raise OverQuota
        if now.messages_limit is not None and now.messages + messages > now.messages_limit:
            raise OverQuota

    def _quota(self, account_id: int) -> Quota:
        if account_id not in self.store.accounts:
            raise NotFound("No such account")
        kept = [message for box in self.store.accounts[account_id].values() for message in box.messages.values()]
        octets = sum(len(message.content) for message in kept)
        return evolve(self.limits.get(account_id, Quota(0, 0)), octets=octets, messages=len(kept))
