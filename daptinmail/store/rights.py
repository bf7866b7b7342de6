"""``IMailboxRights``: access control lists in the database (RFC 4314)."""

from functools import partial
from typing import Any

from attrs import define, evolve, field, frozen
from sqlalchemy import Connection, bindparam, delete, insert, or_, select
from zope.interface import implementer

from daptinmail.db.schema import mail_account, mail_box, mailbox_right
from daptinmail.errors import Invalid, NotFound
from daptinmail.interfaces.sharing import (
    ALL,
    ANYONE,
    NONE,
    OTHER_USERS,
    RIGHTS,
    Grant,
    GrantMode,
    IMailboxRights,
    Located,
    Place,
    Rights,
)
from daptinmail.interfaces.storage import IStorage, ITransaction
from daptinmail.store.listeners import Listeners
from daptinmail.store.lookups import Lookups
from daptinmail.store.names import DELIMITER, in_order, normal_name, parents
from daptinmail.store.rows import FOLDERS, Folder, folder_by_id, folder_by_name, folder_of
from daptinmail.store.views import named

MAX_GRANTS = 200
"""Entries in one access control list."""

_account = mail_account.c
_right = mailbox_right.c
_LOGIN = select(_account.id, _account.username, _account.address_domain)
_GRANTS = (
    select(_right.identifier, _right.negative, _right.rights, _account.username)
    .join_from(mailbox_right, mail_account, _account.id == _right.mail_account_id, isouter=True)
    .where(_right.mail_box_id == bindparam("mailbox_id"))
)
_SHARED = (
    FOLDERS.add_columns(_account.username, _right.negative, _right.rights)
    .join_from(mail_box, mailbox_right, _right.mail_box_id == mail_box.c.id)
    .where(
        or_(
            _right.identifier.in_(ANYONE) & (_account.address_domain == bindparam("domain")),
            _right.mail_account_id == bindparam("asker"),
        )
    )
    .where(_account.id != bindparam("asker"))
)
_COPY = insert(mailbox_right).from_select(
    ["mail_box_id", "identifier", "negative", "mail_account_id", "rights"],
    select(
        bindparam("child_id", type_=_right.mail_box_id.type),
        _right.identifier,
        _right.negative,
        _right.mail_account_id,
        _right.rights,
    ).where(_right.mail_box_id == bindparam("parent_id")),
)


@frozen
class _Login:
    """An account as a name in an access control list."""

    id: int
    username: str
    domain: str


@implementer(IMailboxRights)
@define(eq=False)
class MailboxRights:
    """Reads in reader threads, changes in the storage thread."""

    storage: IStorage
    listeners: Listeners
    lookups: Lookups = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.lookups = Lookups(self.storage)
        self.listeners.renamed = self.lookups.forget

    async def find(self, account_id: int, name: str) -> Located:
        """The mailbox that the account calls ``name``: without a look at the database while its own names stay."""
        known = self.lookups.get(account_id, name)
        if known is not None:
            return known
        age = self.lookups.age
        found = await self.storage.read(lambda connection: locate(connection, account_id, name))
        self.lookups.keep(age, account_id, name, found)
        return found

    async def place(self, account_id: int, name: str) -> Place:
        """Where a mailbox would be made."""
        return await self.storage.read(lambda connection: _place(connection, account_id, name))

    async def shared(self, account_id: int) -> list[Located]:
        """Mailboxes of others that may be looked up."""
        return await self.storage.read(lambda connection: _shared(connection, account_id))

    async def grants(self, mailbox_id: int) -> list[Grant]:
        """One list."""
        return await self.storage.read(lambda connection: _grants(connection, mailbox_id))

    async def grant(self, mailbox_id: int, grant: Grant, mode: GrantMode) -> None:
        """Change one entry."""
        await self.storage.write(lambda transaction: self._change(transaction, mailbox_id, grant, mode))

    async def revoke(self, mailbox_id: int, identifier: str, negative: bool) -> None:
        """Take an entry away."""
        nothing = Grant(identifier, NONE, negative)
        await self.storage.write(lambda transaction: self._change(transaction, mailbox_id, nothing, GrantMode.REPLACE))

    def _change(self, transaction: ITransaction, mailbox_id: int, grant: Grant, mode: GrantMode) -> None:
        """Change one entry, and tell whoever may see the mailbox now, or no more."""
        grantee = _change(transaction, mailbox_id, grant, mode)
        transaction.after_commit(partial(self.listeners.shared, mailbox_id, grantee))


def inherit(connection: Connection, parent_id: int, child_id: int) -> None:
    """Give a new mailbox the list of the one above it."""
    connection.execute(_COPY, {"child_id": child_id, "parent_id": parent_id})


def locate(connection: Connection, account_id: int, name: str) -> Located:
    """The mailbox that the account calls ``name``. Raises ``NotFound``."""
    try:
        folder = named(connection, account_id, name)
    except NotFound:
        owner, inner = _split(connection, account_id, name)
        folder = named(connection, owner.id, inner)
        if owner.id == account_id:
            return Located(folder.mailbox, folder.mailbox.name)
        rights = _rights(connection, folder, account_id)
        if not rights:
            raise
        return Located(folder.mailbox, _outer(owner.username, folder.mailbox.name), rights, own=False)
    return Located(folder.mailbox, folder.mailbox.name)


