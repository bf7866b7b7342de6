"""What ``mail_app_password`` rows do beyond holding columns."""

import os
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from attrs import define, field
from sqlalchemy import func, select
from zope.interface import implementer

from daptinmail.accounts.app_passwords import AppPasswords, canonical_secret, new_secret
from daptinmail.accounts.fields import check_name, check_protocols
from daptinmail.accounts.revocations import Revocations
from daptinmail.db.rules import Plain
from daptinmail.db.schema import mail_app_password
from daptinmail.db.values import to_column
from daptinmail.errors import Conflict, Invalid
from daptinmail.interfaces.directory import Viewer
from daptinmail.interfaces.records import IRecordRules, Row
from daptinmail.interfaces.storage import ITransaction

MAX_OF_ACCOUNT = 100
UNSHOWN = 1000
"""Secrets of rows that are being made."""


@implementer(IRecordRules)
@define(eq=False)
class AppPasswordRules(Plain):
    """The server makes the secret and shows it once; what counts no more ends the account's sessions."""

    app_passwords: AppPasswords
    revocations: Revocations
    random: Callable[[int], bytes] = os.urandom
    _fresh: OrderedDict[str, str] = field(init=False, repr=False, factory=OrderedDict)

    async def prepare(self, attributes: Mapping[str, Any], row: Row | None, viewer: Viewer) -> dict[str, Any]:
        """Check the fields; for a new row, make the secret. One that is sent is ignored."""
        wanted = {name: value for name, value in attributes.items() if name not in {"password", "digest"}}
        if row is None or "name" in wanted:
            wanted["name"] = check_name(str(wanted.get("name") or ""))
        if "protocols" in wanted:
            wanted["protocols"] = check_protocols(wanted["protocols"])
        if wanted.get("expires_at"):
            self._check_end(wanted["expires_at"])
        if row is None:
            wanted["digest"] = await self._make_secret()
        return wanted

    def creating(self, transaction: ITransaction, row: Row) -> None:
        """Not too many of one account."""
        mine = mail_app_password.c.mail_account_id == row["mail_account_id"]
        count = transaction.connection.scalar(select(func.count()).select_from(mail_app_password).where(mine))
        if (count or 0) >= MAX_OF_ACCOUNT:
            raise Conflict(f"The account has {MAX_OF_ACCOUNT} app passwords")

    def patching(self, transaction: ITransaction, before: Row, changes: Row) -> None:
        """A secret never opens another account than the one that it was made for."""
        if changes.get("mail_account_id", before["mail_account_id"]) != before["mail_account_id"]:
            raise Invalid(fields={"mail_account_id": "cannot be changed; make another app password"})

    def patched(self, transaction: ITransaction, before: Row, after: Row) -> None:
        """One that may do less may have been used for more."""
        if any(before[name] != after[name] for name in ("protocols", "expires_at")):
            self.revocations.after(transaction, after["mail_account_id"])

    def deleting(self, transaction: ITransaction, row: Row) -> None:
        """Revoked at once."""
        self.revocations.after(transaction, row["mail_account_id"])

    async def committed(self, change: str, row: Row) -> None:
        """Give the secret to the row that is about to be shown to who made it; no other copy of the row has it."""
        if change == "create":
            row["password"] = self._fresh.pop(row["digest"], "")

    async def shown(self, row: Row, hydrate: bool) -> dict[str, Any]:
        """The secret, if the row has just been made."""
        return {"password": row.get("password", "")}

    async def _make_secret(self) -> str:
        secret = new_secret(self.random)
        digest = await self.app_passwords.digest(canonical_secret(secret) or "")
        self._fresh[digest] = secret
        if len(self._fresh) > UNSHOWN:  # of requests that failed
            self._fresh.popitem(last=False)
        return digest

    def _check_end(self, value: Any) -> None:
        try:
            end: datetime = to_column(mail_app_password.c.expires_at, value)
        except ValueError:
            return  # told with the other columns
        if end <= self.app_passwords.clock.now():
            raise Invalid(fields={"expires_at": "must be in the future"})
