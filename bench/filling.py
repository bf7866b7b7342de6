"""The same messages into each peer, in the same order, by APPEND: what any server understands."""

from bench.client import ImapClient, append
from bench.corpus import messages, of_size

BIG = "big"
SMALL = "small"
SMALL_COUNT = 100
SMALL_SIZE = 1024
WINDOW = 16
"""APPENDs under way at a time."""


def fill(client: ImapClient, count: int) -> None:
    """Make the large mailbox with ``count`` messages and the small one."""
    client.command(f"CREATE {BIG}".encode())
    client.command(f"CREATE {SMALL}".encode())
    client.pipeline((append(SMALL, of_size(number, SMALL_SIZE)) for number in range(SMALL_COUNT)), WINDOW)
    client.pipeline(
        (
            append(BIG, message.content, message.flags, message.internal_date.strftime("%d-%b-%Y %H:%M:%S +0000"))
            for message in messages(count)
        ),
        WINDOW,
    )
