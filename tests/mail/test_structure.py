"""MIME structure and part numbers."""

import mmap
import tempfile

from twisted.trial.unittest import SynchronousTestCase

from daptinmail.mail.structure import (
    MAX_DEPTH,
    MAX_PART_HEADERS,
    MAX_PARTS,
    Part,
    PartIndex,
    pack_parts,
    parse_structure,
    unpack_parts,
)
from tests.mail.corpus import UGLY


def outline(part: Part) -> str:
    """The shape of a structure on one line."""
    if part.children:
        return f"{part.subtype}({' '.join(map(outline, part.children))})"
    inside = f"[{outline(part.message)}]" if part.message else ""
    return ("opaque" if part.opaque else part.subtype) + inside


def index_of(content: bytes) -> PartIndex:
    """The part index as the store keeps it."""
    return unpack_parts(pack_parts(parse_structure(content)))


class StructureTests(SynchronousTestCase):
    """``parse_structure``."""

    def check(self, name: str, shape: str, *bodies: bytes) -> None:
        """The ugly message has this shape, and leaves with these bodies."""
        content = UGLY[name]
        structure = parse_structure(content)
        self.assertEqual(outline(structure), shape, name)
        leaves = [part for part in structure.walk() if not part.children and part.message is None]
        if bodies:
            self.assertEqual([content[leaf.body_start : leaf.body_end] for leaf in leaves], list(bodies), name)

    def test_plain(self) -> None:
        """Anything without MIME is one text part."""
        self.check("empty", "plain", b"")
        self.check("no header", "plain", b"body\r\n")
        self.check("no body", "plain", b"")
        self.check("text before fields", "plain", b"body\r\n")
        self.check("mbox line", "plain", b"body\r\n")
        self.check("blank folded line", "plain", b"body\r\n")
        self.check("bad type", "plain", b"x\r\n")

    def test_useless_boundaries(self) -> None:
        """A multipart whose parts cannot be found shows its whole body as text; nothing is hidden."""
        self.check("no boundary parameter", "mixed(plain)", b"--x\r\n\r\na\r\n--x--\r\n")
        self.check("boundary never used", "mixed(plain)", b"nothing\r\n")
        self.check("empty boundary", "mixed(plain)")
        self.check("end boundary only", "mixed(plain)")
        self.check("text after boundary", "mixed(plain)")
        self.check("multipart without subtype", "plain")

    def test_missing_end(self) -> None:
        """The last part may lack its end; an outer delimiter ends inner parts (RFC 2046 §5.1.2)."""
        self.check("no end boundary", "mixed(plain plain)", b"a", b"b")
        self.check("inner never closed", "mixed(alternative(plain) plain)", b"a", b"b")
        self.check("boundary at once after boundary", "mixed(plain plain)", b"", b"")

    def test_similar_boundaries(self) -> None:
        """A delimiter that begins like another is not mistaken for it."""
        self.check("boundary prefix of another", "mixed(alternative(plain) plain)", b"a", b"b")
        self.check("blanks after boundary", "mixed(plain)", b"a")
        self.check("same boundary inside", "mixed(mixed(plain) plain)", b"", b"a\r\n")

    def test_messages(self) -> None:
        """Messages inside are looked into, unless they are encoded."""
        self.check("message in message", "rfc822[rfc822[plain]]", b"body\r\n")
        self.check("digest", "digest(rfc822[plain] rfc822[plain])", b"1", b"2")
        self.check("encoded message", "opaque")
        self.check("message/global", "mixed(global[plain])", b"Hallo")
        self.check("message without body", "digest(rfc822[plain] rfc822[plain] rfc822[plain])", b"", b"", b"")
        self.check("message cut off", "mixed(rfc822[mixed(plain)] plain)", b"in", b"last")

    def test_boundaries_as_they_come(self) -> None:
        """A boundary may be in pieces, percent-encoded or end with a blank; what follows the end is no part."""
        self.check("parameters in pieces", "mixed(x)", b"x")
        self.check("encoded boundary", "mixed(plain)", b"x")
        self.check("blank at the end of a boundary", "mixed(plain)", b"x")
        self.check("parts after the end", "mixed(plain)", b"a")
        self.check("like numbered boundaries", "mixed(alternative(plain html) plain)", b"p", b"h", b"last")
        self.check("encoded multipart", "mixed(plain)", b"a")

    def test_encodings_as_they_come(self) -> None:
        """Quotes and comments are no part of an encoding."""
        part = parse_structure(UGLY["quoted encoding"])
        self.assertEqual((part.encoding, part.language), ("base64", b"en  , de"))

    def test_line_feeds(self) -> None:
        """LF alone ends lines too."""
        self.check("line feeds only", "mixed(plain)", b"a")

    def test_fields_of_a_part(self) -> None:
        """What the MIME fields of a part say is kept."""
        part = parse_structure(UGLY["attachment"]).children[1]
        self.assertEqual(
            (part.media_type, part.id, part.description, part.language, part.location, part.md5, part.disposition),
            ("application/pdf", b"<1@x>", b"d", b"de, en", b"a/b", b"Q2hlY2s=", b"attachment"),
        )
        self.assertEqual(part.disposition_parameters, ((b"filename*", b"utf-8''%c3%a4.pdf"),))

    def test_mapped(self) -> None:
        """A file mapped into memory gives the same structure."""
        content = UGLY["message of multipart"]
        with tempfile.TemporaryFile() as file:
            file.write(content)
            file.flush()
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
                self.assertEqual(pack_parts(parse_structure(mapped)), pack_parts(parse_structure(content)))


