"""What the rows of users, user groups, mail servers and mail accounts do beyond holding columns."""

from collections.abc import Awaitable, Mapping
from typing import Any

from attrs import define, field
from sqlalchemy import delete, select, update
from twisted.logger import Logger
from zope.interface import implementer

from daptinmail.accounts.addresses import POSTMASTER, account_address
from daptinmail.accounts.fields import (
    check_email,
    check_fingerprint,
    check_hostname,
    check_interface,
    check_name,
    check_number,
    check_password,
    check_username,
)
from daptinmail.accounts.groups import BUILT_IN, USERS, administrators, join_built_in
from daptinmail.accounts.passwords import Passwords
from daptinmail.accounts.revocations import Revocations
from daptinmail.accounts.rows import scram_columns
from daptinmail.db.rules import Plain
from daptinmail.db.schema import mail_account, mail_alias, mail_app_password, mail_server, user_account
from daptinmail.errors import AlreadyExists, Conflict, DaptinmailError, Forbidden, Invalid
from daptinmail.interfaces.directory import Viewer
from daptinmail.interfaces.messages import IMessageStore
from daptinmail.interfaces.records import IRecordRules, Row
from daptinmail.interfaces.runtime import IIdentifiers
from daptinmail.interfaces.storage import ITransaction
from daptinmail.interfaces.tls import ISigningKeys, ITlsContexts
from daptinmail.mail.address import Address

log = Logger()

_STATUS = ("status", "status_message")
QUOTA = ("quota_bytes", "quota_messages")
"""Limits of an account, which its owner may not lift."""


@implementer(IRecordRules)
@define(eq=False)
class UserAccountRules(Plain):
    """Users own themselves; a change of password ends their tokens."""

    passwords: Passwords
    identifiers: IIdentifiers

    async def prepare(self, attributes: Mapping[str, Any], row: Row | None, viewer: Viewer) -> dict[str, Any]:
        """Check the fields and hash the password; an empty password in a change means none."""
        wanted = {name: value for name, value in attributes.items() if name != "auth_version"}
        if row is None or "name" in wanted:
            wanted["name"] = check_name(str(wanted.get("name") or ""))
        if row is None or "email" in wanted:
            wanted["email"] = check_email(str(wanted.get("email") or ""))
        password = str(wanted.pop("password", None) or "")
        if row is None or password:
            check_password(password)
            wanted["password"] = await self.passwords.hash(password)
        return wanted

    def created(self, transaction: ITransaction, row: Row) -> None:
        """Make the user the owner of its row and a member of ``users``."""
        own = update(user_account).where(user_account.c.id == row["id"]).values(user_account_id=row["id"])
        transaction.connection.execute(own)
        row["user_account_id"] = row["id"]
        join_built_in(transaction, self.identifiers, row["id"], USERS)

    def patching(self, transaction: ITransaction, before: Row, changes: Row) -> None:
        """Tokens made with the old password are stale from now on."""
        if "password" in changes:
            changes["auth_version"] = before["auth_version"] + 1

    def deleting(self, transaction: ITransaction, row: Row) -> None:
        """The last administrator stays: without one the server would offer itself to the next who asks."""
        if administrators(transaction.connection) == [row["id"]]:
            raise Conflict("The last administrator cannot be deleted")


@implementer(IRecordRules)
class UsergroupRules(Plain):
    """The built-in groups keep their names."""

    async def prepare(self, attributes: Mapping[str, Any], row: Row | None, viewer: Viewer) -> dict[str, Any]:
        """Check the name."""
        wanted = dict(attributes)
        if row is None or "name" in wanted:
            wanted["name"] = check_name(str(wanted.get("name") or ""))
        if row is not None and row["name"] in BUILT_IN and wanted.get("name", row["name"]) != row["name"]:
            raise Invalid(fields={"name": "a built-in group keeps its name"})
        return wanted

    def deleting(self, transaction: ITransaction, row: Row) -> None:
        """Built-in groups stay."""
        if row["name"] in BUILT_IN:
            raise Conflict("A built-in group cannot be deleted")


@implementer(IRecordRules)
@define(eq=False)
class MailServerRules(Plain):
    """Checks what listeners will need; changes wait, as ``status`` says, for a restart or sync."""

    contexts: ITlsContexts

    async def prepare(self, attributes: Mapping[str, Any], row: Row | None, viewer: Viewer) -> dict[str, Any]:
        """Check host name, interface and limits."""
        wanted = {name: value for name, value in attributes.items() if name not in _STATUS}
        if row is None or "hostname" in wanted:
            wanted["hostname"] = check_hostname(wanted.get("hostname"))
        if "listen_interface" in wanted:
            wanted["listen_interface"] = check_interface(wanted["listen_interface"])
        for name, least in (("max_size", 0), ("max_clients", 1)):
            if name in wanted:
                wanted[name] = check_number(name, wanted[name], least)
        return wanted

    def creating(self, transaction: ITransaction, row: Row) -> None:
        """Not listening yet."""
        row["status"], row["status_message"] = "pending", ""

    def patching(self, transaction: ITransaction, before: Row, changes: Row) -> None:
        """Not listening like this yet."""
        own = set(changes) & set(mail_server.c.keys()) - {"version", "updated_at", "permission", "user_account_id"}
        if any(changes[name] != before[name] for name in own):
            changes["status"], changes["status_message"] = "pending", ""

    def patched(self, transaction: ITransaction, before: Row, after: Row) -> None:
        """Accounts without a domain of their own follow the host name."""
        if before["hostname"] == after["hostname"]:
            return
        mine = (mail_account.c.mail_server_id == after["id"]) & ~mail_account.c.username.contains("@")
        transaction.connection.execute(update(mail_account).where(mine).values(address_domain=after["hostname"]))

    def deleting(self, transaction: ITransaction, row: Row) -> None:
        """Accounts would lose their server."""
        used = select(mail_account.c.id).where(mail_account.c.mail_server_id == row["id"]).limit(1)
        if transaction.connection.execute(used).first() is not None:
            raise Conflict("The mail server has accounts; delete or move them first")

    async def committed(self, change: str, row: Row) -> None:
        """A server needs a certificate before its first handshake."""
        if change != "delete":
            await logged(self.contexts.ensure(row["hostname"]), "certificate", row["hostname"])


