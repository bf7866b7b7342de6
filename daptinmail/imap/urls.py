"""IMAP URLs (RFC 5092) that name messages, or parts of them, of the account that is logged in."""

import re
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from attrs import evolve, frozen

from daptinmail.errors import DaptinmailError, Malformed, NotFound
from daptinmail.imap.answers import Declined, no
from daptinmail.imap.cursor import Cursor
from daptinmail.imap.fetch_grammar import url_section
from daptinmail.imap.names import decode_name
from daptinmail.imap.sections import Selection, Stretch, find_source
from daptinmail.imap.session import Session
from daptinmail.imap.values import Section
from daptinmail.interfaces.messages import Mailbox, Opened
from daptinmail.mail.structure import unpack_parts

LONGEST_URL = 4096

_URL = re.compile(
    rb"(?:(?://|imap://)(?:(?P<user>[^;:@/?]*)(?:;AUTH=[^@/]*)?@)?(?P<host>[^/@]*))?"
    rb"(?:/(?P<mailbox>[^;/?#][^;?#]*?)(?:;UIDVALIDITY=(?P<validity>[1-9][0-9]{0,9}))?)?"
    rb"/?;UID=(?P<uid>[1-9][0-9]{0,9})"
    rb"(?:/;SECTION=(?P<section>[^;?#]+?))?"
    rb"(?:/;PARTIAL=(?P<first>[0-9]{1,10})(?:\.(?P<count>[1-9][0-9]{0,9}))?)?",
    re.IGNORECASE,
)


@frozen
class MessageUrl:
    """What a URL names. No ``mailbox``: the selected one. ``partial``: first octet and count, if there is one."""

    mailbox: str | None
    uidvalidity: int | None
    uid: int
    section: Section
    partial: tuple[int, int | None]


def parse_url(url: bytes, username: str, hostname: str) -> MessageUrl:
    """An absolute URL of this server and user, or one relative to them (RFC 5092 §7).

    Raises:
        Malformed: it is no such URL.
    """
    match = _URL.fullmatch(url) if len(url) <= LONGEST_URL else None
    if match is None:
        raise Malformed("Not the URL of a message here")
    user, host, mailbox = match["user"], match["host"], match["mailbox"]
    ours = host is None or host.lower() == hostname.encode("ascii", "replace").lower()
    if not ours or (user and unquote_to_bytes(user) != username.encode()):
        raise Malformed("Not the URL of a message here")
    name = None if mailbox is None else decode_name(unquote_to_bytes(mailbox.removesuffix(b"/")), utf8=True)
    section = url_section(Cursor([unquote_to_bytes(match["section"] or b"") + b"]"]))
    count = match["count"]
    return MessageUrl(
        name,
        int(match["validity"]) if match["validity"] else None,
        int(match["uid"]),
        section,
        (int(match["first"] or 0), int(count) if count else None),
    )


@frozen
class Octets:
    """What a URL leads to: ``start`` to ``end`` of what ``read`` gives. ``read`` and ``close`` block."""

    read: Callable[[int, int], bytes]
    start: int
    end: int
    close: Callable[[], None]


async def open_url(session: Session, url: bytes) -> Octets:
    """The octets that a URL names. Whoever asks closes them.

    Raises:
        Declined: BADURL (RFC 4469 §4.1).
    """
    try:
        named = parse_url(url, session.account.username, session.edge.hostname)
        return await _open(session, named)
    except (Malformed, NotFound):
        raise _bad(url) from None


def _bad(url: bytes) -> Declined:
    """The URL is repeated if it can stand in a response code."""
    shown = url if re.fullmatch(rb"[\x21-\x5c\x5e-\x7e]{1,1000}", url) else b""
    return no(b"No such message or part", b"BADURL " + shown if shown else b"BADURL")


async def _open(session: Session, named: MessageUrl) -> Octets:
    mailbox = await _mailbox(session, named)
    if named.uidvalidity is not None and named.uidvalidity != mailbox.uidvalidity:
        raise NotFound("The mailbox was made anew")
    rows = await session.store.columns(mailbox.id, [named.uid], ("parts",))
    if not rows:
        raise NotFound("No such message")
    source = find_source(named.section, unpack_parts(rows[0][1]))
    if not isinstance(source, Stretch | Selection):
        raise NotFound("No such part")
    opened = await session.store.open(mailbox.id, named.uid)
    if isinstance(source, Selection):
        fields = await session.edge.blocking.run(_chosen, opened, source)
        return _cut(Octets(lambda at, size: fields[at : at + size], 0, len(fields), lambda: None), named.partial)
    return _cut(Octets(opened.read, source.start, source.end, opened.close), named.partial)


def _chosen(opened: Opened, selection: Selection) -> bytes:
    """Header fields. In a pool thread."""
    try:
        return selection.choose(opened.read(selection.header.start, selection.header.size))
    finally:
        opened.close()


def _cut(octets: Octets, partial: tuple[int, int | None]) -> Octets:
    first, count = partial
    start = min(octets.start + first, octets.end)
    return evolve(octets, start=start, end=octets.end if count is None else min(start + count, octets.end))


async def _mailbox(session: Session, named: MessageUrl) -> Mailbox:
    if named.mailbox is not None:
        return (await session.find_mailbox(named.mailbox, "r")).mailbox
    try:
        return session.selected.mailbox
    except DaptinmailError:
        raise NotFound("No mailbox selected") from None