def _place(connection: Connection, account_id: int, name: str) -> Place:
    if not name.startswith(OTHER_USERS):
        return Place(account_id, name)
    owner, inner = _split(connection, account_id, name)
    if owner.id == account_id:
        return Place(account_id, inner)
    for parent in reversed(parents(normal_name(inner))):
        folder = folder_by_name(connection, owner.id, parent)
        if folder is not None:
            rights = _rights(connection, folder, account_id)
            if not rights:
                break
            return Place(owner.id, inner, rights, own=False)
    raise NotFound("No such mailbox")


def _shared(connection: Connection, account_id: int) -> list[Located]:
    asker = _login(connection, account_id)
    found: dict[int, Located] = {}
    taken: dict[int, Rights] = {}
    for row in connection.execute(_SHARED, {"asker": account_id, "domain": asker.domain}):
        *columns, username, negative, letters = row
        if DELIMITER in username:
            continue
        folder = folder_of(columns)
        known = found.get(folder.id) or Located(folder.mailbox, _outer(username, folder.mailbox.name), NONE, own=False)
        if negative:
            taken[folder.id] = taken.get(folder.id, NONE) | frozenset(letters)
        else:
            known = evolve(known, rights=known.rights | frozenset(letters))
        found[folder.id] = known
    left = [evolve(one, rights=one.rights - taken.get(key, NONE)) for key, one in found.items()]
    return sorted((one for one in left if "l" in one.rights), key=lambda one: in_order(one.name))


def _rights(connection: Connection, folder: Folder, account_id: int) -> Rights:
    """What an account may do with a mailbox: all that it is given, less what is taken away."""
    if folder.mailbox.account_id == account_id:
        return ALL
    asker, owner = _login(connection, account_id), _login(connection, folder.mailbox.account_id)
    mine = {str(account_id), *(ANYONE if asker.domain == owner.domain else ())}
    given, taken = NONE, NONE
    for identifier, negative, letters, _ in connection.execute(_GRANTS, {"mailbox_id": folder.id}):
        if identifier not in mine:
            continue
        if negative:
            taken |= frozenset(letters)
        else:
            given |= frozenset(letters)
    return given - taken


def _grants(connection: Connection, mailbox_id: int) -> list[Grant]:
    folder_by_id(connection, mailbox_id)
    rows = connection.execute(_GRANTS, {"mailbox_id": mailbox_id})
    found = [Grant(row.username or row.identifier, frozenset(row.rights), bool(row.negative)) for row in rows]
    return sorted(found, key=lambda grant: (grant.identifier, grant.negative))


def _change(transaction: ITransaction, mailbox_id: int, grant: Grant, mode: GrantMode) -> int | None:
    """Change one entry; the account it is about, ``None`` for many."""
    connection = transaction.connection
    folder = folder_by_id(connection, mailbox_id)
    key = _key(connection, folder, grant)
    if key is None:
        if grant.rights:
            raise Invalid(fields={"identifier": "names nobody who could be given rights"})
        return folder.mailbox.account_id
    identifier, grantee = key
    here = (_right.mail_box_id == mailbox_id) & (_right.identifier == identifier) & (_right.negative == grant.negative)
    before = frozenset(connection.execute(select(_right.rights).where(here)).scalar() or "")
    after = {
        GrantMode.REPLACE: grant.rights,
        GrantMode.ADD: before | grant.rights,
        GrantMode.REMOVE: before - grant.rights,
    }[mode]
    connection.execute(delete(mailbox_right).where(here))
    if not after:
        return grantee
    if len(connection.execute(_GRANTS, {"mailbox_id": mailbox_id}).fetchall()) >= MAX_GRANTS:
        raise Invalid(fields={"identifier": f"a mailbox has at most {MAX_GRANTS} entries"})
    values: dict[str, Any] = {
        "mail_box_id": mailbox_id,
        "identifier": identifier,
        "negative": grant.negative,
        "mail_account_id": grantee,
        "rights": "".join(letter for letter in RIGHTS if letter in after),
    }
    connection.execute(insert(mailbox_right), values)
    return grantee


def _key(connection: Connection, folder: Folder, grant: Grant) -> tuple[str, int | None] | None:
    """How an identifier is stored: accounts by number, so that rights never pass to another of the same name."""
    if grant.identifier in ANYONE:
        return grant.identifier, None
    account = _by_name(connection, grant.identifier)
    if account is None or account.id == folder.mailbox.account_id:
        return None
    return str(account.id), account.id


def _split(connection: Connection, account_id: int, name: str) -> tuple[_Login, str]:
    """``Other Users/<login>/<name>`` -> the login's account and the name in its tree. Raises ``NotFound``."""
    login, delimiter, inner = name.removeprefix(OTHER_USERS).partition(DELIMITER)
    owner = _by_name(connection, login) if name.startswith(OTHER_USERS) and delimiter and inner else None
    if owner is None:
        raise NotFound("No such mailbox")
    return owner, inner


def _outer(login: str, name: str) -> str:
    return f"{OTHER_USERS}{login}{DELIMITER}{name}"


def _by_name(connection: Connection, username: str) -> _Login | None:
    row = connection.execute(_LOGIN.where(_account.username == username)).first()
    return _Login(*row) if row is not None and row.username == username else None


def _login(connection: Connection, account_id: int) -> _Login:
    row = connection.execute(_LOGIN.where(_account.id == account_id)).first()
    if row is None:
        raise NotFound("No such account")
    return _Login(*row)
