"""Brings a mailbox up to date with its folder: survey, settle, adopt, a slice at a time."""

from collections.abc import Sequence
from pathlib import Path

from attrs import define
from twisted.logger import Logger

from daptinmail.interfaces.runtime import IBlocking
from daptinmail.interfaces.storage import IStorage
from daptinmail.store.adoption import Adoption, Candidate, Known, in_tree
from daptinmail.store.maildir import Tree
from daptinmail.store.watch import Watch

SLICE = 50
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

    async def run(self, mailbox_id: int, keep_uids: bool = False) -> int:
        """Scan one mailbox; answers how many messages were adopted."""
        self.watch.begin(mailbox_id)
        survey = await self.storage.read(lambda connection: self.adoption.survey(connection, mailbox_id))
        if survey.missing or len(survey.unknown) < len(survey.found):
            await self.storage.write(lambda transaction: self.adoption.settle(transaction, survey))
        paths = in_tree(self.tree, survey)
        adopted, known = 0, Known()
        for start in range(0, len(paths), SLICE):
            adopted += await self._adopt(mailbox_id, paths[start : start + SLICE], keep_uids, known)
        self.watch.scanned(mailbox_id, survey.at)
        if survey.missing or survey.found:
            log.info(
                "mailbox {mailbox} was changed by another program: {adopted} messages adopted",
                mailbox=mailbox_id,
                adopted=adopted,
            )
        return adopted

    async def _adopt(self, mailbox_id: int, paths: Sequence[Path], keep_uids: bool, known: Known) -> int:
        read = await self.blocking.run(self._read, paths)
        candidates = [candidate for candidate in read if candidate is not None]
        return await self.storage.write(
            lambda transaction: self.adoption.adopt(transaction, mailbox_id, candidates, keep_uids, known)
        )

    def _read(self, paths: Sequence[Path]) -> list[Candidate | None]:
        return [self.adoption.read(path) for path in paths]
