"""Rows of ``mail_content`` in the storage thread: made with a message, shared by its copies, gone with the last."""

from collections.abc import Sequence

from attrs import define
from sqlalchemy import Connection

from daptinmail.db.schema import mail_content
from daptinmail.interfaces.runtime import IIdentifiers
from daptinmail.mail.summary import Summary
from daptinmail.store.mailrow import content_values
from daptinmail.store.statements import MAX_LISTED, RawInsert, execute, rows

MAX_PARENTS = 20
"""Ids referred to that are looked for: the latest, and the first."""

_INSERT = RawInsert.of(mail_content, {"id"}, "id")


@define(eq=False)
class Contents:
    """Keeps what is known of contents."""

    identifiers: IIdentifiers

    def add(self, connection: Connection, account_id: int, summary: Summary) -> int:
        """Keep a summary; the id of its row."""
        email_id = self.identifiers.uuid7().bytes
        thread_id = thread_of(connection, account_id, summary.terms.references) or email_id
        added: int = _INSERT.execute(connection, content_values(summary, account_id, email_id, thread_id))
        return added


def thread_of(connection: Connection, account_id: int, references: bytes) -> bytes | None:
    """The thread of the first message of an account whose Message-ID is among ``references``."""
    if not references:
        return None
    ids = references.split(b" ")
    if len(ids) > MAX_PARENTS:
        ids = [ids[0], *ids[1 - MAX_PARENTS :]]
    marks = ", ".join("?" * len(ids))
    statement = (
        f"SELECT thread_id FROM mail_content WHERE mail_account_id = ? AND message_id IN ({marks}) ORDER BY id LIMIT 1"  # noqa: S608 - marks only
    )
    found = rows(connection, statement, (account_id, *ids))
    return bytes(found[0][0]) if found else None


def drop_unused(connection: Connection, content_ids: Sequence[int]) -> None:
    """Forget those contents that no message has any more."""
    for start in range(0, len(content_ids), MAX_LISTED):
        some = content_ids[start : start + MAX_LISTED]
        marks = ", ".join("?" * len(some))
        statement = (
            f"DELETE FROM mail_content WHERE id IN ({marks})"  # noqa: S608 - marks only
            " AND NOT EXISTS (SELECT 1 FROM mail WHERE mail.content_id = mail_content.id)"
        )
        execute(connection, statement, some)
