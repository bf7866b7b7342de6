"""The text that SEARCH looks into, and that the index finds what a look at every text finds."""

import base64
import quopri
import sqlite3
from array import array
from contextlib import closing
from email.header import Header
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.interfaces.search import BodyContains, HeaderContains, SearchText, TextContains, TextCriterion, Unread
from daptinmail.mail.header import header_end
from daptinmail.mail.structure import pack_parts, parse_structure, unpack_parts
from daptinmail.store.text import MAX_TEXT, fold, head_of, header_lines, holds, line_holds, search_text
from daptinmail.store.text_file import TextFile
from daptinmail.store.text_html import visible_text

LETTERS = "abcdeIiİ\u0131ßẞΣ\u03c3ςéÉüÜ ñ漢字🙂ﬁǅ"
SENTENCES = st.text(LETTERS, min_size=1, max_size=40).map(lambda text: " ".join(text.split())).filter(bool)
CHARSETS = st.sampled_from(["utf-8", "utf-16", "iso-8859-1", "iso-8859-9", "gb18030"])
NEEDLES = st.one_of(st.text("ab%_*\"' ", max_size=5), st.text("abIiİßΣς", max_size=4), st.text("ab", max_size=9))


def text_of(content: bytes) -> SearchText:
    """All text of a content."""
    parts = unpack_parts(pack_parts(parse_structure(content)))
    return search_text(content[: header_end(content)], parts, lambda offset, size: content[offset : offset + size])


def encoded(text: str, charset: str, encoding: str) -> bytes:
    """A text part."""
    octets = text.encode(charset)
    coded = {"base64": base64.encodebytes, "quoted-printable": quopri.encodestring}.get(encoding, bytes)(octets)
    fields = f"Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return fields.encode() + coded.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


class FoldingTests(SynchronousTestCase):
    """Text without case."""

    def same(self, *texts: str) -> None:
        """Assert that they are all the same."""
        self.assertEqual(len({fold(text) for text in texts}), 1, texts)

    def test_letters(self) -> None:
        """Letters that differ in case are the same in German, Greek and with marks, however they are composed."""
        self.same("STRASSE", "straße", "STRAẞE")
        self.same("ΟΔΟΣ", "οδος", "οδοσ")
        self.same("É", "é", "e\u0301", "E\u0301")
        self.same("İ", "i\u0307")
        self.same("ﬁ", "fi", "FI")
        self.assertNotEqual(fold("I"), fold("\u0131"))
        self.assertNotEqual(fold("e"), fold("é"))

    @given(st.text())
    def test_any_text(self, text: str) -> None:
        """Whatever is folded is UTF-8 and stays as it is when it is folded again."""
        fold(text).encode("utf-8")
        self.assertEqual(fold(fold(text)), fold(text))


class TextTests(SynchronousTestCase):
    """Reading a content."""

    @given(SENTENCES, st.sampled_from(["utf-8", "iso-2022-jp", "gb18030"]), st.integers(30, 78))
    def test_encoded_words(self, text: str, charset: str, width: int) -> None:
        """A subject is found as it was written, in whatever encoded words it came."""
        try:
            value = Header(text, charset, maxlinelen=width).encode(linesep="\r\n")
        except UnicodeEncodeError:
            return
        found = text_of(f"Subject: {value}\r\n\r\n".encode())
        self.assertTrue(line_holds(found.header, "subject", fold(text)), (value, found.header))

    @given(st.lists(st.tuples(SENTENCES, CHARSETS, st.sampled_from(["base64", "quoted-printable"])), max_size=4))
    def test_parts(self, parts: list[tuple[str, str, str]]) -> None:
        """Every text is found in whatever charset and encoding it came, also inside messages inside."""
        inside, wanted = b"Subject: x\r\nContent-Type: multipart/mixed; boundary=cut\r\n\r\n", []
        for text, charset, encoding in parts:
            try:
                inside += b"--cut\r\n" + encoded(text, charset, encoding) + b"\r\n"
            except UnicodeEncodeError:
                continue
            wanted.append(text)
        inside += b"--cut--\r\n"
        digest = b"Subject: y\r\nContent-Type: multipart/digest; boundary=out\r\n\r\n--out\r\n\r\n"
        forwarded = digest + inside + b"\r\n--out--\r\n"
        for content in (inside, forwarded):
            found = text_of(content)
            for text in wanted:
                self.assertIn(fold(text), found.body)

    @given(SENTENCES)
    def test_raw_8bit(self, text: str) -> None:
        """UTF-8 without a charset is found."""
        found = text_of(f"Subject: {text}\r\n\r\n{text}\r\n".encode())
        self.assertIn(fold(text), found.body)
        self.assertTrue(line_holds(found.header, "subject", fold(text)))

    @given(st.binary(max_size=300), st.binary(max_size=300))
    def test_any_octets(self, header: bytes, body: bytes) -> None:
        """Any content has a text, which a database can take."""
        found = text_of(header + b"\r\n\r\n" + body)
        for text in (found.header, found.mime, found.body):
            text.encode("utf-8")
            self.assertNotIn("\x00", text)

    def test_attachments_are_not_read(self) -> None:
        """Of a message with a large attachment only the text is read from disk."""
        content = (
            b"Content-Type: multipart/mixed; boundary=cut\r\n\r\n--cut\r\n\r\nhello\r\n--cut\r\n"
            b"Content-Type: image/png\r\n\r\n" + b"x" * 100_000 + b"\r\n--cut--\r\n"
        )
        asked: list[int] = []

        def read(offset: int, size: int) -> bytes:
            asked.append(size)
            return content[offset : offset + size]

        found = search_text(b"", unpack_parts(pack_parts(parse_structure(content))), read)
        self.assertEqual(found.body, "hello")
        self.assertLess(sum(asked), 1000)

    def test_bounded(self) -> None:
        """A message of many megabytes of text gives a bounded text."""
        found = text_of(b"Subject: x\r\n\r\n" + b"a" * (MAX_TEXT + 1000))
        self.assertEqual(len(found.body), MAX_TEXT)

    def test_fields(self) -> None:
        """Fields are told apart by their names, with their folds undone; one that is empty is there."""
        lines = header_lines(b"To: a\r\n b\r\nTo: c\r\nX-To: d\r\nCc:\r\nnot a field\r\n\r\n")
        self.assertEqual(lines, "\nto: a b\nto: c\nx-to: d\ncc: ")
        self.assertEqual(head_of(SearchText(lines, "", "")), [None, None, "a b\nc", "", None])


