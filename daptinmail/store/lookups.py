"""What accounts' names of their own mailboxes stood for when they were looked up last."""

from attrs import define, field

from daptinmail.interfaces.sharing import OTHER_USERS, Located

MAX_NAMES = 10_000
"""Spellings remembered, of all accounts together."""


@define(eq=False)
class Lookups:
    """Reactor thread only. Whoever commits a change of an account's mailboxes must call ``forget``.

    ``age`` is another after every such change: what was read before one may not be kept after it.
    Mailboxes of others are not kept, since rights on them come from many rows.
    """

    age: int = 0
    _found: dict[int, dict[str, Located]] = field(factory=dict, init=False)
    _total: int = field(default=0, init=False)

    def get(self, account_id: int, name: str) -> Located | None:
        """What the account's ``name`` stands for, if that is known."""
        names = self._found.get(account_id)
        return None if names is None else names.get(name)

    def keep(self, age: int, account_id: int, name: str, located: Located) -> None:
        """Remember what was looked up. ``age``: as it was before."""
        if age != self.age or not located.own or name.startswith(OTHER_USERS):
            return
        if self._total >= MAX_NAMES:
            self._found.clear()
            self._total = 0
        self._found.setdefault(account_id, {})[name] = located
        self._total += 1

    def forget(self, account_id: int) -> None:
        """Something may have another name now, or be gone."""
        self.age += 1
        self._total -= len(self._found.pop(account_id, ()))

    def forget_all(self) -> None:
        """Nobody knows what was committed."""
        self.age += 1
        self._found.clear()
        self._total = 0
