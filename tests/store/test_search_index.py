"""SEARCH's finds with the text index, and what becomes of the index in accidents."""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.store.search_case import SqliteCase


class SqliteFinds(SqliteCase, SynchronousTestCase):
    """``MessageStore.find`` over ``SqliteTextIndex``."""

    def setUp(self) -> None:
        self.begin(Path(self.mktemp()).absolute())
