"""Content-Type and Content-Disposition as they come."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.mail.parameters import (
    MAX_PARAMETERS,
    Parameters,
    parameter,
    parse_disposition,
    parse_media_type,
    plain_parameter,
)


def parameters_of(value: bytes) -> Parameters:
    """The parameters of a media type."""
    parsed = parse_media_type(b"text/plain" + value)
    assert parsed is not None
    return parsed[2]


class MediaTypeTests(SynchronousTestCase):
    """``parse_media_type`` and ``parse_disposition``."""

    def test_usual(self) -> None:
        """Type in lower case, parameters as written."""
        self.assertEqual(
            parse_media_type(b'Text/HTML; Charset=UTF-8; format="flowed"'),
            (b"text", b"html", ((b"Charset", b"UTF-8"), (b"format", b"flowed"))),
        )

    def test_sloppy(self) -> None:
        """Trailing and doubled semicolons, missing quotes, 8-bit and open quotes are read."""
        self.assertEqual(parameters_of(b";;; a=b ;;"), ((b"a", b"b"),))
        self.assertEqual(parameters_of(b"; name=my file.pdf; x=1"), ((b"name", b"my file.pdf"), (b"x", b"1")))
        self.assertEqual(parameters_of(b"; name=\xff\xfe"), ((b"name", b"\xff\xfe"),))
        self.assertEqual(parameters_of(b'; name="open; x=1'), ((b"name", b"open; x=1"),))
        self.assertEqual(parameters_of(b'; a="b" junk; c=d'), ((b"a", b"b"), (b"c", b"d")))
        self.assertEqual(parameters_of(b"; flag; a="), ((b"a", b""),))

    def test_quoted_pairs(self) -> None:
        """Backslashes in quoted strings escape, semicolons in them do not end."""
        self.assertEqual(parameters_of(rb'; a="x\"y;z"'), ((b"a", b'x"y;z'),))

    def test_duplicates(self) -> None:
        """The first of two counts, so that two readers of a boundary agree."""
        self.assertEqual(parameters_of(b"; boundary=a; BOUNDARY=b"), ((b"boundary", b"a"),))

    def test_comments(self) -> None:
        """Comments are left out, unless quoted."""
        self.assertEqual(parse_media_type(b"text/plain (a (b) c)"), (b"text", b"plain", ()))
        self.assertEqual(parameters_of(b'; a=b (c; d=e); f="(g)"'), ((b"a", b"b"), (b"f", b"(g)")))

    def test_no_type(self) -> None:
        """What is no media type is none."""
        for value in (b"", b"text", b"/", b";", b"text/", b'"a"/b', b"\0"):
            self.assertIsNone(parse_media_type(value))

    def test_disposition(self) -> None:
        """A disposition has parameters too."""
        self.assertEqual(parse_disposition(b'Attachment; filename="a"'), (b"attachment", ((b"filename", b"a"),)))
        self.assertIsNone(parse_disposition(b" "))

    def test_parameter_bomb(self) -> None:
        """Parameters over the limit are not looked at."""
        bomb = b"".join(b";a%d=b" % number for number in range(5000))
        self.assertEqual(len(parameters_of(bomb)), MAX_PARAMETERS)


class ContinuationTests(SynchronousTestCase):
    """RFC 2231."""

    def test_sections_are_joined(self) -> None:
        """A value in pieces is one value, in the order of its numbers."""
        self.assertEqual(parameters_of(b'; name*1="b"; name*0="a"; x=y'), ((b"x", b"y"), (b"name", b"ab")))

    def test_encoded_sections(self) -> None:
        """Pieces with a charset keep it, plain ones among them are encoded."""
        parameters = parameters_of(b"; name*0*=utf-8'de'%c3%a4; name*1=\" 100%\"")
        self.assertEqual(parameters, ((b"name*", b"utf-8'de'%c3%a4 100%25"),))
        self.assertEqual(parameters_of(b"; name*0*=a%20; name*1=b"), ((b"name*", b"utf-8''a%20b"),))

    def test_apostrophes(self) -> None:
        """Only the first piece can name a charset; apostrophes in others are text."""
        self.assertEqual(parameters_of(b"; n*0=it's; n*1*=%20o'c'lock"), ((b"n*", b"utf-8''it's%20o'c'lock"),))
        value = parameters_of(b"; t*0*=us-ascii'en'a%20; t*1*=%2A; t*2=\"isn't it!\"")
        self.assertEqual(value, ((b"t*", b"us-ascii'en'a%20%2Aisn't it!"),))

    def test_plain_value(self) -> None:
        """A value is found under either spelling of its name, decoded."""
        self.assertEqual(plain_parameter(parameters_of(b"; boundary*=us-ascii''a%62"), b"boundary"), b"ab")
        self.assertEqual(plain_parameter(parameters_of(b"; a*=c; a=b"), b"a"), b"b")
        self.assertIsNone(plain_parameter((), b"a"))

    def test_missing_section(self) -> None:
        """A gap ends the value."""
        self.assertEqual(parameters_of(b"; name*0=a; name*2=c"), ((b"name", b"a"),))

    def test_single_encoded(self) -> None:
        """An encoded value in one piece stays as it is written."""
        self.assertEqual(parameters_of(b"; name*=iso-8859-1''%e4"), ((b"name*", b"iso-8859-1''%e4"),))

    @given(st.lists(st.sampled_from([b";", b"=", b'"', b"\\", b"(", b")", b"a", b"*0", b"*1*", b"'", b"%", b" "])))
    def test_any_value(self, pieces: list[bytes]) -> None:
        """Nothing raises."""
        for name, _ in parameters_of(b"".join(pieces)):
            parameter(((name, b""),), name.lower())
