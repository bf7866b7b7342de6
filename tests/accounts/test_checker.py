"""The cred portal that SMTP and IMAP log in through."""

from twisted.cred.credentials import IUsernamePassword, UsernamePassword
from twisted.cred.error import UnhandledCredentials

from daptinmail.accounts.checker import make_portal
from daptinmail.errors import Unauthenticated
from daptinmail.interfaces.credentials import AccountCredentials
from daptinmail.interfaces.directory import IAuthenticated
from tests.contracts import authenticated


class PortalTests(authenticated.PortalContract):
    """Over accounts in memory."""

    def setUp(self) -> None:
        self.fill()
        self.portal = make_portal(self.directory)

    def test_no_text(self) -> None:
        """Octets that are no text are refused like a wrong password."""
        self.failureResultOf(self.log_in(b"\xff", b"\xfe"), Unauthenticated)

    def test_interfaces(self) -> None:
        """The realm gives accounts and nothing else."""
        credentials = AccountCredentials(b"ann@example.com", b"correct horse")
        self.failureResultOf(self.portal.login(credentials, None, IUsernamePassword), NotImplementedError)

    def test_foreign_credentials(self) -> None:
        """Credentials without an address of origin are a mistake of ours."""
        refused = self.portal.login(UsernamePassword(b"ann", b"x"), None, IAuthenticated)
        self.failureResultOf(refused, UnhandledCredentials)

    def test_password_is_not_shown(self) -> None:
        """Credentials in a log do not show the password."""
        self.assertNotIn("correct", repr(AccountCredentials(b"ann", b"correct horse")))
