"""Contents before they are stored: summaries, and moving slow work out of the storage thread. Blocking."""

import mmap
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from attrs import frozen

from daptinmail.interfaces.storage import Content
from daptinmail.mail.summary import Summary, summarize

SMALL = 256 * 1024
"""Octets that may be parsed in the storage thread."""

LARGE = 1024 * 1024
"""Octets from which a content is written by a pool thread, and only linked by the storage thread."""


@frozen
class Prepared:
    """A content and what is to be kept about it. ``staged`` is a file of ours to remove when it is stored."""

    content: Content
    summary: Summary
    staged: Path | None = None

    def discard(self) -> None:
        """Remove the staged file."""
        if self.staged is not None:
            self.staged.unlink(missing_ok=True)


def prepare(content: Content) -> Prepared:
    """Summarize a content where it is."""
    with whole(content) as octets:
        return Prepared(content, summarize(octets))


def prepare_large(content: Content, staging: Path, token: UUID) -> Prepared:
    """Summarize a content; copy it to ``staging``, synced, if the storage thread would have to write much."""
    if content.size < LARGE or (content.path is not None and not content.prefix):
        return prepare(content)
    staging.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = staging / token.hex
    try:
        with path.open("xb") as file:
            path.chmod(0o600)
            _write(content, file)
            file.flush()
            os.fsync(file.fileno())
        staged = Content(content.size, path=path)
        return Prepared(staged, prepare(staged).summary, path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def clear_staging(staging: Path) -> int:
    """Remove what an earlier run left in ``staging``; answers how many files."""
    left = list(staging.iterdir()) if staging.is_dir() else []
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)


@contextmanager
def whole(content: Content) -> Iterator[bytes | mmap.mmap]:
    """All octets as one buffer; those of a file are mapped, not read."""
    if content.path is None or not content.size:
        yield content.prefix + (content.body or b"")
        return
    if not content.prefix:
        with content.path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            yield mapped
        return
    with tempfile.TemporaryFile(dir=content.path.parent) as joined:
        _write(content, joined)
        joined.flush()
        with mmap.mmap(joined.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            yield mapped


def _write(content: Content, file: BinaryIO) -> None:
    file.write(content.prefix)
    if content.path is None:
        file.write(content.body or b"")
        return
    with content.path.open("rb") as body:
        shutil.copyfileobj(body, file, LARGE)
