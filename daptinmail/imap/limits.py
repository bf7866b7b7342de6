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

MESSAGE_LITERALS = 1000
"""Literals that are messages, or parts of them, in one APPEND (RFC 3502, RFC 4469)."""
APPEND_TOTAL = 256 * MIB
"""Octets of all messages of one APPEND."""
APPEND_MEMORY = 4 * MIB
"""Octets of them that are held in memory; the others go to files."""
URLS = 100
"""URLs in one CATENATE."""

INFLATED_AT_ONCE = 64 * KIB
"""Octets that come out of compressed input before others have a turn (RFC 4978 §6)."""

INPUT_WAITING = 64 * KIB
"""Pipelined input beyond this stops the reading until commands catch up."""

OUTPUT_PIECE = 64 * KIB
CONTENT_CHUNK = 256 * KIB
"""How much of a message is read at a time."""

HEADER_SLICE = 50
"""Messages whose header sections are read at once: each may be a megabyte."""

COLUMNS_SLICE = 500
"""Messages whose smaller columns are read at once."""
ROWS_BLOCK = 100
"""Messages that are answered for before we look whether the client still reads."""
NUMBERS_ROWS = 2000
"""Messages of which sizes and dates are read at once."""
VIEW_SLICE = 1000
STORE_SLICE = 2000
"""Messages whose flags are changed in one go."""
TEXT_SLICE = 100
WHOLE_SLICE = 300
"""Whole messages that are made ready at once: nothing of them is looked at."""
SEARCHES_AT_ONCE = 2
"""Pool threads that all searches together may occupy; the others stay free for mail."""

SEARCH_SLICE = 50_000
"""Messages that a search looks at, in the view, before others get a turn: some milliseconds."""
NUMBERS_SLICE = 25_000
"""Numbers of an answer that are written before others get a turn."""

SORT_SLICE = 10_000
"""Messages whose sort keys are read at once."""
SORT_CRITERIA = 32

CONTEXTS = 8
"""Searches of one session that are told of changes to their results (RFC 5267 §4.3)."""
CONTEXT_PAIRS = 500
"""Changes in one ESEARCH response."""

ESEARCH_NAMES = 200
ESEARCH_MAILBOXES = 1000
"""Mailboxes that one ESEARCH looks into."""

SEARCH_DEPTH = 32
SEARCH_KEYS = 2000
FETCH_ITEMS = 64
FETCH_FIELDS = 500
"""Names of header fields in one FETCH; each is looked for in every message."""

LIST_PATTERNS = 50
LIST_SLICE = 500
"""Mailboxes that are counted and told at once."""
LIST_ENTRIES = 50
"""Annotations that one command may name."""

NOTIFY_GROUPS = 20
NOTIFY_NAMES = 200
NOTICES_WAITING = 1000
"""Events of NOTIFY that wait while a command runs or the client does not read."""

KEYWORD_LENGTH = 100
KEYWORDS_PER_COMMAND = 64

WOKEN_AT_ONCE = 16
"""Sessions that hear of a change in one turn; each may need a quarter of a millisecond."""

COMMANDS_PER_TURN = 100
"""Pipelined commands that run before other connections get a turn."""

LOGIN_FAILURES = 3
BAD_COMMANDS = 10
LONGEST_PENALTY = 30.0

LOGIN_TIMEOUT = 60
AUTOLOGOUT = 30 * 60
"""RFC 3501 §5.4: at least 30 minutes."""

SAMPLES = 10_000
"""Sequence numbers that a client may name with their UIDs (RFC 7162 §3.2.5.2)."""

PROGRESS_INTERVAL = 10.0
"""RFC 9585 §4: tell every 10 to 15 seconds that a command goes on."""

IDLE_KEEPALIVE = 120
CLOSE_GRACE = 30
"""A peer that does not take our last words in this time is cut off."""
