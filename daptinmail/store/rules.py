"""What ``mail_box`` and ``mail`` rows do beyond holding columns: through the API they are what IMAP makes of them."""

import base64
import binascii
from array import array
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from attrs import define, evolve, field
from sqlalchemy import update
from zope.interface import implementer

from daptinmail.db.rules import Plain
from daptinmail.db.schema import mail
from daptinmail.errors import Forbidden, Invalid, NotFound
from daptinmail.interfaces.directory import Viewer
from daptinmail.interfaces.mailboxes import What
from daptinmail.interfaces.messages import Arrival, FlagMode, Flags, Opened
from daptinmail.interfaces.records import IRecordRules, Row
from daptinmail.interfaces.runtime import IBlocking
from daptinmail.interfaces.storage import Content, ITransaction
from daptinmail.store.bodytext import body_text
from daptinmail.store.contentrow import drop_unused
from daptinmail.store.contents import Prepared, prepare
from daptinmail.store.flags import DELETED, SEEN, canonical, from_column
from daptinmail.store.mailrow import flag_values, mail_values
from daptinmail.store.marks import Order
from daptinmail.store.messagestore import MessageStore
from daptinmail.store.names import INBOX, normal_name
from daptinmail.store.quota import check_room, count
from daptinmail.store.rows import Folder, account_row, folder_by_id

MAX_WAITING = 64
"""Mails made over HTTP that may be between preparation and commit."""


@implementer(IRecordRules)
@define(eq=False)
class MailBoxRules(Plain):
    """A ``mail_box`` row is a mailbox with its directory."""

    _store: MessageStore

    async def prepare(self, attributes: Mapping[str, Any], row: Row | None, viewer: Viewer) -> dict[str, Any]:
        """Bring the name into its normal form."""
        prepared = dict(attributes)
        if "name" in prepared:
            prepared["name"] = normal_name(str(prepared["name"]))
        return prepared

    def creating(self, transaction: ITransaction, row: Row) -> None:
        """CREATE: parents, directories, UIDVALIDITY."""
        account_id = row.get("mail_account_id")
        if account_id is None:
            raise Invalid(fields={"mail_account_id": "is required"})
        account = account_row(transaction.connection, account_id)
        values = self._store.parts.mailboxes.new_values(transaction, account, normal_name(row["name"]))
        subscribed = row.get("subscribed")
        values["subscribed"] = values["subscribed"] or subscribed is None or bool(subscribed)
        defaults = {"attributes": "", "flags": "\\*", "permanent_flags": "\\*"}
        ours = ("name", "uidvalidity", "mail_account_id", "directory", "subscribed")
        row.update({name: values[name] for name in ours})
        row.update({name: text for name, text in defaults.items() if row.get(name) is None})
        row.update(nextuid=1, highestmodseq=1, first_recent_uid=1)

    def created(self, transaction: ITransaction, row: Row) -> None:
        """Share it as its parent is, and tell who listens."""
        self._store.parts.mailboxes.made(transaction, folder_by_id(transaction.connection, row["id"]))

    def patched(self, transaction: ITransaction, before: Row, after: Row) -> None:
        """Tell who listens of a subscription."""
        if before["subscribed"] != after["subscribed"]:
            mailbox = folder_by_id(transaction.connection, after["id"]).mailbox
            self._store.parts.mailboxes.tell(transaction, What.SUBSCRIBED, mailbox)

    def patching(self, transaction: ITransaction, before: Row, changes: Row) -> None:
        """RENAME; a mailbox stays in its account."""
        if changes.get("mail_account_id", before["mail_account_id"]) != before["mail_account_id"]:
            raise Forbidden("A mailbox cannot be moved to another account")
        if "name" not in changes:
            return
        changes["name"] = normal_name(changes["name"])
        if changes["name"] == before["name"]:
            return
        if before["name"] == INBOX:
            raise Forbidden("INBOX cannot be renamed")
        mailboxes = self._store.parts.mailboxes
        mailboxes.rename(transaction, before["mail_account_id"], before["name"], changes["name"])

    def deleting(self, transaction: ITransaction, row: Row) -> None:
        """DELETE: messages, files and subscription; the row itself is the caller's."""
        self._store.parts.mailboxes.clear(transaction, folder_by_id(transaction.connection, row["id"]))


