"""Values of attributes, as tolerant as Daptin."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.api.coercion import MAX_INTEGER, Unfit, coerce
from daptinmail.api.types import Attribute, Form

WHOLE = Attribute("n", Form.INTEGER)
FLAG = Attribute("f", Form.BOOLEAN)
TIME = Attribute("t", Form.TIME, nullable=True)
TEXT = Attribute("s", max_length=5)


class CoercionTests(SynchronousTestCase):
    """coerce."""

    def refuse(self, attribute: Attribute, *values: Any) -> None:
        """None of the values fits."""
        for value in values:
            self.assertRaises(Unfit, coerce, attribute, value)

    def test_whole_numbers(self) -> None:
        """Numbers come as numbers or text, whole and within 32 bits."""
        for value in ("20", " 20 ", 20, 20.0, "+20"):
            self.assertEqual(coerce(WHOLE, value), 20)
        self.refuse(WHOLE, "", "x", "2.5", 2.5, True, None, [], MAX_INTEGER + 1, "9" * 400, "²", float("inf"))

    def test_booleans(self) -> None:
        """Everything Daptin takes for a boolean, and nothing else."""
        for value in (True, 1, "1", "true", "TRUE"):
            self.assertIs(coerce(FLAG, value), True)
        for value in (False, 0, "0", "false"):
            self.assertIs(coerce(FLAG, value), False)
        self.refuse(FLAG, "yes", 2, "", None, [], 1.5)

    def test_times(self) -> None:
        """RFC 3339 in any zone; without one it is UTC; null where it may be."""
        moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
        for value in ("2026-01-02T03:04:05Z", "2026-01-02T04:04:05+01:00", "2026-01-02 03:04:05"):
            self.assertEqual(coerce(TIME, value), moment)
        self.assertIsNone(coerce(TIME, None))
        self.refuse(TIME, "yesterday", 7, "0001-01-01T00:00:00+23:00")

    def test_text(self) -> None:
        """Characters are counted, not octets; numbers become text."""
        self.assertEqual(coerce(TEXT, "üüüüü"), "üüüüü")
        self.assertEqual(coerce(TEXT, 12345), "12345")
        self.refuse(TEXT, "abcdef", None, {}, True, "a\0", "\udfff")

    def test_content(self) -> None:
        """base64, with line ends as mail clients make them."""
        content = Attribute("mail", Form.BASE64, max_length=4)
        self.assertEqual(coerce(content, "YW\r\nJj\n"), "YWJj")
        self.refuse(content, "YW=J", "!", "", "YWJjZGVm", 7)

    @given(st.integers(-MAX_INTEGER, MAX_INTEGER))
    def test_numbers_as_text_are_the_same(self, number: int) -> None:
        """A number and its text are one."""
        self.assertEqual(coerce(WHOLE, str(number)), coerce(WHOLE, number))
