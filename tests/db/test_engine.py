"""Databases that cannot be opened, and what the operator is told."""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from daptinmail.db.engine import open_engine
from daptinmail.errors import ConfigurationError


class Opening(SynchronousTestCase):
    """``--database`` as an operator may get it wrong."""

    def refused(self, url: str) -> str:
        """What is said."""
        return str(self.assertRaises(ConfigurationError, open_engine, url))

    def test_no_password_is_shown(self) -> None:
        """Wherever in the URL it stands, however broken that is."""
        for url in (
            "postgresql://u:s3cret@127.0.0.1:1/db",
            "postgresql://u@127.0.0.1:1/db?password=s3cret",
            "postgresql://127.0.0.1:1/db?user=u&sslpassword=s3cret&sslmode=bogus",
            "postgresql://u@127.0.0.1:1/db?options=-c%20password%3Ds3cret",
            "postgresql://u:s3cret@127.0.0.1:port/db",
            "postgresql://u:s3cret",
            "postgresql://u:p@s3cret@127.0.0.1:1/db",
            "postgresql://u:s3/cret@127.0.0.1:1/db",
            "postgresql://[::1:s3cret/",
            "mysql://u:s3cret@127.0.0.1/db",
        ):
            said = self.refused(url)
            self.assertNotIn("s3", said)
            self.assertNotIn("cret", said)
            self.assertEqual(len(said.splitlines()), 1)

    def test_the_place_is_shown(self) -> None:
        """So that the operator sees which one is meant."""
        said = self.refused("postgresql://u:s3cret@127.0.0.1:1/db?sslmode=disable&connect_timeout=3")
        self.assertIn("postgresql://u:***@127.0.0.1:1/db?sslmode=disable:", said)
        self.assertIn("Connection refused", said)

    def test_sqlite_file_in_no_directory(self) -> None:
        """SQLite says no more than that it is unable; the path says the rest."""
        path = Path(self.mktemp()).absolute() / "no" / "db"
        self.assertIn(str(path), self.refused(f"sqlite:///{path}"))