@implementer(IRecordRules)
@define(eq=False)
class MailRules(Plain):
    """A ``mail`` row is a message in a mailbox."""

    _store: MessageStore
    _blocking: IBlocking
    _waiting: dict[UUID, Prepared] = field(factory=dict, init=False)

    async def prepare(self, attributes: Mapping[str, Any], row: Row | None, viewer: Viewer) -> dict[str, Any]:
        """Read the content of a new message; the content of an old one never changes."""
        prepared = dict(attributes)
        prepared.pop("body", None)
        sent = prepared.pop("mail", None)
        if row is not None:
            if sent is not None:
                raise Forbidden("The content of a message cannot be changed")
            return prepared
        content = await self._blocking.run(_read, sent)
        trail = self._store.identifiers.uuid7()
        while len(self._waiting) >= MAX_WAITING:
            del self._waiting[next(iter(self._waiting))]
        self._waiting[trail] = content
        return {**prepared, "trail": trail}

    def creating(self, transaction: ITransaction, row: Row) -> None:
        """APPEND."""
        prepared = self._prepared(row)
        if row.get("mail_box_id") is None:
            raise Invalid(fields={"mail_box_id": "is required"})
        folder = folder_by_id(transaction.connection, row["mail_box_id"])
        flags = _wanted(frozenset(), row)
        messages = self._store.parts.messages
        check_room(transaction.connection, folder.mailbox.account_id, 1, prepared.content.size)
        placed = messages.place(transaction, folder, prepared, flags)
        kept = {name: row[name] for name in ("reference_id", "permission", "user_account_id") if row.get(name)}
        placed = evolve(placed, reference=kept.get("reference_id", placed.reference))
        arrival = Arrival(trail=row["trail"])
        size, date = prepared.content.size, row.get("internal_date")
        row.update(mail_values(placed, size, prepared.summary, flags, date, arrival, ""))
        row.update(kept)
        account_id = folder.mailbox.account_id
        row["content_id"] = messages.contents.add(transaction.connection, account_id, prepared.summary)
        messages.stored(transaction, folder, placed, flags, arrival, size, "")

    async def committed(self, change: str, row: Row) -> None:
        """The content has been stored."""
        if change == "create" and row.get("trail") is not None:
            self._waiting.pop(row["trail"], None)

    def patching(self, transaction: ITransaction, before: Row, changes: Row) -> None:
        """STORE for ``flags``, ``seen``, ``deleted``; MOVE for ``mail_box_id``."""
        parts, place = self._store.parts, (before["mail_box_id"], [before["uid"]])
        if changes.keys() & {"flags", "seen", "deleted"}:
            flags = _wanted(from_column(before["flags"]), changes)
            parts.marks.change(transaction, Order(place[0], array("Q", place[1]), FlagMode.REPLACE, flags))
            changes.update(flag_values(flags))
        target_id: int = changes.get("mail_box_id") or before["mail_box_id"]
        if target_id != before["mail_box_id"]:
            source = folder_by_id(transaction.connection, before["mail_box_id"])
            target = folder_by_id(transaction.connection, target_id)
            if source.mailbox.account_id != target.mailbox.account_id:
                raise Forbidden("A message cannot be moved to another account")
            parts.transfers.move(transaction, *place, target_id)

    def deleting(self, transaction: ITransaction, row: Row) -> None:
        """EXPUNGE of this message; the row itself is the caller's."""
        folder: Folder = folder_by_id(transaction.connection, row["mail_box_id"])
        messages = self._store.parts.messages
        messages.touch(transaction, folder)
        messages.take_away(transaction, folder, [row["file_name"]])
        messages.bury(transaction, folder, [row["uid"]])
        count(transaction.connection, folder.id, -1, -row["size"])
        forget = update(mail).where(mail.c.id == row["id"]).values(content_id=None)
        transaction.connection.execute(forget)
        if row.get("content_id") is not None:
            drop_unused(transaction.connection, [row["content_id"]])

    async def shown(self, row: Row, hydrate: bool) -> dict[str, Any]:
        """``mail``: the content in base64; ``body``: its text. Both ``None`` in lists."""
        if not hydrate:
            return {"mail": None, "body": None}
        try:
            opened = await self._store.open(row["mail_box_id"], row["uid"])
        except NotFound:
            return {"mail": None, "body": None}
        return await self._blocking.run(_content, opened)

    def _prepared(self, row: Row) -> Prepared:
        found = self._waiting.get(row["trail"]) if row.get("trail") else None
        if found is None:
            raise Forbidden("A mail is made with its content: send the attribute mail in base64")
        return found


def _read(sent: object) -> Prepared:
    """The content in the attribute ``mail``, with CRLF. Blocking."""
    if isinstance(sent, bytes):
        sent = sent.decode("latin-1")
    if not isinstance(sent, str) or not sent:
        raise Invalid(fields={"mail": "is required: the whole message in base64"})
    try:
        octets = base64.b64decode(sent, validate=True)
    except (binascii.Error, ValueError):
        raise Invalid(fields={"mail": "is not base64"}) from None
    octets = octets.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return prepare(Content(len(octets), octets))


def _wanted(before: Flags, asked: Mapping[str, Any]) -> Flags:
    """Flags after ``flags`` (separated by commas or spaces), then ``seen`` and ``deleted``, if given.

    A false ``seen`` beside ``flags`` is the API's default, and takes nothing away.
    """
    flags = before
    if asked.get("flags") is not None:
        words = str(asked["flags"]).replace(",", " ").split()
        try:
            flags = canonical(word.encode("ascii") for word in words)
        except (Invalid, UnicodeEncodeError):
            raise Invalid(fields={"flags": "are not flags separated by commas"}) from None
    for name, flag in (("seen", SEEN), ("deleted", DELETED)):
        if asked.get(name) is not None and (asked[name] or not asked.get("flags")):
            flags = flags | {flag} if asked[name] else flags - {flag}
    return flags


def _content(opened: Opened) -> dict[str, Any]:
    """What hydration shows. Blocking."""
    try:
        octets = opened.read(0, opened.size)
    finally:
        opened.close()
    return {"mail": base64.b64encode(octets).decode("ascii"), "body": body_text(octets)}
