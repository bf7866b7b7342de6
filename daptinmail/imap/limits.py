"""What one IMAP connection may ask of us. Octets, seconds and counts."""

from attrs import frozen

KIB = 1024
MIB = 1024 * KIB


@frozen
class WireLimits:
    """Sizes of one command. ``drain``: the largest refused non-synchronizing literal that is read and thrown away."""

    line: int
    literal: int
    command: int
    drain: int
    streaming: bool


UNAUTHENTICATED = WireLimits(line=8 * KIB, literal=4 * KIB, command=8 * KIB, drain=0, streaming=False)
"""Before login: RFC 7888 §5 (LITERAL-) caps a non-synchronizing literal at 4096 octets."""

AUTHENTICATED = WireLimits(line=64 * KIB, literal=64 * KIB, command=256 * KIB, drain=128 * MIB, streaming=True)

APPEND = 64 * MIB
"""The largest message that APPEND takes."""

INPUT_WAITING = 64 * KIB
"""Pipelined input beyond this stops the reading until commands catch up."""

OUTPUT_PIECE = 64 * KIB
CONTENT_CHUNK = 256 * KIB
"""How much of a message is read at a time."""

METADATA_SLICE = 100
"""Each may bring a header section of a megabyte."""
VIEW_SLICE = 1000
TEXT_SLICE = 50
SEARCH_TEXT_CAP = 4 * MIB
"""SEARCH BODY and TEXT look at this much of a message."""

SEARCHES_AT_ONCE = 2
"""Pool threads that all searches together may occupy; the others stay free for mail."""

SEARCH_DEPTH = 32
SEARCH_KEYS = 2000
FETCH_ITEMS = 64
FETCH_FIELDS = 500
"""Names of header fields in one FETCH; each is looked for in every message."""

KEYWORD_LENGTH = 100
KEYWORDS_PER_COMMAND = 64

COMMANDS_PER_TURN = 100
"""Pipelined commands that run before other connections get a turn."""

LOGIN_FAILURES = 3
BAD_COMMANDS = 10
LONGEST_PENALTY = 30.0

LOGIN_TIMEOUT = 60
AUTOLOGOUT = 30 * 60
"""RFC 3501 §5.4: at least 30 minutes."""

IDLE_KEEPALIVE = 120
CLOSE_GRACE = 30
"""A peer that does not take our last words in this time is cut off."""
