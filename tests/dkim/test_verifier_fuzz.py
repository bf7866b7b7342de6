"""Signature fields and key records that strangers write raise nothing unforeseen."""

import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st

from daptinmail.dkim.public_key import read_key
from daptinmail.dkim.tags import BadSignature
from tests.dkim.signing import MESSAGE, by_hand, key_record, sealed
from tests.dkim.test_verifier import KEY, VerifierCase

_NAMES = "v a b bh c d h i l q s t x cv z"
_VALUES = "1 0 -1 9999999999 rsa-sha256 ed25519-sha256 relaxed/simple from:to example.test d1 AAAA= @ \xe9 ;"
_TAG = st.tuples(
    st.sampled_from(list(_NAMES.split(" "))), st.sampled_from(list(_VALUES.split(" "))) | st.text(max_size=8)
).map("=".join)
_FIELD = st.sampled_from(["DKIM-Signature", "ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results"])


class FuzzTests(VerifierCase):
    """By machine."""

    @settings(deadline=None, max_examples=100)
    @given(st.lists(st.tuples(_FIELD, st.lists(_TAG, max_size=12).map("; ".join)), max_size=5))
    def test_fields(self, fields: list[tuple[str, str]]) -> None:
        """No field passes, and none stops the others."""
        lines = [f"{name}: {value}".encode().replace(b"\r", b"").replace(b"\n", b" ") for name, value in fields]
        report = self.report(b"".join(line + b"\r\n" for line in lines) + by_hand())
        self.assertEqual([one.result for one in report.signatures].count("pass"), 1)
        self.assertNotEqual(report.chain.result, "pass")

    @settings(deadline=None, max_examples=100)
    @given(st.integers(0, 2000), st.binary(min_size=1, max_size=3))
    def test_damage(self, position: int, octets: bytes) -> None:
        """Damage anywhere in a sealed message is survived."""
        self.resolver.strings["arc._domainkey.mx1.test"] = [key_record()]
        whole = sealed(by_hand(MESSAGE))
        position %= len(whole)
        self.report(whole[:position] + octets.replace(b"\n", b"x") + whole[position + len(octets) :])

    @settings(deadline=None, max_examples=100)
    @given(st.lists(st.binary(max_size=50) | _TAG.map(str.encode) | st.sampled_from([b"p=", b"k=rsa", b"k=ed25519"])))
    def test_keys(self, specs: list[bytes]) -> None:
        """A key record is one or it is none."""
        with contextlib.suppress(BadSignature):
            read_key([b";".join(specs)])
        self.resolver.strings[KEY] = [b";".join(specs)]
        self.assertNotEqual(self.only(by_hand()).result, "pass")
