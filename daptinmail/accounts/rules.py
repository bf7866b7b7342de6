"""What the rows of users and user groups do beyond holding columns."""

from collections.abc import Mapping
from typing import Any

from attrs import define
from sqlalchemy import delete, update
from zope.interface import implementer

from daptinmail.accounts.fields import check_email, check_name, check_password
from daptinmail.accounts.groups import BUILT_IN, USERS, administrators, join_built_in
from daptinmail.accounts.passwords import Passwords
from daptinmail.db.rules import Plain
from daptinmail.db.schema import record_usergroup, user_account
from daptinmail.errors import Conflict, Invalid
from daptinmail.interfaces.directory import Viewer
from daptinmail.interfaces.records import IRecordRules, Row
from daptinmail.interfaces.runtime import IIdentifiers
from daptinmail.interfaces.storage import ITransaction


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
        """Make him his own owner and a member of ``users``."""
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
        mine = (record_usergroup.c.kind == user_account.name) & (record_usergroup.c.record_id == row["id"])
        transaction.connection.execute(delete(record_usergroup).where(mine))


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
