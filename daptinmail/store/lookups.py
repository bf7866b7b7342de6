"""What accounts' names of their own mailboxes stood for when they were looked up last."""

from attrs import define, field

from daptinmail.interfaces.sharing import OTHER_USERS, Located
from daptinmail.interfaces.storage import IStorage

MAX_NAMES = 10_000
"""Spellings remembered, of all accounts together."""


Age = tuple[int, int]


@define(eq=False)
class Lookups:
    """Reactor thread only. Whoever commits a change of an account's mailboxes must call ``forget``.

    Mailboxes of others are not kept, since rights on them come from many rows.
    """

    _storage: IStorage
    _changes: int = field(default=0, init=False)
    _doubts: int = field(default=0, init=False)
    _found: dict[int, dict[str, Located]] = field(factory=dict, init=False)
    _total: int = field(default=0, init=False)

    @property
    def age(self) -> Age:
        """Another after every change, and when nobody knows whether there was one.

        What was read before may not be kept then.
        """
        return self._changes, self._storage.doubts

    def get(self, account_id: int, name: str) -> Located | None:
        """What the account's ``name`` stands for, if that is known."""
        if self._doubts != self._storage.doubts:
            self._forget_all()
        names = self._found.get(account_id)
        return None if names is None else names.get(name)

    def keep(self, age: Age, account_id: int, name: str, located: Located) -> None:
        """Remember what was looked up. ``age``: as it was before."""
        if age != self.age or not located.own or name.startswith(OTHER_USERS):
            return
        if self._total >= MAX_NAMES:
            self._forget_all()
        self._found.setdefault(account_id, {})[name] = located
        self._total += 1

    def forget(self, account_id: int) -> None:
        """Something may have another name now, or be gone."""
        self._changes += 1
        self._total -= len(self._found.pop(account_id, ()))

    def _forget_all(self) -> None:
        self._found.clear()
        self._total, self._doubts = 0, self._storage.doubts
