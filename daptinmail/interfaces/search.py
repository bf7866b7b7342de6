"""What SEARCH may ask of the messages in a mailbox beyond their flags and numbers (RFC 9051 §6.4.4).

``IMessageStore.find`` takes one of these at a time; who asks combines the answers.
Text is compared without regard to case (Unicode case folding), composed and decomposed letters being the same.
"""

from datetime import date, datetime

from attrs import frozen

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


Criterion = HeaderContains | BodyContains | TextContains | InternalDate | SavedAt | SentDate | Size | EmailId | ThreadId
