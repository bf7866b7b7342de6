"""SEARCH with every key of RFC 3501."""

from base64 import b64encode
from datetime import timedelta

from twisted.trial.unittest import SynchronousTestCase

from daptinmail.store.text import MAX_TEXT
from tests.imap.session import Server, server_of

FIRST = (
    b"From: =?utf-8?q?Ren=C3=A9?= <rene@example.com>\r\nTo: ann@example.com\r\nCc: Carl <carl@example.net>\r\n"
    b"Subject: =?utf-8?b?%b?=\r\nDate: Wed, 31 Dec 2025 23:30:00 -0800\r\nX-Empty:\r\n\r\nPlain words.\r\n"
    % b64encode("Größe zählt".encode())
)
SECOND = (
    b"From: carl@example.net\r\nTo: ann@example.com\r\nBcc: dora@example.org\r\nSubject: lunch\r\n"
    b"Date: Thu, 1 Jan 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"Caf=E9 at no=\r\non\r\n"
    b"--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n%b\r\n"
    b"--b\r\nContent-Type: application/octet-stream\r\n\r\nbinaryword\r\n--b--\r\n"
    % b64encode("<b>Straße</b>".encode())
)
THIRD = b"Subject: no date\r\n\r\n" + b"x" * 5000
LONG = ("ä" * 499 + "\r\n").encode() * (MAX_TEXT // 1000 + 2)


class KeyTests(SynchronousTestCase):
    """Three messages, arrived on three days."""

    def setUp(self) -> None:
        self.server = Server()
        self.server.put(FIRST, frozenset({rb"\Seen", rb"\Answered", b"$Work"}))
        self.server.select().run("C: 1 UNSELECT\nS: 1 OK ...")
        self.server.time.time += timedelta(days=1)
        self.server.put(SECOND, frozenset({rb"\Flagged", rb"\Deleted"}))
        self.server.time.time += timedelta(days=1)
        self.server.put(THIRD, frozenset({rb"\Draft"}))
        self.client = self.server.select()

    def found(self, program: str) -> str:
        """The sequence numbers found."""
        self.client.send(b"s SEARCH " + program.encode() + b"\r\n")
        said = self.client.lines()
        self.assertEqual(said[1:], ["s OK SEARCH completed"], said)
        return said[0].removeprefix("* SEARCH").strip()

    def test_flags(self) -> None:
        """Flags and their absence."""
        for program, numbers in {
            "ALL": "1 2 3",
            "SEEN": "1",
            "unseen": "2 3",
            "ANSWERED": "1",
            "UNANSWERED": "2 3",
            "FLAGGED": "2",
            "UNFLAGGED": "1 3",
            "DELETED": "2",
            "UNDELETED": "1 3",
            "DRAFT": "3",
            "UNDRAFT": "1 2",
            "KEYWORD $work": "1",
            "UNKEYWORD $Work": "2 3",
            "KEYWORD other": "",
            "RECENT": "2 3",
            "OLD": "1",
            "NEW": "2 3",
        }.items():
            self.assertEqual(self.found(program), numbers, program)

    def test_numbers(self) -> None:
        """Sequence numbers, UIDs, sizes."""
        for program, numbers in {
            "2:*": "2 3",
            "1,3": "1 3",
            "*": "3",
            "UID 2": "2",
            "UID 3:1": "1 2 3",
            "UID 99": "",
            "LARGER 5000": "3",
            "SMALLER 5000": "1 2",
            f"LARGER {len(FIRST)} SMALLER 5000": "2",
        }.items():
            self.assertEqual(self.found(program), numbers, program)

    def test_dates(self) -> None:
        """Days of arrival and days of the Date field, whatever the hour and zone; no Date, no match."""
        for program, numbers in {
            "ON 3-Jan-2026": "2",
            "SINCE 3-Jan-2026": "2 3",
            "BEFORE 3-Jan-2026": "1",
            'SINCE "4-jan-2026"': "3",
            "SENTON 31-Dec-2025": "1",
            "SENTSINCE 1-Jan-2026": "2",
            "SENTBEFORE 1-Jan-2027": "1 2",
        }.items():
            self.assertEqual(self.found(program), numbers, program)

    def test_header(self) -> None:
        """Header fields are decoded and compared without regard to case."""
        for program, numbers in {
            'FROM "ren\u00e9"': "1",
            "FROM RENE@": "1",
            "FROM example.net": "2",
            "TO ann": "1 2",
            "CC carl": "1",
            "BCC dora": "2",
            'SUBJECT "GR\u00d6SSE Z"': "1",
            "SUBJECT LUNCH": "2",
            'HEADER X-Empty ""': "1",
            'HEADER "Cc" "net"': "1",
            "HEADER X-None x": "",
        }.items():
            self.assertEqual(self.found(f"CHARSET UTF-8 {program}"), numbers, program)

    def test_content(self) -> None:
        """BODY looks into decoded text parts only; TEXT into the header section as well."""
        for program, numbers in {
            "BODY words": "1",
            'BODY "CAF\u00c9 AT NOON"': "2",
            'BODY "stra\u00dfe"': "2",
            "BODY binaryword": "",
            "BODY lunch": "",
            "TEXT lunch": "2",
            "TEXT words": "1",
            'TEXT "gr\u00f6\u00dfe"': "1",
            "NOT BODY words": "2 3",
            'BODY ""': "1 2 3",
        }.items():
            self.assertEqual(self.found(program), numbers, program)

    def test_combinations(self) -> None:
        """Keys side by side must all hold; OR, NOT and parentheses combine them."""
        for program, numbers in {
            "SEEN ANSWERED": "1",
            "SEEN DELETED": "",
            "OR SEEN DELETED": "1 2",
            "NOT SEEN": "2 3",
            "NOT NOT SEEN": "1",
            "OR (SEEN ANSWERED) (DRAFT LARGER 10)": "1 3",
            "OR OR 1 2 3": "1 2 3",
            "NOT (OR SEEN SUBJECT lunch)": "3",
            "UNSEEN BODY noon": "2",
            "OR SEEN BODY noon": "1 2",
        }.items():
            self.assertEqual(self.found(program), numbers, program)

    def test_uid_search(self) -> None:
        """UID SEARCH answers UIDs."""
        self.client.run(
            """
            C: 1 UID EXPUNGE 2
            S: * 2 EXPUNGE
            S: 1 OK ...
            C: 2 UID SEARCH DRAFT
            S: * SEARCH 3
            S: 2 OK ...
            C: 3 SEARCH DRAFT
            S: * SEARCH 2
            S: 3 OK ...
            """
        )

    def test_nothing_found(self) -> None:
        """An empty result is said, too."""
        self.client.run("C: 1 SEARCH KEYWORD none\nS: * SEARCH\nS: 1 OK ...")

    def test_literals(self) -> None:
        """Texts may be literals, anywhere in the program."""
        self.client.send(b"1 SEARCH OR SUBJECT {5+}\r\nlunch FROM {4+}\r\nrene\r\n")
        self.client.run("S: * SEARCH 1 2\nS: 1 OK ...")

    def test_charset(self) -> None:
        """Other charsets are refused with the list of those that work."""
        self.client.run(
            """
            C: 1 SEARCH CHARSET KLINGON SUBJECT x
            S: 1 NO [BADCHARSET (UTF-8 US-ASCII ISO-8859-1 ...)] ...
            C: 2 SEARCH CHARSET us-ascii SUBJECT lunch
            S: * SEARCH 2
            S: 2 OK ...
            """
        )

    def test_utf8_accept(self) -> None:
        """Once a client has switched on UTF8=ACCEPT there is no CHARSET (RFC 6855 §3)."""
        server_of(self.client).session.enabled.add(b"UTF8=ACCEPT")
        self.client.run("C: 1 SEARCH CHARSET UTF-8 SUBJECT lunch\nS: 1 BAD ...")
        self.assertEqual(self.found("SUBJECT lunch"), "2")

    def test_long_text(self) -> None:
        """A message too long to be searched whole is searched as far as the limit, in its charset."""
        for shift in (b"", b"x"):  # so that the limit falls within a character of one of them
            self.server.put(b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + shift + "Grüße\r\n".encode() + LONG)
        self.client.run("C: 1 NOOP\nS* 1 OK ...")
        self.assertEqual(self.found('CHARSET UTF-8 BODY "GRÜSSE"'), "4 5")

    def test_vanished(self) -> None:
        """Messages expunged meanwhile are not found, and do not stop the search."""
        other = self.server.select().run("C: 1 EXPUNGE\nS: * 2 EXPUNGE\nS: 1 OK ...")
        other.lose()
        self.assertEqual(self.found("NOT BODY words"), "3")
        self.assertEqual(self.found("ALL"), "1 3")

    def test_odd_dates(self) -> None:
        """A Date field that is none matches no SENT key."""
        for number, text in enumerate((b"yesterday", b"99 Foo 2026", b"Thu, 45 Jan 2026 10:00:00 +0000", b""), 4):
            self.server.put(b"Date: " + text + b"\r\n\r\n")
            self.client.run("C: 1 NOOP\nS* 1 OK ...")
            self.assertEqual(self.found(f"{number} SENTSINCE 1-Jan-1970"), "", text)

    def test_bad_spelling(self) -> None:
        """What is no search program is BAD."""
        for program in (
            "",
            "FROB",
            "SUBJECT",
            "OR SEEN",
            "NOT",
            "(SEEN",
            "SEEN)",
            "()",
            "SEEN  SEEN",
            "ON 32-Jan-2026",
            "ON Jan-1-2026",
            "ON 1-Foo-2026",
            "LARGER x",
            "LARGER 99999999999999999999",
            "UID x",
            "0",
            "CHARSET",
            "CHARSET UTF-8",
            "HEADER Subject",
            'SUBJECT "open',
            "KEYWORD (",
        ):
            self.client.run(f"C: b SEARCH {program}\nS: b BAD ...\nC: n NOOP\nS: n OK ...")
