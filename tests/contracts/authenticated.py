"""The promises of ``IAuthenticated``, and of every cred portal that gives it."""

from typing import Any

from zope.interface.verify import verifyObject

from daptinmail.errors import RateLimited, Unauthenticated
from daptinmail.interfaces.credentials import AccountCredentials
from daptinmail.interfaces.directory import IAuthenticated
from tests.contracts.case import ContractCase
from tests.support.directory import MemoryDirectory

NAME, PASSWORD = b"ann@example.com", b"correct horse"


class PortalContract(ContractCase):
    """Give ``portal`` over ``directory``; call ``fill`` in setUp."""

    portal: Any
    directory: MemoryDirectory

    def fill(self) -> None:
        """One account."""
        self.directory = MemoryDirectory()
        self.account = self.directory.add(NAME.decode(), PASSWORD.decode())

    def log_in(self, username: bytes, password: bytes) -> Any:
        """What the portal answers, sooner or later."""
        return self.portal.login(AccountCredentials(username, password, "192.0.2.7"), None, IAuthenticated)

    def test_contract_account(self) -> None:
        """A login gives the account and a way out; the directory hears from where it came."""
        interface, avatar, log_out = self.successResultOf(self.log_in(NAME, PASSWORD))
        self.assertIs(interface, IAuthenticated)
        verifyObject(IAuthenticated, avatar)
        self.assertEqual(avatar.account, self.account)
        self.assertEqual(self.directory.attempts, [(NAME.decode(), "192.0.2.7")])
        log_out()

    def test_contract_refused(self) -> None:
        """A wrong password and an unknown name are refused alike; who must wait is told how long."""
        for username, password in ((NAME, b"wrong"), (b"nobody", PASSWORD)):
            self.failureResultOf(self.log_in(username, password), Unauthenticated)
        self.directory.limited.add(NAME.decode())
        self.assertEqual(self.failureResultOf(self.log_in(NAME, PASSWORD), RateLimited).value.retry_after, 5.0)
