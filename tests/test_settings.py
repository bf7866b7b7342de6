"""Settings that are read from text."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.settings import Interface, is_true, parse_interface, unquote


class InterfaceTests(SynchronousTestCase):
    """Listen interfaces."""

    def test_forms(self) -> None:
        """Address and port, a port alone, IPv6 in brackets."""
        for text, interface in {
            "0.0.0.0:465": Interface("0.0.0.0", 465),
            ":1143": Interface("", 1143),
            "*:25": Interface("", 25),
            "localhost:2525": Interface("127.0.0.1", 2525),
            "[::]:993": Interface("::", 993),
            "[::1]:993": Interface("::1", 993),
            " 127.0.0.1:25 ": Interface("127.0.0.1", 25),
        }.items():
            self.assertEqual(parse_interface(text), interface)

    def test_refused(self) -> None:
        """What cannot be bound is refused with a word that helps."""
        bad = [
            "",
            "465",
            "0.0.0.0",
            "0.0.0.0:",
            ":0",
            ":65536",
            ":-1",
            ":+25",
            ": 25",
            ":25x",
            "::1:25",
            "[::1]",
            "mail:25",
        ]
        for text in [*bad, "[127.0.0.1]:25", "[::1:25", "[fe80::1%eth0]:25", "1.2.3:25", ":\u0662\u0665"]:
            with self.assertRaises(ValueError, msg=text):
                parse_interface(text)

    @given(st.ip_addresses(), st.integers(1, 65535))
    def test_round_trip(self, address: object, port: int) -> None:
        """An interface reads back as it is written."""
        interface = Interface(str(address), port)
        self.assertEqual(parse_interface(str(interface)), interface)

    @given(st.text(max_size=40))
    def test_any_text(self, text: str) -> None:
        """No text does worse than be refused."""
        try:
            parse_interface(text)
        except ValueError as error:
            self.assertTrue(str(error))


class ValueTests(SynchronousTestCase):
    """Configured values."""

    def test_quotes(self) -> None:
        """One pair of JSON quotes and white space go; everything else stays."""
        for value, meant in (('"a"', "a"), (" a\n", "a"), ('"a', '"a'), ('"\\u0041"', "A"), ('"', '"')):
            self.assertEqual(unquote(value), meant)

    def test_truth(self) -> None:
        """The words that Daptin's users write for true, in any case; anything else is false."""
        for word in ("true", "TRUE", "1", "yes", "On"):
            self.assertTrue(is_true(word))
        for other in (None, "", "false", "0", "2", "yes please"):
            self.assertFalse(is_true(other))
