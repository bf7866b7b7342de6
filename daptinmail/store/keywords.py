"""Keywords of a Maildir folder as other tools keep them: letters ``a`` to ``z`` in file names, their meaning in a file.

The file ``dovecot-keywords`` has a line ``<number> <keyword>`` for each letter, 0 for ``a``.
"""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from daptinmail.db.disk import TEMPORARY_PREFIX

FILE = "dovecot-keywords"
LETTERS = "abcdefghijklmnopqrstuvwxyz"

_LINE = re.compile(rb'(\d{1,2}) ([^\x00-\x20(){%*"\\\]\x7f-\xff]{1,100})')
_MAX_SIZE = 1 << 16


def read_keywords(folder: Path) -> Mapping[str, bytes]:
    """Letters and the keywords they stand for; empty without the file. Blocking."""
    try:
        with (folder / FILE).open("rb") as file:
            lines = file.read(_MAX_SIZE).splitlines()
    except OSError:
        return {}
    found = (match for match in map(_LINE.fullmatch, lines) if match)
    return {LETTERS[int(match[1])]: match[2] for match in found if int(match[1]) < len(LETTERS)}


def with_letters(letters: Mapping[str, bytes], keywords: Iterable[bytes]) -> Mapping[str, bytes]:
    """The same letters, and free ones for those of ``keywords`` that have none; some go without when all are taken."""
    known = {keyword.lower() for keyword in letters.values()}
    fresh = sorted({keyword for keyword in keywords if keyword.lower() not in known})
    free = [letter for letter in LETTERS if letter not in letters]
    return {**letters, **dict(zip(free, fresh, strict=False))} if fresh and free else letters


def write_keywords(folder: Path, letters: Mapping[str, bytes]) -> None:
    """Replace the file. Blocking; raises ``OSError``."""
    temporary = folder / "tmp" / f"{TEMPORARY_PREFIX}{FILE}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(render_keywords(letters))
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(folder / FILE)


def render_keywords(letters: Mapping[str, bytes]) -> bytes:
    """The content of the file."""
    return b"".join(b"%d %b\n" % (LETTERS.index(letter), letters[letter]) for letter in sorted(letters))
