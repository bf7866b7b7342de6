"""STATUS, and the numbers of mailboxes for LIST."""

from collections.abc import Collection, Sequence

from daptinmail.imap.answers import Answer, ok
from daptinmail.imap.list_grammar import Status
from daptinmail.imap.session import Session
from daptinmail.interfaces.messages import Mailbox, MailboxStatus
from daptinmail.interfaces.sharing import Located

COUNTED = {b"DELETED-STORAGE": "deleted_size"}
"""Items that have another name in ``MailboxStatus``."""


async def status(session: Session, arguments: Status) -> Answer:
    """STATUS (RFC 9051 §6.3.11)."""
    located = await session.find_mailbox(arguments.mailbox, "r")
    note_modseqs(session, arguments.items)
    for _, line in await status_lines(session, [located], arguments.items):
        session.untagged(line)
    return ok(b"STATUS completed")


async def status_lines(
    session: Session, located: Sequence[Located], items: Sequence[bytes]
) -> list[tuple[Located, bytes]]:
    """``STATUS`` of each mailbox that is still there, in order."""
    counts = await session.store.statuses([one.mailbox.id for one in located])
    return [
        (one, status_line(session, one, counts[one.mailbox.id], items)) for one in located if one.mailbox.id in counts
    ]


def note_modseqs(session: Session, items: Collection[bytes]) -> None:
    """Who asks for HIGHESTMODSEQ wants to be told of modseqs from now on (RFC 7162 §3.1)."""
    if b"HIGHESTMODSEQ" in items:
        session.enable_condstore()


def status_line(session: Session, located: Located, counts: MailboxStatus, items: Sequence[bytes]) -> bytes:
    """``STATUS`` of one mailbox."""
    told = [_item(session, located.mailbox, counts, item) for item in items]
    return b"STATUS %b (%b)" % (session.quoted(located.name), b" ".join(told))


def _item(session: Session, mailbox: Mailbox, counts: MailboxStatus, item: bytes) -> bytes:
    if item == b"MAILBOXID":
        return b"MAILBOXID (%b)" % mailbox_id(mailbox)
    if item == b"APPENDLIMIT":
        return b"APPENDLIMIT %d" % session.edge.append_limit
    name = COUNTED.get(item) or item.decode("ascii").lower()
    return b"%b %d" % (item, getattr(counts, name))


def mailbox_id(mailbox: Mailbox) -> bytes:
    """The MAILBOXID: it stays when the mailbox is renamed (RFC 8474 §4)."""
    return b"F" + mailbox.reference.hex.encode("ascii")
