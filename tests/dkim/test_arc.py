"""Chains of intermediaries (RFC 8617), sealed by dkimpy."""

import dkim

from daptinmail.interfaces.screening import Chain
from tests.dkim.signing import MESSAGE, by_dkimpy, by_hand, key_record, sealed
from tests.dkim.test_verifier import VerifierCase


class ChainTests(VerifierCase):
    """What a chain is worth."""

    def setUp(self) -> None:
        """Three intermediaries."""
        super().setUp()
        for number in range(1, 60):
            self.resolver.strings[f"arc._domainkey.mx{number}.test"] = [key_record()]

    def chain(self, message: bytes) -> Chain:
        """What is found."""
        return self.report(message).chain

    def assert_broken(self, message: bytes, reason: str) -> None:
        """The chain fails for this reason."""
        found = self.chain(message)
        self.assertEqual((found.result, found.reason), ("fail", reason))
        self.assertEqual((found.sealer, found.results), ("", ""))

    def assert_dkimpy_agrees(self, message: bytes) -> None:
        """dkimpy finds what we find."""
        found = dkim.arc_verify(message, dnsfunc=lambda name, timeout=5: key_record())[0]
        self.assertEqual(found.decode(), self.chain(message).result)

    def test_valid(self) -> None:
        """One, two and three sets hold, beside a DKIM signature; the last sealer and what it found are told."""
        message = by_dkimpy()
        for number in (1, 2, 3):
            message = sealed(message, number)
            found = self.chain(message)
            self.assertEqual((found.result, found.instances, found.sealer), ("pass", number, f"mx{number}.test"))
            self.assertTrue(found.results.startswith(f"mx{number}.test; dkim=pass"), found.results)
            self.assert_dkimpy_agrees(message)
        self.assertEqual([one.result for one in self.report(message).signatures], ["pass"])

    def test_none(self) -> None:
        """A message without sets has no chain."""
        self.assertEqual(self.chain(by_hand()), Chain("none"))

    def test_changed(self) -> None:
        """A changed body, a changed signed field, and changed results break the chain."""
        message = sealed(MESSAGE)
        for old, new, reason in (
            (b"five", b"four", "body hash did not verify"),
            (b"bob@", b"eve@", "signature did not verify"),
        ):
            self.assert_broken(message.replace(old, new), reason)
        changed = message.replace(b"dkim=pass", b"dkim=fail", 1)
        self.assertNotEqual(changed, message)
        self.assert_broken(changed, "signature did not verify")
        self.assert_dkimpy_agrees(changed)

    def test_only_the_last_message_signature_counts(self) -> None:
        """An intermediary may change the message if it seals it after that; earlier seals still hold (§5.2)."""
        message = sealed(sealed(MESSAGE), 2)
        again = sealed(sealed(MESSAGE).replace(b"five", b"four"), 2)
        self.assertEqual(self.chain(message).result, "pass")
        self.assert_broken(message.replace(b"five", b"four"), "body hash did not verify")
        self.assertEqual(self.chain(again).result, "pass")
        self.assert_dkimpy_agrees(again)

    def test_said_to_be_broken(self) -> None:
        """A chain whose last set says cv=fail has failed, and is not verified."""
        message = sealed(MESSAGE).replace(b"cv=none", b"cv=fail")
        self.assert_broken(message, "broken before set 1")
        two = sealed(sealed(MESSAGE), 2)
        self.assert_broken(two.replace(b"cv=pass", b"cv=fail"), "broken before set 2")

    def test_wrong_status(self) -> None:
        """The first set says cv=none, all others cv=pass (§5.2 step 3)."""
        self.assert_broken(sealed(MESSAGE).replace(b"cv=none", b"cv=pass"), "cv= of set 1 is wrong")
        two = sealed(sealed(MESSAGE), 2)
        self.assert_broken(two.replace(b"cv=pass", b"cv=none"), "cv= of set 2 is wrong")

    def test_structure(self) -> None:
        """Missing, doubled and misnumbered fields break a chain (§5.2 step 3)."""
        lines = sealed(MESSAGE).split(b"ARC-")
        whole = [b"ARC-" + line for line in lines[1:]]
        seal, message, rest = whole
        self.assertTrue(seal.startswith(b"ARC-Seal"))
        incomplete = "a set is not complete"
        self.assert_broken(message + rest, incomplete)
        self.assert_broken(seal + rest, incomplete)
        self.assert_broken(seal + message + MESSAGE, incomplete)
        doubled = "a field has no instance, or one that occurs twice"
        self.assert_broken(seal + seal + message + rest, doubled)
        for wrong in (b"i=0", b"i=51", b"i=x", b"i=-1", b"j=1"):
            self.assert_broken(seal.replace(b"i=1", wrong) + message + rest, doubled)
        self.assert_broken((seal + message + rest).replace(b"i=1;", b"i=2;"), incomplete)

    def test_forbidden_tags(self) -> None:
        """A seal has no h=, and a message signature covers no seal (§4.1.2, §4.1.3)."""
        message = sealed(MESSAGE)
        self.assert_broken(message.replace(b"ARC-Seal: i=1;", b"ARC-Seal: i=1; h=from;"), "seal of set 1 has h=")
        covering = message.replace(b" h=from", b" h=arc-seal : from")
        self.assertNotEqual(covering, message)
        self.assert_broken(covering, "a message signature covers seals")

    def test_keys(self) -> None:
        """A chain whose key is missing fails; one whose key cannot be asked for now is neither good nor bad."""
        message = sealed(sealed(MESSAGE), 2)
        self.resolver.failing = {"arc._domainkey.mx1.test"}
        self.assertEqual(self.chain(message), Chain("temperror", 2, reason="DNS does not answer"))
        self.resolver.failing = set()
        del self.resolver.strings["arc._domainkey.mx1.test"]
        self.assert_broken(message, "no key")

    def test_unreadable(self) -> None:
        """A set whose tags cannot be read breaks the chain."""
        message = sealed(MESSAGE)
        self.assert_broken(message.replace(b"ARC-Seal: i=1;", b"ARC-Seal: i=1; i=1;"), "the field cannot be read")
        self.assert_broken(message.replace(b"a=rsa-sha256", b"a=rsa-sha1", 1), "rsa-sha1 is not accepted")
