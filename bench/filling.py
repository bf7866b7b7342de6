"""The same messages into each peer, in the same order: by APPEND, which any server understands, or as Maildir files."""

import os
from pathlib import Path

from bench.client import ImapClient, append
from bench.corpus import Message, messages, of_size
from bench.peers.peer import PASSWORD, USER, Peer

BIG = "big"
SMALL = "small"
SMALL_COUNT = 100
SMALL_SIZE = 1024
WINDOW = 16
"""APPENDs under way at a time."""
LETTERS = {rb"\Seen": "S", rb"\Answered": "R", rb"\Flagged": "F"}
FIRST = 1_600_000_000


class Incomplete(Exception):
    """Not all messages are there."""


def fill(peer: Peer, count: int, as_files: bool = False) -> None:
    """Make the large mailbox with ``count`` messages and the small one in a server that runs."""
    with _connect(peer) as client:
        client.command(f"CREATE {BIG}".encode())
        client.command(f"CREATE {SMALL}".encode())
        client.pipeline((append(SMALL, of_size(number, SMALL_SIZE)) for number in range(SMALL_COUNT)), WINDOW)
        directory = peer.maildir(BIG) if as_files else None
        if directory is None:
            client.pipeline((_append(message) for message in messages(count)), WINDOW)
    if directory is not None:
        peer.stop()
        _write(directory, count, peer.keeps_crlf)
        peer.adopt()
        peer.start()
    with _connect(peer) as client:
        if b"* %d EXISTS" % count not in client.command(f"SELECT {BIG}".encode()):
            raise Incomplete(f"{peer.name} has not taken all messages")


def _connect(peer: Peer) -> ImapClient:
    client = ImapClient(peer.address)
    client.login(USER, PASSWORD)
    return client


def _append(message: Message) -> bytes:
    date = message.internal_date.strftime("%d-%b-%Y %H:%M:%S +0000")
    return append(BIG, message.content, message.flags, date)


def _write(directory: Path, count: int, crlf: bool) -> None:
    """Files as a delivery agent leaves them, with line ends and sizes as the server itself makes them."""
    owner = directory.stat()
    for number, message in enumerate(messages(count)):
        content = message.content if crlf else message.content.replace(b"\r\n", b"\n")
        letters = "".join(sorted(LETTERS[flag] for flag in message.flags.split()))
        sizes = f"S={len(content)},W={len(message.content)}"
        path = directory / "cur" / f"{FIRST + number}.M0P1.bench,{sizes}:2,{letters}"
        path.write_bytes(content)
        os.chown(path, owner.st_uid, owner.st_gid)
        os.utime(path, (message.internal_date.timestamp(),) * 2)