@implementer(IRecordRules)
@define(eq=False)
class MailAccountRules(Plain):
    """Hashes passwords, works out the address, and has the store open and close the account's mailboxes."""

    passwords: Passwords
    store: IMessageStore
    signing_keys: ISigningKeys
    revocations: Revocations = field(factory=Revocations)

    async def prepare(self, attributes: Mapping[str, Any], row: Row | None, viewer: Viewer) -> dict[str, Any]:
        """Check the name; take ``password`` or ``password_md5``, both in plain text, as the new password.

        Empty ones in a change mean none: that is how they are shown.
        """
        wanted = dict(attributes)
        if row is None or "username" in wanted:
            wanted["username"] = check_username(wanted.get("username"))
        if "certificate_fingerprint" in wanted:
            wanted["certificate_fingerprint"] = check_fingerprint(wanted["certificate_fingerprint"])
        before = row or {}
        if not viewer.is_administrator and any(
            wanted.get(name, before.get(name)) != before.get(name) for name in QUOTA
        ):
            raise Forbidden("Limits are set by the administrator")
        given = [str(wanted.pop(name, None) or "") for name in ("password", "password_md5")]
        password = given[0] or given[1]
        if row is None and not password:
            raise Invalid(fields={"password": "is required"})
        if password:
            wanted["password"] = await self.passwords.hash(password)
            wanted |= scram_columns(await self.passwords.scram_keys(password))
        return wanted

    def creating(self, transaction: ITransaction, row: Row) -> None:
        """Work out the address and the directory."""
        address = self._place(transaction, row, row)
        row["directory"] = self.store.directory_for(address)

    def created(self, transaction: ITransaction, row: Row) -> None:
        """Make the mailboxes."""
        self.store.open_account_in(transaction, row["id"])

    def patching(self, transaction: ITransaction, before: Row, changes: Row) -> None:
        """A new name or server may mean a new address; the directory stays."""
        if "username" in changes or "mail_server_id" in changes:
            self._place(transaction, {**before, **changes}, changes)

    def patched(self, transaction: ITransaction, before: Row, after: Row) -> None:
        """Who is logged in with what counts no more is logged out."""
        if any(before[name] != after[name] for name in ("password", "certificate_fingerprint")):
            self.revocations.after(transaction, after["id"])

    def deleting(self, transaction: ITransaction, row: Row) -> None:
        """Remove mailboxes, messages and app passwords; end sessions."""
        self.store.close_account_in(transaction, row["id"])
        mine = mail_app_password.c.mail_account_id == row["id"]
        transaction.connection.execute(delete(mail_app_password).where(mine))
        self.revocations.after(transaction, row["id"])

    async def committed(self, change: str, row: Row) -> None:
        """The domain needs a key to sign with."""
        if change != "delete":
            await logged(self.signing_keys.ensure_domain(row["address_domain"]), "key", row["address_domain"])

    async def shown(self, row: Row, hydrate: bool) -> dict[str, Any]:
        """Clients of Daptin expect the attribute."""
        return {"password": "", "password_md5": ""}

    def _place(self, transaction: ITransaction, row: Row, changes: Row) -> Address:
        query = select(mail_server.c.hostname).where(mail_server.c.id == row.get("mail_server_id"))
        hostname = transaction.connection.execute(query).scalar_one_or_none()
        if hostname is None:
            raise Invalid(fields={"mail_server_id": "no such mail server"})
        address = account_address(row["username"], hostname)
        place = (mail_account.c.address_domain == address.domain) & (mail_account.c.address_local == address.local)
        taken = select(mail_account.c.id).where(place & (mail_account.c.id != row.get("id", -1)))
        if transaction.connection.execute(taken).first() is not None:
            raise AlreadyExists(f"An account with the address {address} exists")
        alias = (mail_alias.c.address_domain == address.domain) & (mail_alias.c.address_local == address.local)
        if address.local != POSTMASTER and transaction.connection.execute(select(mail_alias.c.id).where(alias)).first():
            raise AlreadyExists(f"An alias with the address {address} exists")
        changes["address_local"], changes["address_domain"] = address.local, address.domain
        return address


async def logged(work: Awaitable[None], what: str, name: str) -> None:
    """Wait for what follows a commit; its failure is not the request's, and is tried again at the next restart."""
    try:
        await work
    except (DaptinmailError, ValueError) as error:
        log.error("no {what} could be made for {name}: {error}", what=what, name=name, error=error)
