"""``docs/imap.md`` says what is announced."""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from daptinmail.imap.capabilities import AFTER_LOGIN, ALWAYS

PAGE = Path(__file__).parents[2] / "docs" / "imap.md"


class DocumentedTests(SynchronousTestCase):
    """The page and the table."""

    def test_each_capability(self) -> None:
        """Whoever reads the page finds every word of CAPABILITY."""
        page = PAGE.read_text("utf-8")
        missing = [word.decode() for word in (*ALWAYS, *AFTER_LOGIN) if f"`{word.decode()}`" not in page]
        self.assertEqual(missing, [])
