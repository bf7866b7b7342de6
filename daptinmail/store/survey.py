"""How a folder differs from its rows. In reader threads; a hint: all is looked at again before it is acted on."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from attrs import frozen
from sqlalchemy import Connection

from daptinmail.errors import Unavailable
from daptinmail.store.filenames import base_of
from daptinmail.store.maildir import Stamp, Tree, listing, stamp, sweep
from daptinmail.store.rows import Folder, folder_by_id
from daptinmail.store.statements import mail_rows


@frozen
class Found:
    """A file in ``cur`` or ``new`` that no row names."""

    place: str
    name: str
    moved: int | None = None
    """The UID of the row that names this file without its present flags."""


@frozen
class Survey:
    """What was found."""

    folder: Folder
    at: Stamp
    found: Sequence[Found] = ()
    missing: Sequence[int] = ()

    @property
    def differs(self) -> bool:
        """True if files of messages we know went or got other names."""
        return bool(self.missing) or any(one.moved is not None for one in self.found)

    @property
    def suspects(self) -> set[int]:
        """The UIDs of those messages."""
        return {one.moved for one in self.found if one.moved is not None}.union(self.missing)

    def unknown(self, tree: Tree) -> list[Path]:
        """Files that may be new messages, oldest name first."""
        path = tree.of(self.folder)
        names = sorted((one.name, one.place) for one in self.found if one.moved is None)
        return [path / place / name for name, place in names]


def survey(connection: Connection, tree: Tree, mailbox_id: int, now: datetime) -> Survey:
    """Compare a folder with its rows. Rows first: what they name was on disk before.

    Raises:
        Unavailable: the folder is not there at all.
    """
    folder = folder_by_id(connection, mailbox_id)
    known = {name: uid for uid, name in mail_rows(connection, "uid, file_name", mailbox_id, None)}
    path = tree.of(folder)
    sweep(path, now)
    at = stamp(path)
    if not at.cur:
        # Perhaps a file system that is not mounted: nobody's messages are expunged for that.
        raise Unavailable("Mailbox not available, please try again later", cause=f"no directory {path}/cur")
    files = listing(path)
    right = {name for place, name in files if place == "cur" and name in known}
    lacking = {base_of(name): known[name] for name in known.keys() - right}
    found = [
        Found(place, name, lacking.get(base_of(name)))
        for place, name in files
        if not (place == "cur" and name in right)
    ]
    there = {one.moved for one in found}
    missing = sorted(uid for uid in lacking.values() if uid not in there)
    return Survey(folder, at, found, missing)
