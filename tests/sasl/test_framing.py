"""Base64 on the wire."""

from base64 import b64encode

from hypothesis import given
from hypothesis.strategies import binary
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.sasl.exchange import MAX_RESPONSE
from daptinmail.sasl.framing import BadBase64, Cancelled, decode, decode_initial, encode


class FramingTests(SynchronousTestCase):
    """RFC 4954 §4, RFC 4959 §3, RFC 9051 §6.2.2."""

    @given(binary(max_size=100))
    def test_round_trip(self, octets: bytes) -> None:
        """What is encoded is decoded."""
        self.assertEqual(decode(encode(octets)), octets)

    def test_empty(self) -> None:
        """An empty line is an empty response; an empty initial response is an equals sign."""
        self.assertEqual((decode(b""), decode_initial(b"=")), (b"", b""))

    def test_cancelled(self) -> None:
        """An asterisk gives up."""
        self.assertRaises(Cancelled, decode, b"*")

    def test_strict(self) -> None:
        """Blanks, missing padding, spare bits, and more than anybody needs are refused."""
        for line in (b"=", b"A", b"AA", b"AB==", b"AA==AA==", b"AAAA ", b" ", b"AA\n==", b"\xff", b"-_AA"):
            self.assertRaises(BadBase64, decode, line)
        self.assertRaises(BadBase64, decode, b64encode(b"x" * (MAX_RESPONSE + 1)))
