"""Promises of ``daptinmail.mail.basesubject`` and ``collation``."""

from unicodedata import normalize

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.mail.basesubject import BaseSubject, base_subject
from daptinmail.mail.collation import casemap

PIECES = st.lists(
    st.sampled_from(["re", "Re", "fwd", "FW", ":", " ", "[", "]", "[a]", "(fwd)", "[fwd:", "tea", "é"]), max_size=20
)


class BaseSubjectTests(SynchronousTestCase):
    """Replies and forwards have the subject of what they answer (RFC 5256 §2.1)."""

    def test_usual(self) -> None:
        """The forms that mail programs write."""
        for subject, text, is_reply in (
            ("Tea", "TEA", False),
            ("Re: Tea", "TEA", True),
            ("RE:re:  Tea ", "TEA", True),
            ("Fwd: tea", "TEA", True),
            ("fw : tea", "TEA", True),
            ("tea (fwd)", "TEA", True),
            ("tea (fwd) (FWD) ", "TEA", True),
            ("[list] tea", "TEA", False),
            ("[list] Re: [list] tea", "TEA", True),
            ("Re[2]: tea", "TEA", True),
            ("Re [2] : tea", "TEA", True),
            ("[Fwd: tea]", "TEA", True),
            ("[fwd: Re: tea]", "TEA", True),
            ("[list]", "[LIST]", False),
            ("[a] [b]", "[B]", False),
            ("Re:", "", True),
            ("", "", False),
            ("Reply: tea", "REPLY: TEA", False),
            ("tea\t at\r\n  five", "TEA AT FIVE", False),
            ("Straße", "STRAßE", False),  # RFC 5051 §2: one letter for one
        ):
            self.assertEqual(base_subject(subject), BaseSubject(text, is_reply), subject)

    @given(st.one_of(st.text(), PIECES.map("".join)))
    def test_any_text(self, subject: str) -> None:
        """Every text has a base, and the base of a base is itself, unless a character hides blanks or brackets."""
        base = base_subject(normalize("NFKD", subject)).text
        self.assertEqual(base_subject(base).text, base)

    @given(st.one_of(st.text(alphabet="abc xyz:[]", max_size=100), PIECES.map("".join)))
    def test_a_reply_has_the_same_base(self, subject: str) -> None:
        """However often it is answered or forwarded."""
        base = base_subject(subject).text
        self.assertEqual(base_subject(f"Re: {subject}"), BaseSubject(base, True))

    def test_many_lists(self) -> None:
        """A subject of nothing but brackets is read in no time."""
        self.assertFalse(base_subject("[a]" * 100_000).is_reply)

    @given(st.text())
    def test_case_does_not_count(self, one: str) -> None:
        """What is mapped once stays as it is."""
        self.assertEqual(casemap(casemap(one)), casemap(one))
