"""The cred portal that SMTP and IMAP log in through."""

from typing import Any

from twisted.cred.credentials import ICredentials, UsernamePassword
from twisted.cred.error import UnhandledCredentials
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.accounts.checker import make_portal
from daptinmail.errors import RateLimited, Unauthenticated
from daptinmail.interfaces.directory import AccountCredentials, IAuthenticated
from tests.support.directory import MemoryDirectory


class PortalTests(SynchronousTestCase):
    """Over accounts in memory."""

    def setUp(self) -> None:
        self.directory = MemoryDirectory()
        self.account = self.directory.add("ann@example.com", "correct horse")
        self.portal = make_portal(self.directory)

    def log_in(self, credentials: ICredentials) -> "Deferred[Any]":
        """Try to log in."""
        return self.portal.login(credentials, None, IAuthenticated)

    def test_account(self) -> None:
        """A login gives the account."""
        credentials = AccountCredentials(b"ann@example.com", b"correct horse", "192.0.2.7")
        interface, avatar, log_out = self.successResultOf(self.log_in(credentials))
        self.assertIs(interface, IAuthenticated)
        self.assertTrue(IAuthenticated.providedBy(avatar))
        self.assertEqual(avatar.account, self.account)
        self.assertEqual(self.directory.attempts, [("ann@example.com", "192.0.2.7")])
        log_out()

    def test_refused(self) -> None:
        """A wrong password, or octets that are no text, are refused alike."""
        self.failureResultOf(self.log_in(AccountCredentials(b"ann@example.com", b"wrong")), Unauthenticated)
        self.failureResultOf(self.log_in(AccountCredentials(b"\xff", b"\xfe")), Unauthenticated)

    def test_limited(self) -> None:
        """The edge hears how long to wait."""
        self.directory.limited.add("ann@example.com")
        failure = self.failureResultOf(
            self.log_in(AccountCredentials(b"ann@example.com", b"correct horse")), RateLimited
        )
        self.assertEqual(failure.value.retry_after, 5.0)

    def test_foreign_credentials(self) -> None:
        """Credentials without an address of origin are a mistake of ours."""
        self.failureResultOf(self.log_in(UsernamePassword(b"ann", b"x")), UnhandledCredentials)

    def test_password_is_not_shown(self) -> None:
        """Credentials in a log do not show the password."""
        self.assertNotIn("correct", repr(AccountCredentials(b"ann", b"correct horse")))
