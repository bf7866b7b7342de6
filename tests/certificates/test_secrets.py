"""Private keys at rest."""

from uuid import UUID

from twisted.trial.unittest import SynchronousTestCase

from daptinmail.certificates.secrets import RowCipher
from daptinmail.errors import StoreDamaged

ONE, OTHER = UUID(int=1), UUID(int=2)


class RowCipherTests(SynchronousTestCase):
    """Seal and open."""

    def setUp(self) -> None:
        self.cipher = RowCipher("0123456789abcdef0123456789abcdef")

    def test_round_trip(self) -> None:
        """What was sealed for a row can be opened for it."""
        sealed = self.cipher.encrypt(ONE, b"secret key")
        self.assertEqual(self.cipher.decrypt(ONE, sealed), b"secret key")
        self.assertNotIn("secret", sealed)

    def test_fresh_nonce(self) -> None:
        """The same text is sealed differently each time."""
        self.assertNotEqual(self.cipher.encrypt(ONE, b"key"), self.cipher.encrypt(ONE, b"key"))

    def assert_closed(self, sealed: str, reference: UUID = ONE) -> None:
        """It cannot be opened, and the error shows nothing of it."""
        with self.assertRaises(StoreDamaged) as caught:
            self.cipher.decrypt(reference, sealed)
        self.assertNotIn("key", caught.exception.text)

    def test_moved_to_another_row(self) -> None:
        """A key copied into another row of the database is not accepted there."""
        self.assert_closed(self.cipher.encrypt(ONE, b"key"), OTHER)

    def test_changed(self) -> None:
        """A changed octet is noticed (Daptin's AES-CFB would not)."""
        sealed = self.cipher.encrypt(ONE, b"key")
        for place in (6, len(sealed) // 2, len(sealed) - 4):
            swapped = "A" if sealed[place] != "A" else "B"
            self.assert_closed(sealed[:place] + swapped + sealed[place + 1 :])

    def test_another_secret(self) -> None:
        """With another encryption.secret nothing opens."""
        self.assert_closed(RowCipher("another").encrypt(ONE, b"key"))

    def test_garbage(self) -> None:
        """What was never sealed does not open."""
        for text in ("", "gcm1:", "gcm1:AAAA", "-----BEGIN PRIVATE KEY-----", "gcm1:\u00e9"):
            self.assert_closed(text)

    def test_secret_is_not_shown(self) -> None:
        """The secret does not show in a log."""
        self.assertNotIn("0123456789abcdef", repr(self.cipher))
