"""Logins that count no more: a password was changed, an account or an app password removed.

Everything here runs in the reactor thread. A login takes a mark when it begins and asks at its end, in the same turn in
which its connection becomes known: so a change that comes in between ends it in the one way or the other.
"""

from collections import OrderedDict

from attrs import define, field
from zope.interface import implementer

from daptinmail.errors import Unauthenticated
from daptinmail.interfaces.directory import ISessions
from daptinmail.interfaces.storage import ITransaction

REMEMBERED = 10_000
"""Accounts; a login under way while more than these change is refused, and succeeds at the next try."""


@implementer(ISessions)
@define(eq=False)
class Revocations:
    """Tells ``followers``, and logins that are under way."""

    followers: list[ISessions] = field(factory=list)
    _count: int = 0
    _forgotten: int = 0
    _changed: OrderedDict[int, int] = field(factory=OrderedDict)

    def mark(self) -> int:
        """The moment, for ``check``."""
        return self._count

    def check(self, account_id: int, mark: int) -> None:
        """See that nothing was revoked since ``mark``.

        Raises:
            Unauthenticated.
        """
        if max(self._changed.get(account_id, 0), self._forgotten) > mark:
            raise Unauthenticated(cause="the password was changed meanwhile")

    def end_sessions(self, account_id: int) -> None:
        """What this account proved until now counts no more."""
        self._count += 1
        self._changed[account_id] = self._count
        self._changed.move_to_end(account_id)
        if len(self._changed) > REMEMBERED:
            _, self._forgotten = self._changed.popitem(last=False)
        for follower in self.followers:
            follower.end_sessions(account_id)

    def after(self, transaction: ITransaction, account_id: int) -> None:
        """End the account's sessions once the transaction is committed."""
        transaction.after_commit(lambda: self.end_sessions(account_id))
