"""Promises of ``daptinmail.db.values`` and of the patterns in ``daptinmail.db.operators``."""

import math
import sqlite3
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, literal, select
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.db.operators import contains
from daptinmail.db.schema import mail_server, usergroup
from daptinmail.db.values import to_column, to_json

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
LIKELY = st.text("ab%_\\", max_size=8)


class Times(SynchronousTestCase):
    """Times go out and come back."""

    @given(st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)))  # noqa: DTZ001 - any
    def test_there_and_back(self, moment: datetime) -> None:
        """What the API shows is read back as the same millisecond."""
        stored = moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=UTC)
        self.assertEqual(to_column(mail_server.c.created_at, to_json(stored)), stored)

    def test_zones(self) -> None:
        """Other zones are understood, no zone means UTC, and what is no time is refused."""
        for text in ("2026-01-02T04:04:05+01:00", "2026-01-02T03:04:05", "2026-01-02T03:04:05Z"):
            self.assertEqual(to_json(to_column(mail_server.c.created_at, text)), "2026-01-02T03:04:05Z")
        wrongs: list[Any] = ["yesterday", 5, "0001-01-01T00:00:00+23:00", {}]
        for wrong in wrongs:
            self.assertRaises(ValueError, to_column, mail_server.c.created_at, wrong)


class Numbers(SynchronousTestCase):
    """Numbers as numbers or text."""

    def test_what_is_taken(self) -> None:
        """Whole numbers in any form that means one."""
        for value in (20, "20", 20.0, " 20 "):
            self.assertEqual(to_column(mail_server.c.max_size, value), 20)

    def test_what_is_not(self) -> None:
        """Nothing is rounded, cut or guessed."""
        wrongs: list[Any] = [True, "x", "1_0", 1.5, 2**31, -(2**31) - 1, "9" * 5000, math.nan, math.inf, [], "", None]
        for value in wrongs:
            self.assertRaises(ValueError, to_column, mail_server.c.max_size, value)


class Searching(SynchronousTestCase):
    """The text search finds a text and nothing else."""

    @given(LIKELY | TEXT, LIKELY | TEXT)
    def test_no_character_is_a_wildcard(self, text: str, part: str) -> None:
        """A row is found exactly when it has the text in it (case aside, which SQLite knows for ASCII only)."""
        column = literal(text, usergroup.c.name.type)
        engine = create_engine("sqlite://")
        with engine.connect() as connection:
            found = connection.scalar(select(contains(column, part)))  # type: ignore[arg-type] # any expression will do
        engine.dispose()
        self.assertEqual(bool(found), _fold(part) in _fold(text))


def _fold(text: str) -> str:
    """Lower case as SQLite has it."""
    connection = sqlite3.connect(":memory:")
    folded: str = connection.execute("SELECT lower(?)", (text,)).fetchone()[0]
    connection.close()
    return folded
