"""``mail_account`` rows as accounts, and by what a login finds them."""

from typing import Any

from attrs import field, frozen
from sqlalchemy import Connection, Row, Select, select

from daptinmail.db.schema import mail_account, mail_server
from daptinmail.interfaces.credentials import ScramKeys
from daptinmail.interfaces.directory import Account
from daptinmail.mail.address import Address
from daptinmail.sasl.keys import from_text, to_text

MAX_USERNAME = 320
"""Characters; longer names cannot exist and are not looked up."""

NOBODY = 0
"""The id of no account."""

ACCOUNTS: Select[Any] = select(
    mail_account.c.id,
    mail_account.c.reference_id,
    mail_account.c.username,
    mail_account.c.address_local,
    mail_account.c.address_domain,
    mail_account.c.mail_server_id,
    mail_account.c.version,
    mail_account.c.password,
    mail_account.c.scram_sha256,
    mail_account.c.scram_sha1,
    mail_account.c.certificate_fingerprint,
    mail_account.c.user_account_id,
    mail_account.c.quota_bytes,
    mail_account.c.quota_messages,
    mail_server.c.hostname,
).join(mail_server, mail_account.c.mail_server_id == mail_server.c.id)

_SCRAM = {"sha256": "scram_sha256", "sha1": "scram_sha1"}


@frozen
class LoginRow:
    """An account with what proves it: hash and keys of its password, and the version of its row."""

    account: Account
    version: int
    stored: str = field(repr=False)
    scram: dict[str, str | None] = field(repr=False)

    def keys(self, digest: str) -> ScramKeys | None:
        """The SCRAM keys, if there are any."""
        text = self.scram[digest]
        return from_text(text, digest) if text else None


def account_of(row: Row[Any]) -> Account:
    """The account of a row of ``ACCOUNTS``."""
    return Account(
        id=row.id,
        reference=row.reference_id,
        username=row.username,
        address=Address(row.address_local, row.address_domain),
        server_id=row.mail_server_id,
        server_hostname=row.hostname,
        limited=row.quota_bytes is not None or row.quota_messages is not None,
    )


def can_exist(username: str) -> bool:
    """False for names that no database needs to be asked for; PostgreSQL takes no NUL."""
    return len(username) <= MAX_USERNAME and "\0" not in username


def find_login(connection: Connection, username: str) -> LoginRow | None:
    """By user name; case counts."""
    if not can_exist(username):
        return None
    row = connection.execute(ACCOUNTS.where(mail_account.c.username == username)).one_or_none()
    # A collation that ignores case must not let another name in.
    if row is None or row.username != username:
        return None
    scram = {digest: getattr(row, column) for digest, column in _SCRAM.items()}
    return LoginRow(account_of(row), row.version, row.password, scram)


def scram_columns(keys: tuple[ScramKeys, ...]) -> dict[str, str | None]:
    """The columns of a row that hold SCRAM keys; those without keys become empty."""
    return dict.fromkeys(_SCRAM.values()) | {_SCRAM[one.digest]: to_text(one) for one in keys}
