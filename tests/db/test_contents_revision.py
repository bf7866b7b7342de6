"""Promises of the revision that gives contents rows of their own."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.db.engine import open_engine
from daptinmail.db.migrate import migrate
from tests.support.postgresql import postgresql_server

STANDARD = "created_at, reference_id"
MAIL = (
    "message_id, mail_id, from_address, internal_date, to_address, reply_to_address, sender_address, subject,"
    " content_type, recipient, has_attachment, ip_addr, return_path, is_tls, seen, recent, deleted, spam_score, spam,"
    " hash, size, flags, uid, mail_box_id, modseq, saved_at, file_name"
)


def upgrade_to(engine: Engine, revision: str) -> None:
    """Migrate no further than a revision."""
    config = Config()
    config.set_main_option("script_location", "daptinmail.db:migrations")
    config.set_main_option("path_separator", "os")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


class Converting(SynchronousTestCase):
    """Messages that were there before keep what was known of them."""

    def open(self) -> Engine:
        """An empty database."""
        return open_engine(f"sqlite:///{Path(self.mktemp()).absolute()}")

    def setUp(self) -> None:
        self.engine = self.open()
        self.addCleanup(self.engine.dispose)
        upgrade_to(self.engine, "v0001")

    def run_sql(self, statement: str, values: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
        """Run a statement with ``?`` for values."""
        if self.engine.dialect.paramstyle != "qmark":
            statement = statement.replace("?", "%s")
        with self.engine.begin() as connection:
            done = connection.exec_driver_sql(statement, values)
            return [tuple(row) for row in done] if done.returns_rows else []

    def test_contents(self) -> None:
        """Headers are read again: ids, threads, dates; what was ready to send stays so."""
        self.run_sql(
            f"INSERT INTO mail_server ({STANDARD}, hostname, is_enabled, listen_interface, max_size, max_clients,"
            " xclient_on, always_on_tls, authentication_required, status, status_message)"
            " VALUES (0, ?, 'x', false, '', 1, 1, false, false, false, '', '')",
            (b"s" * 16,),
        )
        self.run_sql(
            f"INSERT INTO mail_account ({STANDARD}, username, password, mail_server_id, address_local, address_domain,"
            " directory) VALUES (0, ?, 'a', '', 1, 'a', 'x', 'd')",
            (b"a" * 16,),
        )
        self.run_sql(
            f"INSERT INTO mail_box ({STANDARD}, name, subscribed, uidvalidity, nextuid, attributes, flags,"
            " permanent_flags, mail_account_id, highestmodseq, first_recent_uid, directory)"
            " VALUES (0, ?, 'INBOX', true, 1, 3, '', '', '', 1, 3, 1, '')",
            (b"b" * 16,),
        )
        headers = (b"Message-ID: <1@x>\r\nSubject: Re: Tea\r\n\r\n", b"References: <1@x>\r\n\r\n")
        for number, header in enumerate(headers, 1):
            self.run_sql(
                f"INSERT INTO mail ({STANDARD}, {MAIL}) VALUES (0, ?, '', '', '', 0, '', '', '', '', '', '', false, '',"
                " '', false, false, true, false, 0, false, '', 5, '', ?, 1, ?, 0, 'f')",
                (bytes([number]) * 16, number, number),
            )
            kept = (number, b"env", b"body", b"structure", header, b"parts")
            self.run_sql("INSERT INTO mail_metadata VALUES (?, ?, ?, ?, ?, ?)", kept)
        self.run_sql("INSERT INTO tombstone VALUES (1, 9, 3)")
        migrate(self.engine)
        found = self.run_sql(
            "SELECT m.uid, c.email_id, c.thread_id, c.base_subject, c.message_id, c.header, c.envelope, c.preview"
            " FROM mail m JOIN mail_content c ON c.id = m.content_id ORDER BY m.uid"
        )
        one, two = b"\x01" * 16, b"\x02" * 16
        self.assertEqual(
            found,
            [
                (1, one, one, "TEA", b"1@x", headers[0], b"env", None),
                (2, two, one, "", b"", headers[1], b"env", None),
            ],
        )
        self.assertEqual(self.run_sql("SELECT count(*) FROM tombstone WHERE buried_at > 0"), [(1,)])
        self.assertEqual(self.run_sql("SELECT count(*) FROM mail WHERE name_due"), [(0,)])


class ConvertingOnPostgresql(Converting):
    """The same there."""

    def open(self) -> Engine:
        return open_engine(postgresql_server().database())
