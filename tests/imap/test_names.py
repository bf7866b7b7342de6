"""Mailbox names on the wire, and patterns."""

import re
from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.errors import Malformed
from daptinmail.imap.answers import Declined
from daptinmail.imap.names import decode_as_sent, decode_name, encode_name, matches, normal_name
from tests.support.cost import lines_of

NAMES = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=40)


class ModifiedUtf7Tests(SynchronousTestCase):
    """RFC 3501 §5.1.3."""

    def test_examples(self) -> None:
        """The example of the RFC, and the ampersand."""
        self.assertEqual(decode_name(b"~peter/mail/&U,BTFw-/&ZeVnLIqe-"), "~peter/mail/\u53f0\u5317/\u65e5\u672c\u8a9e")
        self.assertEqual(decode_name(b"a&-b"), "a&b")
        self.assertEqual(encode_name("a&b"), b"a&-b")

    @settings(deadline=None)
    @given(NAMES)
    def test_round_trip(self, name: str) -> None:
        """Every name comes back."""
        self.assertEqual(decode_name(encode_name(name)), normal_name(name))

    @settings(deadline=None)
    @given(st.binary(max_size=30))
    def test_any_octets(self, wire: bytes) -> None:
        """Any octets are a name in its one spelling, or ``Malformed``."""
        try:
            name = decode_as_sent(wire, utf8=False)
        except Malformed:
            return
        self.assertEqual(encode_name(name) if wire.isascii() else name.encode(), wire)
        self.assertEqual(decode_name(wire), normal_name(name))

    def test_not_canonical(self) -> None:
        """Shifted ASCII, open shifts, what is no UTF-8 and lone surrogates are refused."""
        for wire in (b"&AGE-", b"&", b"&AAA", b"a&b", b"\xe9", b"&2AA-", b"&====-"):
            with self.assertRaises(Malformed):
                decode_name(wire)
        with self.assertRaises(Declined):
            decode_name(b"x" * 2000)

    def test_utf8_unasked(self) -> None:
        """A name with 8-bit octets can only be UTF-8 (RFC 9755 §3)."""
        self.assertEqual(decode_name("Käse &AOQ-".encode()), "Käse &AOQ-")

    def test_utf8(self) -> None:
        """Names in UTF-8 are what they are; an ampersand is one; what is no UTF-8 is refused (RFC 9051 §5.1)."""
        self.assertEqual(decode_name("Entwürfe & mehr".encode(), utf8=True), "Entwürfe & mehr")
        for wire in (b"\xff", b"\xed\xa0\x80", b"\xc0\xaf"):
            with self.assertRaises(Malformed):
                decode_name(wire, utf8=True)

    def test_one_spelling(self) -> None:
        """Composed and decomposed letters are the same name."""
        self.assertEqual(decode_name(b"e&AwE-"), decode_name(b"&AOk-"))

    def test_inbox(self) -> None:
        """INBOX has no case, also as the first level."""
        self.assertEqual(decode_name(b"iNbOx"), "INBOX")
        self.assertEqual(decode_name(b"inbox/Sub"), "INBOX/Sub")
        self.assertEqual(decode_name(b"inboxes"), "inboxes")


class PatternTests(SynchronousTestCase):
    """LIST patterns."""

    @settings(deadline=None)
    @given(st.text("ab/*%", max_size=12), st.text("ab/", max_size=12))
    def test_like_a_regular_expression(self, pattern: str, name: str) -> None:
        """Matches exactly what the regular expression would."""
        expression = "".join({"*": ".*", "%": "[^/]*"}.get(symbol, re.escape(symbol)) for symbol in pattern)
        self.assertEqual(matches(pattern, name), re.fullmatch(expression, name) is not None)

    def test_many_wildcards(self) -> None:
        """A pattern made to be slow is not: twice the pattern is twice the work."""
        once, twice = (lines_of(partial(matches, "*a%" * times + "b", "a" * 1000)) for times in (165, 330))
        self.assertFalse(matches("*a%" * 330 + "b", "a" * 1000))
        self.assertLess(twice, 3 * once)
