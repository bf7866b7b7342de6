"""Passwords are hashed in threads, a few at a time."""

from dataclasses import replace

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.accounts.passwords import MAX_PASSWORD, MAX_WAITING, Passwords
from daptinmail.errors import Invalid, Unavailable
from tests.support.accounts import CHEAP, HeldBlocking, cheap_passwords
from tests.support.runtime import SynchronousBlocking


class PasswordTests(SynchronousTestCase):
    """Hash and verify."""

    def setUp(self) -> None:
        self.passwords = cheap_passwords()

    def hash(self, password: str) -> str:
        """The hash of a password."""
        return self.successResultOf(Deferred.fromCoroutine(self.passwords.hash(password)))

    def verify(self, stored: str, password: str) -> bool:
        """Whether it is the one."""
        return self.successResultOf(Deferred.fromCoroutine(self.passwords.verify(stored, password)))

    def test_round_trip(self) -> None:
        """The right password opens, another does not."""
        stored = self.hash("correct horse")
        self.assertTrue(stored.startswith("$argon2id$"))
        self.assertTrue(self.verify(stored, "correct horse"))
        self.assertFalse(self.verify(stored, "correct hors"))
        self.assertFalse(self.verify(stored, ""))

    def test_same_password_other_hash(self) -> None:
        """Equal passwords do not show as equal hashes."""
        self.assertNotEqual(self.hash("correct horse"), self.hash("correct horse"))

    def test_unicode_forms_are_equal(self) -> None:
        """A password with accents works from systems that compose letters differently."""
        self.assertTrue(self.verify(self.hash("caf\u00e9-caf\u00e9"), "cafe\u0301-cafe\u0301"))

    def test_length_limit(self) -> None:
        """A password longer than 1024 octets is refused and never verified."""
        stored = self.hash("x" * MAX_PASSWORD)
        self.assertTrue(self.verify(stored, "x" * MAX_PASSWORD))
        self.assertFalse(self.verify(stored, "x" * (MAX_PASSWORD + 1)))
        for password in ("", "x" * (MAX_PASSWORD + 1), "\u00e9" * 513, "\ud800"):
            failure = self.failureResultOf(Deferred.fromCoroutine(self.passwords.hash(password)), Invalid)
            self.assertEqual(list(failure.value.fields), ["password"])

    def test_damaged_hash_opens_nothing(self) -> None:
        """A column that holds no hash, or a plain password, lets nobody in."""
        for stored in ("", "password", "$argon2id$broken"):
            self.assertFalse(self.verify(stored, "password"))
            self.assertFalse(self.passwords.needs_rehash(stored))

    def test_needs_rehash(self) -> None:
        """A hash made with older parameters is noticed."""
        stored = self.hash("correct horse")
        self.assertFalse(self.passwords.needs_rehash(stored))
        stronger = Passwords(SynchronousBlocking(), replace(CHEAP, time_cost=2))
        self.assertTrue(stronger.needs_rehash(stored))


class TurnTests(SynchronousTestCase):
    """How many verifications run at once."""

    def setUp(self) -> None:
        self.blocking = HeldBlocking()
        self.addCleanup(self.blocking.release_all)
        self.passwords = Passwords(self.blocking, CHEAP, concurrency=2)

    def start(self) -> "Deferred[str]":
        """A password to be hashed."""
        return Deferred.fromCoroutine(self.passwords.hash("correct horse"))

    def test_concurrency_is_bounded(self) -> None:
        """Many logins at once do not take the memory of many verifications."""
        waiting = [self.start() for _ in range(5)]
        self.assertEqual(self.blocking.started, 2)
        self.blocking.release()
        self.assertEqual(self.blocking.started, 3)
        for _ in range(4):
            self.blocking.release()
        for result in waiting:
            self.successResultOf(result)

    def test_unknown_name_takes_the_same_path(self) -> None:
        """An unknown name costs one verification in a thread, as a known one does."""
        result = Deferred.fromCoroutine(self.passwords.verify_dummy("guess"))
        self.assertNoResult(result)
        self.assertEqual(self.blocking.started, 1)
        self.blocking.release()
        self.successResultOf(result)

    def test_overlong_password_takes_the_same_path(self) -> None:
        """So does a password that is too long to be anybody's."""
        result = Deferred.fromCoroutine(self.passwords.verify("$argon2id$", "x" * 5000))
        self.assertEqual(self.blocking.started, 1)
        self.blocking.release()
        self.assertFalse(self.successResultOf(result))

    def test_client_that_leaves_keeps_its_turn(self) -> None:
        """Connecting, guessing and leaving does not start more verifications than allowed."""
        gone = self.start()
        gone.cancel()
        self.failureResultOf(gone, CancelledError)
        waiting = [self.start(), self.start()]
        self.assertEqual(self.blocking.started, 2)
        self.blocking.release()
        self.assertEqual(self.blocking.started, 3)
        self.assertNoResult(waiting[0])

    def test_queue_is_bounded(self) -> None:
        """A flood of logins is refused as a temporary condition."""
        waiting = [self.start() for _ in range(2 + MAX_WAITING)]
        self.failureResultOf(self.start(), Unavailable)
        self.assertNoResult(waiting[-1])