class HtmlTests(SynchronousTestCase):
    """What a reader sees."""

    def test_visible(self) -> None:
        """Tags are gone, words stay whole, what is not shown is left out."""
        for html, seen in (
            ("<p>one</p><p>two</p>", "one two"),
            ("w<b>or</b>d&nbsp;&amp; more", "word & more"),
            ("<style>p { x }</style>a<script>b</script><!-- c -->d", "a d"),
            ("a < b and <unclosed", "a < b and"),
            ("x<!-- never closed", "x"),
            ("<A HREF='x'>link</A>ed<BR>next", "linked next"),
        ):
            self.assertEqual(visible_text(html), seen, html)

    def test_hostile(self) -> None:
        """Nonsense takes no longer than text."""
        for nonsense in ("<" * 300_000, "<!--" * 100_000, "<style>" * 50_000, "<a " * 100_000, "</style" * 50_000):
            visible_text(nonsense)


class IndexTests(SynchronousTestCase):
    """The index and the texts themselves."""

    def setUp(self) -> None:
        self.base = Path(self.mktemp()).absolute()
        self.base.mkdir()
        with closing(sqlite3.connect(self.base / "db")) as connection:
            connection.executescript("""
                PRAGMA journal_mode=WAL;
                CREATE TABLE mail_content (id INTEGER PRIMARY KEY AUTOINCREMENT, email_id BLOB);
                CREATE TABLE mail_box (id INTEGER PRIMARY KEY, message_count INTEGER);
                CREATE TABLE mail (mail_box_id INTEGER, content_id INTEGER, uid INTEGER);
                CREATE INDEX by_content ON mail (mail_box_id, content_id, uid);
                INSERT INTO mail_box VALUES (1, 6);
                INSERT INTO mail_content VALUES (7, x'');
            """)
            connection.executemany("INSERT INTO mail VALUES (1, ?, ?)", [(key, 10 - key) for key in range(1, 8)])
            connection.commit()
        self.file = TextFile(self.base / "search", self.base / "db")
        self.file.open()
        self.addCleanup(self.file.close)

    @settings(max_examples=60, deadline=None)
    @given(st.lists(st.tuples(NEEDLES, NEEDLES, NEEDLES), min_size=6, max_size=6), st.lists(NEEDLES, min_size=3))
    def test_same_as_looking(self, texts: list[tuple[str, str, str]], needles: list[str]) -> None:
        """Any search of any texts finds what a look at each of them finds; what is not indexed is unknown."""
        self.file.reset(self.file.generation)
        kept = [SearchText(f"\nsubject: {fold(a)}\nx-b: {fold(b)}", f"\nx-b: {fold(b)}", fold(c)) for a, b, c in texts]
        self.file.add([(Unread(key, b"", 1, 10 - key), text) for key, text in enumerate(kept, 1)])
        self.file.remove([3])
        for needle in needles:
            criteria: list[TextCriterion] = [BodyContains(needle), TextContains(needle)]
            criteria += [HeaderContains(name, needle) for name in (b"subject", b"x-b", b"bcc")]
            for criterion in criteria:
                found = self.file.find(1, criterion, None)
                wanted = {10 - key for key, text in enumerate(kept, 1) if key != 3 and holds(text, criterion)}
                self.assertEqual(set(found.uids), wanted, criterion)
                some = self.file.find(1, criterion, [4, 9])
                self.assertEqual(set(some.uids), wanted & {4, 9}, criterion)
        self.assertEqual(self.file.find(1, HeaderContains(b"subject", ""), None).unknown, array("Q", [3, 7]))
