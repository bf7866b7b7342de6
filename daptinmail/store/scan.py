"""Brings a mailbox up to date with its folder: survey, settle, adopt, a slice at a time."""

from collections.abc import Sequence
from pathlib import Path

from attrs import define
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from daptinmail.interfaces.runtime import IBlocking, IClock
from daptinmail.interfaces.storage import IStorage
from daptinmail.store.adoption import Adoption, Candidate, Known
from daptinmail.store.maildir import Tree
from daptinmail.store.survey import survey
from daptinmail.store.watch import Watch

SLICE = 64
"""Files adopted in one unit, so that other writes are not held up."""

log = Logger()


@define(eq=False)
class Scan:
    """Merges what other tools did to a folder."""

    storage: IStorage
    blocking: IBlocking
    tree: Tree
    watch: Watch
    adoption: Adoption
    clock: IClock

    async def run(self, mailbox_id: int, keep_uids: bool = False) -> int:
        """Scan one mailbox; answers how many messages were adopted."""
        self.watch.begin(mailbox_id)
        now = self.clock.now()
        found = await self.storage.read(lambda connection: survey(connection, self.tree, mailbox_id, now))
        if found.differs:
            await self.storage.write(lambda transaction: self.adoption.settle(transaction, found))
        adopted = await self._adopt_all(mailbox_id, found.unknown(self.tree), keep_uids)
        self.watch.scanned(mailbox_id, found.at)
        if found.missing or found.found:
            log.info(
                "mailbox {mailbox} was changed by another program: {adopted} messages adopted",
                mailbox=mailbox_id,
                adopted=adopted,
            )
        return adopted

    async def _adopt_all(self, mailbox_id: int, paths: Sequence[Path], keep_uids: bool) -> int:
        """One slice is read while the one before is stored."""
        adopted, known = 0, Known()
        slices = [paths[start : start + SLICE] for start in range(0, len(paths), SLICE)]
        reading = self._start(slices[0]) if slices else None
        for following in [*slices[1:], None]:
            if reading is None:
                break
            candidates = await reading
            reading = self._start(following) if following is not None else None
            adopted += await self._adopt(mailbox_id, candidates, keep_uids, known)
        return adopted

    async def _adopt(self, mailbox_id: int, candidates: Sequence[Candidate], keep_uids: bool, known: Known) -> int:
        return await self.storage.write(
            lambda transaction: self.adoption.adopt(transaction, mailbox_id, candidates, keep_uids, known)
        )

    def _start(self, paths: Sequence[Path]) -> "Deferred[list[Candidate]]":
        return Deferred.fromCoroutine(self._read(paths))

    async def _read(self, paths: Sequence[Path]) -> list[Candidate]:
        return await self.blocking.run(lambda: [one for one in map(self.adoption.read, paths) if one is not None])
