"""What a message's content is, apart from where it lies; names that follow flags; tombstones with their time."""

import time
from typing import Any

import sqlalchemy as sa
from alembic import op

from daptinmail.mail.header import HeaderSection
from daptinmail.mail.summary import terms_of

revision = "v0002"
down_revision = "v0001"
branch_labels = None
depends_on = None

Key = sa.BigInteger().with_variant(sa.Integer, "sqlite")

SLICE = 200
"""Messages converted at a time; each may bring a header section of a megabyte."""

KEPT = ("envelope", "parts", "body", "bodystructure", "header")
TERMS: tuple[str, ...] = (
    "sent_at",
    "sent_day",
    "is_reply",
    "message_id",
    "base_subject",
    "sort_from",
    "sort_to",
    "sort_cc",
)
TERMS += ("display_from", "display_to", "fields", "references")


def upgrade() -> None:
    """Make the tables and convert what there is."""
    _make_contents()
    _add_columns()
    op.create_table(
        "mailbox_image",
        sa.Column("mail_box_id", Key, nullable=False),
        sa.Column("modseq", sa.BigInteger(), nullable=False),
        sa.Column("packed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["mail_box_id"], ["mail_box.id"], name="fk_mailbox_image_mail_box_id_mail_box", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("mail_box_id", name="pk_mailbox_image"),
    )
    _convert(op.get_bind())
    op.drop_table("mail_metadata")
    op.create_index("ix_mail_content_mail_account_id_message_id", "mail_content", ["mail_account_id", "message_id"])
    op.create_index("ix_mail_content_id", "mail", ["content_id"])
    due = sa.text("name_due")
    op.create_index("ix_mail_name_due", "mail", ["mail_box_id"], sqlite_where=due, postgresql_where=due)


def downgrade() -> None:
    """Data would be lost."""
    raise NotImplementedError


def _make_contents() -> None:
    op.create_table(
        "mail_content",
        sa.Column("id", Key, nullable=False),
        sa.Column("mail_account_id", Key),
        sa.Column("email_id", sa.LargeBinary(16), nullable=False),
        sa.Column("thread_id", sa.LargeBinary(16), nullable=False),
        sa.Column("sent_at", sa.BigInteger()),
        sa.Column("sent_day", sa.Integer()),
        sa.Column("is_reply", sa.Boolean(), nullable=False),
        sa.Column("message_id", sa.LargeBinary(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("base_subject", "sort_from", "sort_to", "sort_cc")),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("display_from", "display_to")),
        sa.Column("fields", sa.LargeBinary(), nullable=False),
        sa.Column("references", sa.LargeBinary(), nullable=False),
        sa.Column("preview", sa.LargeBinary()),
        *(sa.Column(name, sa.LargeBinary(), nullable=False) for name in KEPT),
        sa.ForeignKeyConstraint(
            ["mail_account_id"],
            ["mail_account.id"],
            name="fk_mail_content_mail_account_id_mail_account",
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_mail_content"),
        sqlite_autoincrement=True,
    )


def _add_columns() -> None:
    """SQLite can add a column with its foreign key only in one statement."""
    kind = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    reference = "CONSTRAINT fk_mail_content_id_mail_content REFERENCES mail_content (id)"
    op.execute(f"ALTER TABLE mail ADD COLUMN content_id {kind} {reference}")
    op.add_column("mail", sa.Column("name_due", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("mail_box", sa.Column("pruned_modseq", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("tombstone", sa.Column("buried_at", sa.BigInteger(), server_default="0", nullable=False))


def _convert(connection: sa.Connection) -> None:
    """One content for each message there is. Their previews are left out: a migration opens no files."""
    # The age of the tombstones is not known: they are kept as if they were new.
    connection.execute(sa.text("UPDATE tombstone SET buried_at = :now"), {"now": time.time_ns() // 1_000_000})
    kept = ", ".join(f"d.{name}" for name in KEPT)
    some = sa.text(
        f"SELECT m.id, m.reference_id, b.mail_account_id, {kept} FROM mail m"  # noqa: S608 - names are ours
        " JOIN mail_metadata d ON d.mail_id = m.id JOIN mail_box b ON b.id = m.mail_box_id"
        " WHERE m.id > :last ORDER BY m.id LIMIT :slice"
    )
    threads: dict[tuple[int, bytes], bytes] = {}
    last = 0
    while rows := connection.execute(some, {"last": last, "slice": SLICE}).fetchall():
        for row in rows:
            _convert_one(connection, row, threads)
        last = rows[-1][0]


def _convert_one(connection: sa.Connection, row: Any, threads: dict[tuple[int, bytes], bytes]) -> None:
    """A message takes the thread of the first one it refers to; ``threads``: by account and Message-ID."""
    mail_id, reference, account, *kept = row
    values = dict(zip(KEPT, map(bytes, kept), strict=True))
    terms = terms_of(HeaderSection(values["header"]))
    values |= {name: getattr(terms, name) for name in TERMS}
    known = (threads.get((account, one)) for one in terms.references.split())
    thread = next((one for one in known if one is not None), bytes(reference))
    if terms.message_id:
        threads.setdefault((account, terms.message_id), thread)
    values |= {"mail_account_id": account, "email_id": bytes(reference), "thread_id": thread}
    content_id = connection.execute(_contents.insert().returning(_contents.c.id), values).scalar_one()
    connection.execute(_SET_CONTENT, {"content": content_id, "id": mail_id})


_contents = sa.table("mail_content", *map(sa.column, ("id", "mail_account_id", "email_id", "thread_id", *TERMS, *KEPT)))
_SET_CONTENT = sa.text("UPDATE mail SET content_id = :content WHERE id = :id")
