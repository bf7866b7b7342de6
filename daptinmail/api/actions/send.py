"""Sending a message over HTTP (compat 5.2, ``mail.send``)."""

import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Mapping, Sequence
from typing import Any

from daptinmail.api.actions.entries import Entry
from daptinmail.api.actions.invocation import Domain, Invocation, invalid
from daptinmail.api.coercion import Unfit, plain_text
from daptinmail.errors import Forbidden, Malformed
from daptinmail.interfaces.directory import Account, Viewer
from daptinmail.interfaces.sending import SendOutcome, SendRequest
from daptinmail.mail.address import BadAddress
from daptinmail.mail.composition import Attachment, Composition, Mailbox, parse_mailbox
from daptinmail.settings import is_true

DEFAULT_SERVER = "mail.default_server_hostname"
MAX_LIST = 1000
NOT_YOURS = "http error (403) forbidden and 0 more errors, from is not an account that you may send as"
_LISTED = re.compile(r'(?:"(?:[^"\\]|\\.)*"|<[^>]*>|[^,"<])+')


async def send(domain: Domain, call: Invocation) -> list[Entry]:
    """Submit one message; answers how far it has come for each recipient."""
    composition = read_composition(call)
    account = await _account(domain, call.viewer, composition.author)
    configured = domain.control.live().config.get(DEFAULT_SERVER, "")
    request = SendRequest(
        account=account,
        composition=composition,
        trail=call.token,
        ip=call.peer,
        server_hostname=call.text("mail_server_hostname").strip() or configured,
        immediate=_is_set(call, "send_immediately") or _is_set(call, "attempt_delivery"),
    )
    return [Entry("mail.send", outcome_document(await domain.sending.send(request)))]


def outcome_document(outcome: SendOutcome) -> dict[str, Any]:
    """As JSON."""
    recipients = [{"address": str(one.recipient), "state": one.state, "reply": one.reply} for one in outcome.standings]
    return {"trail": str(outcome.trail), "message_id": f"<{outcome.message_id}>", "recipients": recipients}


def read_composition(call: Invocation) -> Composition:
    """The message that the attributes describe; ``body`` is another name for ``text``.

    Raises:
        Malformed: an attribute is not what it must be, or ``from`` is missing.
    """
    author = _mailboxes(call, "from")
    if not author:
        raise Malformed("missing required field: from")
    if len(author) > 1:
        raise invalid("must be one address", "from")
    return Composition(
        author=author[0],
        to=_mailboxes(call, "to"),
        cc=_mailboxes(call, "cc"),
        bcc=_mailboxes(call, "bcc"),
        reply_to=_mailboxes(call, "reply_to"),
        subject=call.text("subject"),
        text=_optional_text(call, "text") or _optional_text(call, "body"),
        html=_optional_text(call, "html"),
        attachments=[_attachment(one) for one in _objects(call, "attachments")],
        fields=_fields(call),
    )


async def _account(domain: Domain, viewer: Viewer, author: Mailbox) -> Account:
    """The account of ``from``: an administrator may send as any, everybody else as their own."""
    account = await domain.directory.account_at(author.address)
    if account is None or not domain.directory.may_send_as(account, author.address):
        raise Forbidden(NOT_YOURS)
    if not viewer.is_administrator:
        record = await domain.records.get("mail_account", account.reference, viewer, hydrate=False)
        owner = record.to_one.get("user_account_id")
        if owner is None or owner[1] != viewer.reference:
            raise Forbidden(NOT_YOURS)
    return account


def _mailboxes(call: Invocation, name: str) -> list[Mailbox]:
    """From one text with commas, or a list of texts."""
    value = call.attributes.get(name)
    if value is None:
        return []
    texts = _LISTED.findall(value) if isinstance(value, str) else value
    if not isinstance(texts, list) or len(texts) > MAX_LIST:
        raise invalid("must be an address or a list of addresses", name)
    try:
        return [parse_mailbox(plain_text(text)) for text in texts if not isinstance(text, str) or text.strip()]
    except (BadAddress, Unfit) as error:
        raise invalid(str(error), name) from error


def _optional_text(call: Invocation, name: str) -> str | None:
    return None if call.attributes.get(name) is None else call.text(name)


def _is_set(call: Invocation, name: str) -> bool:
    value = call.attributes.get(name)
    return value if isinstance(value, bool) else is_true(call.text(name))


def _objects(call: Invocation, name: str) -> Sequence[Mapping[str, Any]]:
    value = call.attributes.get(name) or []
    if not isinstance(value, list) or len(value) > MAX_LIST or not all(isinstance(one, dict) for one in value):
        raise invalid("must be a list of objects", name)
    return value


def _attachment(value: Mapping[str, Any]) -> Attachment:
    """``filename``, ``content_type``, ``content`` in base64, ``content_id``."""
    texts = {}
    for name, default in (
        ("filename", ""),
        ("content_type", "application/octet-stream"),
        ("content", ""),
        ("content_id", ""),
    ):
        text = value.get(name) or default
        if not isinstance(text, str):
            raise invalid(f"{name} must be text", "attachments")
        texts[name] = text
    try:
        octets = b64decode(texts["content"], validate=True)
    except (NotBase64, ValueError) as error:
        raise invalid("content must be base64", "attachments") from error
    return Attachment(texts["filename"], texts["content_type"], octets, texts["content_id"].strip("<>"))


def _fields(call: Invocation) -> dict[str, str]:
    value = call.attributes.get("headers") or {}
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        raise invalid("must be an object of texts", "headers")
    return value
