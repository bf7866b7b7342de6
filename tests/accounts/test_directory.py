"""Mail accounts and local domains."""

from dataclasses import replace

from sqlalchemy import select, update
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import capturedLogs
from zope.interface.verify import verifyObject

from daptinmail.accounts.directory import Directory
from daptinmail.accounts.passwords import Passwords
from daptinmail.accounts.throttle import NAME, Throttle
from daptinmail.db.schema import mail_account
from daptinmail.errors import RateLimited, Unauthenticated
from daptinmail.interfaces.directory import Account, IDirectory
from daptinmail.interfaces.storage import ITransaction
from daptinmail.mail.address import Address
from tests.support.accounts import CHEAP, HeldBlocking, add_account, add_server, cheap_passwords
from tests.support.events import MemoryEvents
from tests.support.runtime import CountingIdentifiers, SteadyClock, SynchronousBlocking
from tests.support.storage import StorageCase

PEER = "192.0.2.7"


class CountedPasswords(Passwords):
    """Counts verifications."""

    verified = 0

    async def verify(self, stored: str, password: str) -> bool:
        """One more."""
        type(self).verified += 1
        return await super().verify(stored, password)


class DirectoryTests(StorageCase):
    """Over rows in memory."""

    def setUp(self) -> None:
        self.clock = SteadyClock()
        self.storage, self.identifiers = self.make_storage(self.clock), CountingIdentifiers()
        self.events = MemoryEvents()
        CountedPasswords.verified = 0
        self.passwords = CountedPasswords(SynchronousBlocking(), CHEAP)
        self.directory = Directory(self.storage, self.passwords, Throttle(self.clock), self.clock, self.events)
        self.server = (self.run_now(add_server(self.storage, self.identifiers)), "mail.example.com")

    def run_now(self, coroutine):  # type: ignore[no-untyped-def] # answers what the coroutine does
        """The result of a coroutine."""
        return self.successResultOf(Deferred.fromCoroutine(coroutine))

    def add(self, username: str, password: str = "correct horse") -> int:
        """An account."""
        return int(self.run_now(add_account(self.storage, self.identifiers, username, password, self.server)))

    def log_in(self, username: str, password: str = "correct horse", peer: str = PEER) -> "Deferred[Account]":
        """Try to authenticate."""
        return Deferred.fromCoroutine(self.directory.authenticate(username, password, peer))

    def at(self, text: str) -> str | None:
        """User name of the account at an address."""
        found = self.run_now(self.directory.account_at(Address.parse(text)))
        return None if found is None else found.username

    def test_provides_the_seam(self) -> None:
        """The edges may rely on it."""
        verifyObject(IDirectory, self.directory)

    def test_authenticate(self) -> None:
        """Name and password give the account."""
        number = self.add("Ann@Example.com")
        account = self.successResultOf(self.log_in("Ann@Example.com"))
        self.assertEqual(account.id, number)
        self.assertEqual(account.address, Address("ann", "example.com"))
        self.assertEqual((account.server_id, account.server_hostname), self.server)

    def test_seed_account(self) -> None:
        """A user name without a domain logs in as it is, and gets mail at the server's host name."""
        self.add("email-address", "password")
        account = self.successResultOf(self.log_in("email-address", "password"))
        self.assertEqual(str(account.address), "email-address@mail.example.com")

    def test_wrong_and_unknown_look_alike(self) -> None:
        """A wrong password and an unknown name get the same answer."""
        self.add("ann@example.com")
        texts = set()
        for name, password in (("ann@example.com", "wrong"), ("bob@example.com", "wrong"), ("x" * 5000, "wrong")):
            failure = self.failureResultOf(self.log_in(name, password), Unauthenticated)
            texts.add(str(failure.value))
        self.assertEqual(len(texts), 1)

    def test_password_typed_as_name(self) -> None:
        """A password typed into the wrong field stands in no log and in no event."""
        with capturedLogs() as logged:
            for _ in range(NAME.free + 1):
                self.failureResultOf(self.log_in("correct horse", ""), Unauthenticated)
        self.assertTrue(logged and self.events.kinds)
        self.assertNotIn("correct horse", repr(logged) + repr(self.events.events))

    def test_name_is_exact(self) -> None:
        """The case of the user name counts; blanks, wildcards and quotes are nothing special."""
        self.add("ann@example.com")
        for name in ("Ann@example.com", " ann@example.com", "ann@example.com\0", "%", "' OR '1'='1"):
            self.failureResultOf(self.log_in(name), Unauthenticated)

    def test_guessing_is_slowed(self) -> None:
        """After a few failures the answer is to wait, and it is in the event log."""
        self.add("ann@example.com")
        for _ in range(NAME.free + 1):
            self.failureResultOf(self.log_in("ann@example.com", "wrong"), Unauthenticated)
        failure = self.failureResultOf(self.log_in("ann@example.com"), RateLimited)
        self.assertEqual(failure.value.retry_after, 1.0)
        self.assertEqual(self.events.kinds, ["login.delayed"])
        self.assertNotIn("wrong", repr(self.events.events))
        self.clock.advance(1)
        self.successResultOf(self.log_in("ann@example.com"))

    def test_second_connection_is_quick(self) -> None:
        """A mail client that opens several connections costs one verification; a minute later it is verified again."""
        self.add("ann@example.com")
        for _ in range(5):
            self.successResultOf(self.log_in("ann@example.com"))
        self.assertEqual(self.passwords.verified, 1)
        self.clock.advance(61)
        self.successResultOf(self.log_in("ann@example.com"))
        self.assertEqual(self.passwords.verified, 2)

    def test_many_connections_at_once(self) -> None:
        """A client that opens twenty connections at the same moment costs one verification, not twenty."""
        self.add("ann@example.com")
        late = HeldBlocking()
        self.passwords.blocking = late
        logins = [self.log_in("ann@example.com") for _ in range(20)]
        wrong = self.log_in("ann@example.com", "wrong")
        self.assertEqual(late.started, 2)
        late.release()
        late.release()
        for login in logins:
            self.successResultOf(login)
        self.failureResultOf(wrong, Unauthenticated)
        self.assertEqual(late.started, 2)

    def test_client_that_leaves_while_others_wait(self) -> None:
        """A connection that goes away does not hold up the others."""
        self.add("ann@example.com")
        late = HeldBlocking()
        self.passwords.blocking = late
        logins = [self.log_in("ann@example.com") for _ in range(3)]
        for gone in logins[:2]:
            gone.cancel()
            self.failureResultOf(gone, CancelledError)
        while late.calls:
            late.release()
        self.successResultOf(logins[2])

    def test_cache_mix_up_other_account_same_password(self) -> None:
        """What was verified for one account opens no other, also with an equal password (CVE-2025-30189)."""
        self.add("ann@example.com", "same password")
        self.add("bob@example.com", "other password")
        self.successResultOf(self.log_in("ann@example.com", "same password"))
        self.failureResultOf(self.log_in("bob@example.com", "same password"), Unauthenticated)
        self.add("cyd@example.com", "same password")
        self.successResultOf(self.log_in("cyd@example.com", "same password"))
        self.assertEqual(self.passwords.verified, 3)

    def test_cache_mix_up_changed_password(self) -> None:
        """The old password stops working at once when it is changed."""
        number = self.add("ann@example.com", "old password")
        self.successResultOf(self.log_in("ann@example.com", "old password"))
        self.change(number, password=self.run_now(cheap_passwords().hash("new password")))
        self.failureResultOf(self.log_in("ann@example.com", "old password"), Unauthenticated)
        self.successResultOf(self.log_in("ann@example.com", "new password"))

    def test_cache_mix_up_account_made_again(self) -> None:
        """An account that takes over name and hash but is another version of the row is verified afresh."""
        number = self.add("ann@example.com")
        self.successResultOf(self.log_in("ann@example.com"))
        self.change(number, version=2)
        self.successResultOf(self.log_in("ann@example.com"))
        self.assertEqual(self.passwords.verified, 2)

    def test_wrong_password_is_never_cached(self) -> None:
        """A wrong password stays wrong."""
        self.add("ann@example.com")
        for _ in range(3):
            self.failureResultOf(self.log_in("ann@example.com", "wrong"), Unauthenticated)
        self.assertEqual(self.passwords.verified, 3)

    def change(self, number: int, **values: object) -> None:
        """Change the account's row."""

        def work(transaction: ITransaction) -> None:
            transaction.connection.execute(update(mail_account).where(mail_account.c.id == number).values(**values))

        self.successResultOf(self.storage.write(work))

    def test_old_hash_is_renewed(self) -> None:
        """A hash made with weaker parameters is replaced after a login; the password stays."""
        number = self.add("ann@example.com")
        self.directory.passwords = Passwords(SynchronousBlocking(), replace(CHEAP, time_cost=2))
        self.successResultOf(self.log_in("ann@example.com"))
        query = select(mail_account.c.password).where(mail_account.c.id == number)
        stored = self.successResultOf(self.storage.read(lambda connection: connection.execute(query).scalar_one()))
        self.assertIn("t=2", stored)
        self.successResultOf(self.log_in("ann@example.com"))

    def test_address_in_any_case(self) -> None:
        """Mail reaches the account whatever the case of its address."""
        self.add("Ann@Example.com")
        self.assertEqual(self.at("aNN@eXAMPLE.COM"), "Ann@Example.com")
        self.assertIsNone(self.at("bob@example.com"))
        self.assertIsNone(self.at("ann@mail.example.com"))

    def test_detail_is_ignored(self) -> None:
        """Mail to a plus-address reaches the account, unless an account has that very name."""
        self.add("ann@example.com")
        self.add("ann+work@example.com")
        self.assertEqual(self.at("ann+lists@example.com"), "ann@example.com")
        self.assertEqual(self.at("ANN+Work@example.com"), "ann+work@example.com")
        self.assertIsNone(self.at("+ann@example.com"))

    def test_internationalised_domain(self) -> None:
        """A domain in A-labels and in U-labels is the same domain."""
        self.add("ann@b\u00fccher.example")
        self.assertEqual(self.at("ann@xn--bcher-kva.example"), "ann@b\u00fccher.example")
        self.assertTrue(self.run_now(self.directory.is_local("B\u00dcCHER.example")))

    def test_postmaster(self) -> None:
        """Every local domain has a postmaster: its own account, or the first account of domain, server or all."""
        self.assertIsNone(self.at("postmaster@mail.example.com"))
        self.add("ann@example.com")
        self.add("bob@example.com")
        self.assertEqual(self.at("postmaster@example.com"), "ann@example.com")
        self.assertEqual(self.at("PostMaster@mail.example.com"), "ann@example.com")
        self.assertIsNone(self.at("postmaster@example.net"))
        self.run_now(add_server(self.storage, self.identifiers, "mx.example.com"))
        self.assertEqual(self.at("postmaster@mx.example.com"), "ann@example.com")
        self.assertIsNone(self.at("bob@mx.example.com"))
        self.add("postmaster@example.com")
        self.assertEqual(self.at("postmaster@example.com"), "postmaster@example.com")

    def test_local_domains(self) -> None:
        """Host names of servers, also switched off ones, and domains of accounts are local; nothing else is."""
        self.run_now(add_server(self.storage, self.identifiers, "old.example.org", enabled=False))
        self.add("ann@example.com")
        local = [
            name
            for name in ("MAIL.example.com", "old.example.org", "Example.com", "example.org", "a.example.com", "", "%")
            if self.run_now(self.directory.is_local(name))
        ]
        self.assertEqual(local, ["MAIL.example.com", "old.example.org", "Example.com"])

    def test_may_send_as(self) -> None:
        """An account sends as its own address in any case and with detail, and as nobody else."""
        self.add("ann@example.com")
        account = self.successResultOf(self.log_in("ann@example.com"))
        for text, allowed in {
            "ann@example.com": True,
            "Ann@EXAMPLE.com": True,
            "ann+shop@example.com": True,
            "bob@example.com": False,
            "ann@example.org": False,
            "ann@sub.example.com": False,
            "+ann@example.com": False,
            "annie@example.com": False,
        }.items():
            self.assertEqual(self.directory.may_send_as(account, Address.parse(text)), allowed, text)

    def test_plus_account_may_not_send_as_its_base(self) -> None:
        """The account ann+work may not send as ann."""
        self.add("ann+work@example.com")
        account = self.successResultOf(self.log_in("ann+work@example.com"))
        self.assertFalse(self.directory.may_send_as(account, Address.parse("ann@example.com")))
