"""Everything the store keeps about a message, worked out once when it arrives."""

from attrs import frozen

from daptinmail.mail.basesubject import base_subject
from daptinmail.mail.header import Buffer, HeaderSection, header_end
from daptinmail.mail.imapdata import render_envelope, render_structures
from daptinmail.mail.kept import pack_kept
from daptinmail.mail.parameters import parameter
from daptinmail.mail.preview import preview
from daptinmail.mail.references import message_id, references
from daptinmail.mail.sortkeys import display_key, mailbox_key, sent
from daptinmail.mail.structure import Part, pack_parts, parse_structure
from daptinmail.mail.words import clean, decode_charset, decode_words

_CUT = 1 << 14  # octets of a header value that are decoded
_ADDRESSES = 100  # more cannot be seen in 200 characters
_SIGNATURES = {"pgp-signature", "pgp-encrypted", "pkcs7-signature", "x-pkcs7-signature"}


@frozen
class Terms:
    """What SORT, THREAD, SEARCH and clients that list messages ask of a header section.

    ``fields`` is what ``kept.pack_kept`` packs. ``message_id`` and ``references`` are in normal form, without
    angle brackets. ``sent_at`` is in milliseconds, ``sent_day`` in days since the epoch; sort keys are casemapped.
    """

    fields: bytes = b""
    message_id: bytes = b""
    references: bytes = b""
    sent_at: int | None = None
    sent_day: int | None = None
    base_subject: str = ""
    is_reply: bool = False
    sort_from: str = ""
    sort_to: str = ""
    sort_cc: str = ""
    display_from: str = ""
    display_to: str = ""


@frozen
class Summary:
    """What ``summarize`` finds. Byte strings are ready to send by IMAP; text is decoded and cut to column widths."""

    header: bytes
    envelope: bytes
    body: bytes
    bodystructure: bytes
    parts: bytes
    message_id: str = ""
    subject: str = ""
    from_address: str = ""
    sender_address: str = ""
    to_address: str = ""
    reply_to_address: str = ""
    content_type: str = "text/plain"
    has_attachment: bool = False
    preview: bytes = b""
    terms: Terms = Terms()


def terms_of(header: HeaderSection) -> Terms:
    """Read what ``Terms`` holds. Never raises."""
    sent_at, sent_day = sent(header)
    subject = base_subject(decode_words((header.first(b"subject") or b"")[:_CUT]))
    return Terms(
        fields=pack_kept(header.raw),
        message_id=message_id(header),
        references=references(header),
        sent_at=sent_at,
        sent_day=sent_day,
        base_subject=subject.text,
        is_reply=subject.is_reply,
        sort_from=mailbox_key(header, b"from"),
        sort_to=mailbox_key(header, b"to"),
        sort_cc=mailbox_key(header, b"cc"),
        display_from=display_key(header, b"from"),
        display_to=display_key(header, b"to"),
    )


def summarize(content: Buffer) -> Summary:
    """Read a content once. Never raises for what is in it; takes time linear in its size."""
    header = HeaderSection(content[: header_end(content)])
    structure = parse_structure(content, header)
    first = header.first
    sender = _addresses(header, b"from")
    body, bodystructure = render_structures(structure)
    return Summary(
        header=header.raw,
        envelope=render_envelope(header),
        body=body,
        bodystructure=bodystructure,
        parts=pack_parts(structure),
        message_id=clean(decode_charset((first(b"message-id") or b"")[:_CUT]))[:500],
        subject=decode_words((first(b"subject") or b"")[:_CUT])[:500],
        from_address=sender,
        sender_address=_addresses(header, b"sender") or sender,
        to_address=_addresses(header, b"to"),
        reply_to_address=_addresses(header, b"reply-to"),
        content_type=clean(decode_charset((first(b"content-type") or b"text/plain")[:_CUT]))[:255],
        has_attachment=_has_attachment(structure),
        preview=preview(content, structure),
        terms=terms_of(header),
    )


def _addresses(header: HeaderSection, name: bytes) -> str:
    """The addresses of a field without display names, cut to 200 characters."""
    specs = [one.spec for one in header.addresses(name)[:_ADDRESSES]]
    return clean(decode_charset(b", ".join([spec for spec in specs if spec])[:_CUT]))[:200]


def _has_attachment(structure: Part) -> bool:
    """True if a reader would show an attachment: by disposition, by file name, or by type."""
    waiting = [structure]
    while waiting:
        part = waiting.pop()
        if part.children:
            waiting.extend(part.children)
        elif _is_attachment(part):
            return True
    return False


def _is_attachment(part: Part) -> bool:
    if part.disposition is not None:
        return part.disposition != b"inline"
    if part.subtype in _SIGNATURES:
        return False
    named = any(parameter(part.parameters, name) is not None for name in (b"name", b"name*"))
    return named or (part.type in {"application", "audio", "image", "video"} and part.id is None)
