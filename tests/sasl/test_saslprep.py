"""Names and passwords in one form."""

import unicodedata

from hypothesis import given
from hypothesis.strategies import text
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.sasl.saslprep import saslprep


class SaslprepTests(SynchronousTestCase):
    """RFC 4013."""

    def test_examples(self) -> None:
        """The examples of RFC 4013 §3."""
        for given_text, prepared in (
            ("I\u00adX", "IX"),
            ("user", "user"),
            ("USER", "USER"),
            ("\u00aa", "a"),
            ("\u2168", "IX"),
        ):
            self.assertEqual(saslprep(given_text, stored=True), prepared)
        for refused in ("\u0007", "\u0627\u0031"):
            self.assertRaises(ValueError, saslprep, refused, stored=True)

    def test_more(self) -> None:
        """Other spaces become spaces; right-to-left text is taken whole or not at all."""
        self.assertEqual(saslprep("a\u00a0b\u3000c", stored=True), "a b c")
        self.assertEqual(saslprep("\u06271\u0628", stored=True), "\u06271\u0628")
        for refused in ("\u0627a\u0628", "\u0627\u0628a", "\ufffd", "\ue000", "\U000e0001", "\u200e", "\u2ff0"):
            self.assertRaises(ValueError, saslprep, refused, stored=True)

    def test_unassigned(self) -> None:
        """Characters that Unicode 3.2 does not know may be asked for and may not be kept (RFC 3454 §7)."""
        self.assertEqual(saslprep("\u0221", stored=False), "\u0221")
        self.assertRaises(ValueError, saslprep, "\u0221", stored=True)

    @given(text(max_size=30))
    def test_once_is_enough(self, string: str) -> None:
        """What is prepared is its own prepared form; nothing but ValueError is ever raised."""
        try:
            prepared = saslprep(string, stored=False)
            again = saslprep(prepared, stored=False)
        except ValueError:
            return
        self.assertEqual(again, prepared)
        self.assertEqual(unicodedata.ucd_3_2_0.normalize("NFKC", prepared), prepared)
