"""The relaxed body hash agrees with dkimpy, however the body is cut."""

from hashlib import sha256

from dkim.canonicalization import Relaxed
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.dkim.body import RelaxedBody

# Line ends are CRLF on the wire; bare CR stays a character that both must treat alike.
_PIECES = st.lists(
    st.sampled_from([b"\r\n", b" ", b"\t", b"a", b"\r", b"\xe9", b"\r\n\r\n", b" \r\n", b"\x0b"]), max_size=60
)


def hashed(pieces: list[bytes]) -> bytes:
    """The digest of a body that arrives in these pieces."""
    body = RelaxedBody()
    for piece in pieces:
        body.update(piece)
    return body.digest()


class RelaxedBodyTests(SynchronousTestCase):
    """``RelaxedBody`` against dkimpy's canonicalization."""

    @settings(deadline=None, max_examples=600)
    @given(_PIECES)
    def test_equal_to_dkimpy(self, pieces: list[bytes]) -> None:
        """Any body, in any pieces, hashes as dkimpy's canonical form does."""
        expected = sha256(Relaxed.canonicalize_body(b"".join(pieces))).digest()
        self.assertEqual(hashed(pieces), expected)
        self.assertEqual(hashed([b"".join(pieces)]), expected)

    def test_empty(self) -> None:
        """No body and a body of empty lines hash as nothing at all (RFC 6376 §3.4.4)."""
        nothing = sha256(b"").digest()
        for body in ([], [b""], [b"\r\n"], [b"\r\n\r\n", b" \t\r\n"]):
            self.assertEqual(hashed(body), nothing)

    def test_many_empty_lines_cost_no_memory(self) -> None:
        """Millions of empty lines before the last word are counted, not kept."""
        body = RelaxedBody()
        for _ in range(40):
            body.update(b"\r\n" * 100_000)
        self.assertEqual(body._rest, b"")
        body.update(b"x")
        self.assertEqual(body.digest(), sha256(b"\r\n" * 4_000_000 + b"x\r\n").digest())
