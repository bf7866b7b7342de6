"""What SEARCH looks into."""

import sqlalchemy as sa
from alembic import op

revision = "v0005"
down_revision = "v0004"
branch_labels = None
depends_on = None

Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXTS = ("subject", "from", "to", "cc", "bcc", "header", "mime", "body")


def upgrade() -> None:
    """Make an index that leads from a mailbox to its texts, and what a text index needs."""
    op.create_index("ix_mail_mail_box_id_content_id_uid", "mail", ["mail_box_id", "content_id", "uid"])
    op.create_table(
        "content_gone",
        sa.Column("content_id", Key, nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("content_id", name="pk_content_gone"),
    )
    op.create_table(
        "content_text",
        sa.Column("content_id", Key, nullable=False, autoincrement=False),
        *(sa.Column(name, sa.Text()) for name in TEXTS),
        sa.ForeignKeyConstraint(
            ["content_id"], ["mail_content.id"], name="fk_content_text_content_id_mail_content", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("content_id", name="pk_content_text"),
    )
    if op.get_bind().dialect.name == "postgresql":
        _make_grams()
    else:
        op.execute(
            "CREATE TRIGGER mail_content_gone AFTER DELETE ON mail_content"
            " BEGIN INSERT OR IGNORE INTO content_gone VALUES (OLD.id); END"
        )


def downgrade() -> None:
    """Data would be lost."""
    raise NotImplementedError


def _make_grams() -> None:
    """Runs of three characters, if this role may have pg_trgm; without, texts are looked at one by one."""
    connection = op.get_bind()
    try:
        with connection.begin_nested():
            connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            for name in ("header", "mime", "body"):
                connection.exec_driver_sql(
                    f"CREATE INDEX ix_content_text_{name} ON content_text USING gin ({name} gin_trgm_ops)"
                )
    except sa.exc.DBAPIError:
        return
