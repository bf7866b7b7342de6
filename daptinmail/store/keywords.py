"""Keywords of a Maildir folder as other tools keep them: letters ``a`` to ``z`` in file names, their meaning in a file.

The file ``dovecot-keywords`` has a line ``<number> <keyword>`` for each letter, 0 for ``a``.
"""

import re
from collections.abc import Mapping
from pathlib import Path

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


def render_keywords(letters: Mapping[str, bytes]) -> bytes:
    """The content of the file."""
    return b"".join(b"%d %b\n" % (LETTERS.index(letter), letters[letter]) for letter in sorted(letters))
