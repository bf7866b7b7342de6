"""What SEARCH may ask of the messages in a mailbox beyond their flags and numbers (RFC 9051 §6.4.4); the text index.

``IMessageStore.find`` takes one of these at a time; who asks combines the answers.
Text is compared without regard to case (Unicode case folding), composed and decomposed letters being the same.
"""

from array import array
from collections.abc import Awaitable, Sequence
from datetime import date, datetime

from attrs import field, frozen
from zope.interface import Interface

Moment = date | datetime
"""A ``date`` is its first moment in UTC; a ``datetime`` is aware."""


@frozen
class HeaderContains:
    """A field called ``field`` (lower case) has ``text`` in its decoded value; "" asks whether there is such a field.

    The value is all of it: display names, addresses and comments (RFC 3501 §6.4.4, FROM, TO, CC, BCC, SUBJECT, HEADER).
    """

    field: bytes
    text: str


@frozen
class BodyContains:
    """``text`` is in a decoded text part, or in the header section of a message inside the message."""

    text: str


@frozen
class TextContains:
    """``text`` is in the header section, in the MIME header of a part, or where ``BodyContains`` looks."""

    text: str


@frozen
class InternalDate:
    """The internal date is ``since`` or later, and earlier than ``before``."""

    since: Moment | None = None
    before: Moment | None = None


@frozen
class SavedAt:
    """The message came into this mailbox at ``since`` or later, and earlier than ``before`` (RFC 8514)."""

    since: Moment | None = None
    before: Moment | None = None


@frozen
class SentDate:
    """The day written in the Date field, its time and zone disregarded; a message without one is never found."""

    since: date | None = None
    before: date | None = None


@frozen
class Size:
    """Octets (RFC822.SIZE): more than ``larger``, less than ``smaller``."""

    larger: int | None = None
    smaller: int | None = None


@frozen
class EmailId:
    """The content's identifier (RFC 8474 §5.1), 16 octets."""

    id: bytes


@frozen
class ThreadId:
    """The thread's identifier (RFC 8474 §5.2), 16 octets."""

    id: bytes


TextCriterion = HeaderContains | BodyContains | TextContains

IndexCriterion = TextCriterion | SentDate

Criterion = IndexCriterion | InternalDate | SavedAt | Size | EmailId | ThreadId


@frozen
class SearchText:
    """The text of one content, decoded and folded.

    ``header`` and ``mime`` are lines ``\\nname: value``, one a field: the header section, and the MIME headers of the
    parts (RFC 9051 §6.4.4, TEXT). ``body`` has the text parts, and the header sections of messages inside the message.
    ``sent_day``: that of the Date field as written, in days since the epoch.
    """

    header: str = field(repr=False)
    mime: str = field(repr=False)
    body: str = field(repr=False)
    sent_day: int | None = None


@frozen
class Found:
    """Messages that meet a criterion, and those of which the index does not know the text yet; both ascending."""

    uids: "array[int]"
    unknown: "array[int]"


@frozen
class Unread:
    """A content whose text the index does not have, and a message that has it; ``None`` if no message has it any more.

    ``email_id`` is the content's.
    """

    content_id: int
    email_id: bytes
    mailbox_id: int | None
    uid: int | None


class ITextIndex(Interface):
    """The texts of contents, kept up a little after mail has come. It may be lost: it is made again from the mail.

    Its answers are exact: it knows what it does not know.
    """

    def wake() -> None:
        """Mail has come or gone: whoever keeps the index up may want to begin. Reactor thread; at once."""

    def find(mailbox_id: int, criterion: IndexCriterion, uids: Sequence[int] | None) -> Awaitable[Found | None]:
        """What it knows of a mailbox, or of these messages in it; ``None``: nothing. Raises ``NotFound``."""

    def unread(limit: int) -> Awaitable[list[Unread]]:
        """The first contents that it has not heard of, in the order of their ids."""

    def add(texts: Sequence[tuple[Unread, SearchText | None]]) -> Awaitable[None]:
        """Take the texts of the first contents of ``unread``; ``None``: cannot be read, do not ask again soon."""

    def forget() -> Awaitable[int]:
        """Let go of contents that no message has any more; how many. Call it again until there is none."""

    def lag() -> Awaitable[int]:
        """How many contents it has not heard of."""

    def reset() -> Awaitable[None]:
        """Begin from nothing."""

    def close() -> Awaitable[None]:
        """Let go of files and connections."""
