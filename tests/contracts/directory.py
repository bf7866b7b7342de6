"""The promises of ``IDirectory``."""

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from daptinmail.errors import Unauthenticated
from daptinmail.interfaces.directory import IDirectory
from daptinmail.mail.address import Address

PEER = "192.0.2.7"


class DirectoryContract(SynchronousTestCase):
    """Mix in before ``SynchronousTestCase`` and give ``directory`` and ``add``."""

    directory: Any

    def add(self, username: str, password: str, hostname: str) -> None:
        """Make an account at the server of that host name."""
        raise NotImplementedError

    def answer(self, coroutine: Any) -> Any:
        """The result of a coroutine."""
        return self.successResultOf(Deferred.fromCoroutine(coroutine))

    def at(self, text: str) -> str | None:
        """User name of the account at an address."""
        found = self.answer(self.directory.account_at(Address.parse(text)))
        return None if found is None else str(found.username)

    def fill(self) -> None:
        """Two accounts of one server."""
        self.add("Ann@Example.com", "correct horse", "mail.example.com")
        self.add("bob", "battery staple", "mail.example.com")

    def test_contract_provides(self) -> None:
        """All methods are there."""
        verifyObject(IDirectory, self.directory)

    def test_contract_authenticate(self) -> None:
        """Exact name and password give the account; all else is refused alike."""
        self.fill()
        account = self.answer(self.directory.authenticate("Ann@Example.com", "correct horse", PEER))
        self.assertEqual((account.username, account.address), ("Ann@Example.com", Address("ann", "example.com")))
        self.assertEqual(account.server_hostname, "mail.example.com")
        for name, password in (
            ("Ann@Example.com", "battery staple"),
            ("ann@example.com", "correct horse"),
            ("cyd", "correct horse"),
            ("", ""),
        ):
            refused = Deferred.fromCoroutine(self.directory.authenticate(name, password, PEER))
            self.failureResultOf(refused, Unauthenticated)

    def test_contract_account_at(self) -> None:
        """Mail finds its account in any case, with or without detail."""
        self.fill()
        self.assertEqual(self.at("ANN@example.COM"), "Ann@Example.com")
        self.assertEqual(self.at("ann+lists@example.com"), "Ann@Example.com")
        self.assertEqual(self.at("bob@mail.example.com"), "bob")
        self.assertIsNone(self.at("bob@example.com"))
        self.assertIsNone(self.at("ann@example.net"))

    def test_contract_postmaster(self) -> None:
        """Local domains have a postmaster, others have none."""
        self.fill()
        self.assertEqual(self.at("Postmaster@example.com"), "Ann@Example.com")
        self.assertIsNone(self.at("postmaster@example.net"))

    def test_contract_domains(self) -> None:
        """Each domain of an account is named once."""
        self.assertEqual(self.answer(self.directory.domains()), [])
        self.fill()
        self.add("Cyd@example.com", "correct horse", "mail.example.com")
        self.assertEqual(self.answer(self.directory.domains()), ["example.com", "mail.example.com"])

    def test_contract_is_local(self) -> None:
        """Host names of servers and domains of accounts are local."""
        self.fill()
        for domain, local in {
            "Mail.example.com": True,
            "EXAMPLE.com": True,
            "com": False,
            "example.net": False,
        }.items():
            self.assertIs(self.answer(self.directory.is_local(domain)), local, domain)

    def test_contract_may_send_as(self) -> None:
        """An account sends as itself."""
        self.fill()
        account = self.answer(self.directory.authenticate("bob", "battery staple", PEER))
        for text, allowed in {
            "bob@mail.example.com": True,
            "Bob+x@Mail.example.com": True,
            "bob@example.com": False,
            "ann@example.com": False,
        }.items():
            self.assertIs(self.directory.may_send_as(account, Address.parse(text)), allowed, text)
