"""A new message from its parts: text, HTML, attachments (RFC 5322, RFC 2045, RFC 2046)."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address as NamedAddress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from attrs import field, frozen

from daptinmail.mail.address import Address, BadAddress

MAX_RECIPIENTS = 500
MAX_ATTACHMENTS = 100
MAX_FIELDS = 50
MAX_TEXT = 998
"""Characters of a subject, a name or a field of the sender's own (RFC 5322 §2.1.1 in spirit; folded on the wire)."""

_FIELD_NAME = re.compile(r"[!-9;-~]{1,76}")
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,64}/[A-Za-z0-9!#$&^_.+-]{1,64}")
_MAILBOX = re.compile(r'(?P<name>[^<>]{0,998}?)\s*<(?P<address>[^<>\s]{1,400}|"[^<>]{1,400})>\s*')
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

OWN_FIELDS = frozenset(
    {
        "from",
        "sender",
        "reply-to",
        "to",
        "cc",
        "bcc",
        "subject",
        "date",
        "message-id",
        "mime-version",
        "return-path",
        "received",
        "dkim-signature",
        "authentication-results",
        "content-type",
        "content-transfer-encoding",
        "content-disposition",
        "content-id",
    }
)
"""Fields that come from elsewhere than ``Composition.fields``, in lower case."""


class Uncomposable(ValueError):
    """No message can be made; ``part`` names what is at fault, the message is fit for a client."""

    def __init__(self, part: str, text: str) -> None:
        super().__init__(text)
        self.part = part


@frozen
class Mailbox:
    """A display name, "" for none, and an address."""

    name: str
    address: Address


@frozen
class Attachment:
    """A file. With ``content_id`` (without angle brackets) it stands inside the HTML, as ``cid:...``."""

    name: str
    media_type: str
    octets: bytes = field(repr=False)
    content_id: str = ""


@frozen
class Composition:
    """What a message is made of. ``bcc`` gets it and is not named in it; ``fields`` are added as they are."""

    author: Mailbox
    to: Sequence[Mailbox] = ()
    cc: Sequence[Mailbox] = ()
    bcc: Sequence[Mailbox] = ()
    reply_to: Sequence[Mailbox] = ()
    subject: str = ""
    text: str | None = None
    html: str | None = None
    attachments: Sequence[Attachment] = ()
    fields: Mapping[str, str] = field(factory=dict)

    @property
    def recipients(self) -> list[Address]:
        """Everybody who gets it, once."""
        return list(dict.fromkeys(one.address for one in (*self.to, *self.cc, *self.bcc)))


def parse_mailbox(text: str) -> Mailbox:
    """Read ``local@domain``, ``<local@domain>`` or ``Name <local@domain>``; the name may be quoted.

    Raises:
        BadAddress: none of these.
    """
    text = text.strip()
    if len(text) > MAX_TEXT:
        raise BadAddress("Address too long")
    found = _MAILBOX.fullmatch(text)
    if found is None:
        return Mailbox("", Address.parse(text))
    name = found["name"].strip()
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    if _CONTROLS.search(name):
        raise BadAddress("A name must not have control characters")
    return Mailbox(name, Address.parse(found["address"]))


def compose(composition: Composition, *, message_id: str, now: datetime) -> bytes:
    """The message with CRLF line ends, in US-ASCII unless an address is not. Slow for large attachments.

    ``message_id`` has no angle brackets, ``now`` is aware.

    Raises:
        Uncomposable: a part cannot be said in a message.
    """
    _check(composition)
    message = EmailMessage(policy=SMTP.clone(cte_type="7bit", utf8=not _is_ascii(composition)))
    message["From"] = _named(composition.author)
    for name, mailboxes in (("To", composition.to), ("Cc", composition.cc), ("Reply-To", composition.reply_to)):
        if mailboxes:
            message[name] = [_named(one) for one in mailboxes]
    message["Subject"] = composition.subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{message_id}>"
    for name, value in composition.fields.items():
        message[name] = value
    _fill(message, composition)
    return message.as_bytes()


def _fill(message: EmailMessage, composition: Composition) -> None:
    """Text, then HTML as its alternative with what stands inside it, then files."""
    if composition.text is not None or composition.html is None:
        message.set_content(composition.text or "")
    if composition.html is not None:
        _add_html(message, composition)
    for one in composition.attachments:
        if not one.content_id or composition.html is None:
            maintype, _, subtype = one.media_type.partition("/")
            message.add_attachment(one.octets, maintype, subtype, filename=one.name or None)


def _add_html(message: EmailMessage, composition: Composition) -> None:
    if composition.text is None:
        message.set_content(composition.html, subtype="html")
        inner = message
    else:
        message.add_alternative(composition.html, subtype="html")
        inner = message.get_payload()[-1]  # type: ignore[index,assignment]  # the part just added
    for one in composition.attachments:
        if one.content_id:
            maintype, _, subtype = one.media_type.partition("/")
            name = one.name or None
            inner.add_related(
                one.octets, maintype, subtype, cid=f"<{one.content_id}>", filename=name, disposition="inline"
            )


def _check(composition: Composition) -> None:
    if not composition.recipients:
        raise Uncomposable("to", "nobody to send to")
    if len(composition.recipients) > MAX_RECIPIENTS:
        raise Uncomposable("to", f"more than {MAX_RECIPIENTS} recipients")
    if len(composition.attachments) > MAX_ATTACHMENTS:
        raise Uncomposable("attachments", f"more than {MAX_ATTACHMENTS} attachments")
    if len(composition.fields) > MAX_FIELDS:
        raise Uncomposable("headers", f"more than {MAX_FIELDS} fields")
    _check_text("subject", composition.subject)
    for part, text in (("text", composition.text), ("html", composition.html)):
        if text is not None and re.search("[\x00\ud800-\udfff]", text):
            raise Uncomposable(part, "has characters that no message can carry")
    for name, value in composition.fields.items():
        _check_field(name, value)
    for one in composition.attachments:
        _check_attachment(one)


def _check_text(part: str, text: str) -> None:
    if len(text) > MAX_TEXT:
        raise Uncomposable(part, f"is longer than {MAX_TEXT} characters")
    if _CONTROLS.search(text):
        raise Uncomposable(part, "has control characters")


def _check_field(name: str, value: str) -> None:
    if not _FIELD_NAME.fullmatch(name):
        raise Uncomposable("headers", "has a name that is no field name")
    if name.lower() in OWN_FIELDS or name.lower().startswith("resent-"):
        raise Uncomposable("headers", f"{name} is set otherwise")
    _check_text("headers", value)


def _check_attachment(one: Attachment) -> None:
    if not _MEDIA_TYPE.fullmatch(one.media_type) or one.media_type.lower().startswith(("multipart/", "message/")):
        raise Uncomposable("attachments", "has a media type that cannot be attached")
    for text in (one.name, one.content_id):
        _check_text("attachments", text)
    if re.search(r"[<>\s]", one.content_id):
        raise Uncomposable("attachments", "has a content id with blanks or angle brackets")


def _is_ascii(composition: Composition) -> bool:
    """False if an address needs SMTPUTF8 (RFC 6531); names and texts never do."""
    shown = (composition.author, *composition.to, *composition.cc, *composition.reply_to)
    return all(one.address.local.isascii() for one in shown)


def _named(mailbox: Mailbox) -> NamedAddress:
    """Domains as A-labels, which every program understands."""
    try:
        return NamedAddress(mailbox.name, mailbox.address.local, mailbox.address.ascii_domain)
    except (ValueError, HeaderParseError) as error:
        raise Uncomposable("to", f"{mailbox.address} cannot be written down") from error
