"""Notices that other tools changed a folder, by the modification times of its directories."""

from pathlib import Path
from threading import Lock

from attrs import define, field

from daptinmail.store.maildir import Stamp, stamp


@define(eq=False)
class Watch:
    """What each mailbox's directories looked like last. Safe to call from any thread.

    Our own writes go to ``cur`` only. Each is announced before (``before_write``, so that a change of somebody else
    is seen before ours covers it) and after its commit (``after_write``).
    """

    _seen: dict[int, Stamp] = field(factory=dict, init=False)
    _ours: set[int] = field(factory=set, init=False)
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

    def changed(self, mailbox_id: int, path: Path) -> bool:
        """True if the folder must be scanned: first use, or somebody else was there."""
        with self._lock:
            known, now = self._seen.get(mailbox_id), stamp(path)
            if known is None or mailbox_id in self._suspect:
                return True
            if mailbox_id in self._ours:
                self._ours.discard(mailbox_id)
                known = self._seen[mailbox_id] = Stamp(now.cur, known.new)
            return now != known

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
            self._ours.discard(mailbox_id)
            self._suspect.discard(mailbox_id)