class BombTests(SynchronousTestCase):
    """Structures made to hurt."""

    def count(self, content: bytes) -> int:
        """How many parts are seen."""
        return sum(1 for _ in parse_structure(content).walk())

    def test_deep_nesting(self) -> None:
        """Nesting ends at the limit; what is deeper is opaque."""
        content = b"".join(
            b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level) for level in range(500)
        )
        self.assertEqual(self.count(content), MAX_DEPTH + 1)
        self.assertTrue(list(parse_structure(content).walk())[-1].opaque)

    def test_deep_messages(self) -> None:
        """Messages inside messages end at the limit."""
        self.assertEqual(self.count(b"Content-Type: message/rfc822\r\n\r\n" * 5000), MAX_DEPTH + 1)

    def test_many_parts(self) -> None:
        """Parts end at the limit."""
        content = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 20_000
        self.assertEqual(self.count(content), MAX_PARTS)

    def test_large_part_headers(self) -> None:
        """The headers of all parts together are limited, so what is kept of a message is."""
        part = b"--b\r\n\r\nSubject: " + b"x" * 100_000 + b"\r\n\r\ny\r\n"
        content = b"Content-Type: multipart/digest; boundary=b\r\n\r\n" + part * 100
        self.assertLess(sum(len(one.header) for one in parse_structure(content).walk()), MAX_PART_HEADERS + 200_000)

    def test_near_delimiters(self) -> None:
        """Millions of lines that only begin like a delimiter are not all looked at."""
        content = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--bx\r\n" * 50_000 + b"--b\r\n\r\nx"
        self.assertEqual(outline(parse_structure(content)), "mixed(plain)")


class PartIndexTests(SynchronousTestCase):
    """``pack_parts``, ``unpack_parts`` and part numbers (RFC 9051 §6.4.5.2)."""

    def section(self, content: bytes, numbers: tuple[int, ...], text: str = "") -> bytes | None:
        """The octets of a section."""
        span = index_of(content).span(numbers, text)
        return None if span is None else content[span[0] : span[1]]

    def test_single_part(self) -> None:
        """The only part of a message without multipart is 1."""
        content = b"Subject: x\r\n\r\nbody\r\n"
        self.assertEqual(self.section(content, ()), content)
        self.assertEqual(self.section(content, (), "HEADER"), b"Subject: x\r\n\r\n")
        self.assertEqual(self.section(content, (), "TEXT"), b"body\r\n")
        self.assertEqual(self.section(content, (1,)), b"body\r\n")
        self.assertEqual(self.section(content, (1,), "MIME"), b"Subject: x\r\n\r\n")
        for numbers, text in (((2,), ""), ((1, 1), ""), ((1,), "HEADER"), ((1,), "TEXT"), ((), "MIME"), ((0,), "")):
            self.assertIsNone(self.section(content, numbers, text))

    def test_nested(self) -> None:
        """Parts of a message inside a multipart are found with their headers and texts."""
        content = UGLY["message of multipart"]
        inner = b"Subject: in\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n"
        self.assertEqual(self.section(content, (1,)), b"text")
        self.assertEqual(self.section(content, (2,), "MIME"), b"Content-Type: message/rfc822\r\n\r\n")
        self.assertEqual(self.section(content, (2,), "HEADER"), inner)
        self.assertEqual((self.section(content, (2, 1)), self.section(content, (2, 2))), (b"p", b"q"))
        self.assertEqual(self.section(content, (2, 2), "MIME"), b"Content-Type: text/html\r\n\r\n")
        whole, text = self.section(content, (2,)), self.section(content, (2,), "TEXT")
        assert whole is not None
        assert text is not None
        self.assertEqual(whole, inner + text)
        self.assertTrue(text.startswith(b"--y\r\n"))
        self.assertIsNone(self.section(content, (2, 3)))

    def test_message_of_one_part(self) -> None:
        """The text of a message inside a message is numbered below it."""
        content = UGLY["message in message"]
        self.assertEqual(self.section(content, (1, 1, 1)), b"body\r\n")
        self.assertEqual(self.section(content, (1, 1), "HEADER"), b"Subject: in\r\nFrom: a@b.test\r\n\r\n")

    def test_find(self) -> None:
        """Type and encoding of a part are known without reading it."""
        part = index_of(UGLY["attachment"]).find((2,))
        assert part is not None
        self.assertEqual((part.media_type, part.encoding, part.message_start), ("application/pdf", "7bit", None))

    def test_comment_in_transfer_encoding(self) -> None:
        """A comment is no part of Content-Transfer-Encoding (RFC 2045 §6.1)."""
        self.assertEqual(parse_structure(b"Content-Transfer-Encoding: base64 (c)\r\n\r\neA==\r\n").encoding, "base64")

    def test_not_packed(self) -> None:
        """Anything else than packed parts is refused clearly."""
        for packed in (b"", b"junk", b"\xff"):
            self.assertRaises(ValueError, unpack_parts, packed)
