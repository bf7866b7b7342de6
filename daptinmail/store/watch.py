"""Notices that other tools changed a folder, by the modification times of its directories."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from threading import Lock

from attrs import define, field

from daptinmail.store.maildir import Stamp, stamp

TICK = 100_000_000
"""Nanoseconds that two changes must be apart to have different times, with a margin: file systems count ticks."""

UNCERTAIN = Stamp(0, 0)


@define(eq=False)
class Watch:
    """What each mailbox's directories looked like last. Safe to call from any thread.

    Our own writes go to ``cur`` only. Each is announced before (``before_write``, so that a change of somebody else
    is seen before ours covers it) and after its commit (``after_write``). What was expunged leaves ``cur`` later: until
    then the folder is held.
    """

    _seen: dict[int, Stamp] = field(factory=dict, init=False)
    _paths: dict[int, Path] = field(factory=dict, init=False)
    _ours: set[int] = field(factory=set, init=False)
    _held: Counter[int] = field(factory=Counter, init=False)
    _suspect: set[int] = field(factory=set, init=False)
    _lock: Lock = field(factory=Lock, init=False)

    def before_write(self, mailbox_id: int, path: Path) -> None:
        """We are about to change names in ``path``."""
        with self._lock:
            known = self._seen.get(mailbox_id)
            if known is not None and mailbox_id not in self._ours and stamp(path) != known:
                self._suspect.add(mailbox_id)

    def after_write(self, mailbox_id: int) -> None:
        """We changed names, and it is committed."""
        with self._lock:
            self._ours.add(mailbox_id)

    def hold(self, mailbox_id: int) -> None:
        """From now on names in the folder go, one after the other."""
        with self._lock:
            self._held[mailbox_id] += 1

    def release(self, mailbox_id: int) -> None:
        """They are gone. Called once for each ``hold``."""
        with self._lock:
            self._held[mailbox_id] -= 1
            if not self._held[mailbox_id]:
                del self._held[mailbox_id]
            self._ours.add(mailbox_id)

    def changed(self, mailbox_id: int, path: Path) -> bool:
        """True if the folder must be scanned: first use, or somebody else was there."""
        with self._lock:
            self._paths[mailbox_id] = path
            known, now = self._seen.get(mailbox_id), stamp(path)
            if known is None or mailbox_id in self._suspect:
                return True
            if self._is_ours(mailbox_id):
                known = self._seen[mailbox_id] = Stamp(now.cur, known.new)
            return now != known

    def changed_among(self, mailbox_ids: Sequence[int]) -> list[int]:
        """Those that were used before and are ``changed`` since."""
        with self._lock:
            paths = [(one, self._paths[one]) for one in mailbox_ids if one in self._seen and one in self._paths]
        return [mailbox_id for mailbox_id, path in paths if self.changed(mailbox_id, path)]

    def knows(self, mailbox_id: int) -> bool:
        """False before the first use."""
        with self._lock:
            return mailbox_id in self._seen

    def trust(self, mailbox_id: int, at: Stamp) -> None:
        """The folder is known to have been merged as it was at ``at``, in an earlier run."""
        with self._lock:
            self._seen.setdefault(mailbox_id, at)

    def certain(self, mailbox_id: int, now: datetime) -> Stamp:
        """How the folder looks, if it is merged and long enough unchanged to be told from later changes; else zeros."""
        with self._lock:
            path, known = self._paths.get(mailbox_id), self._seen.get(mailbox_id)
            if path is None or known is None or mailbox_id in self._suspect or mailbox_id in self._held:
                return UNCERTAIN
            found = stamp(path)
            if self._is_ours(mailbox_id):
                known = self._seen[mailbox_id] = Stamp(found.cur, known.new)
            age = int(now.timestamp() * 1e9) - max(found.cur, found.new)
            return found if found == known and age > TICK else UNCERTAIN

    def begin(self, mailbox_id: int) -> None:
        """A scan begins: it will see all that we wrote until now."""
        with self._lock:
            self._ours.discard(mailbox_id)

    def scanned(self, mailbox_id: int, at: Stamp) -> None:
        """The folder was merged as it was at ``at`` or later."""
        with self._lock:
            self._seen[mailbox_id] = at
            self._suspect.discard(mailbox_id)

    def forget(self, mailbox_id: int) -> None:
        """Scan at the next use, or the mailbox is gone."""
        with self._lock:
            self._seen.pop(mailbox_id, None)
            self._paths.pop(mailbox_id, None)
            self._ours.discard(mailbox_id)
            self._suspect.discard(mailbox_id)

    def _is_ours(self, mailbox_id: int) -> bool:
        """True if what changed in ``cur`` since it was seen is our doing; to be seen now."""
        ours = mailbox_id in self._ours or mailbox_id in self._held
        self._ours.discard(mailbox_id)
        return ours
