"""Where mail for an address goes."""

from datetime import timedelta
from typing import Any

from sqlalchemy import insert
from twisted.internet.defer import Deferred
from zope.interface.verify import verifyObject

from daptinmail.accounts.aliases import AliasRules
from daptinmail.accounts.routing import Routing
from daptinmail.db.configuration import Configuration
from daptinmail.db.schema import mail_alias
from daptinmail.errors import Conflict, Invalid
from daptinmail.interfaces.directory import Viewer
from daptinmail.interfaces.records import Row
from daptinmail.interfaces.routing import IRouting
from daptinmail.interfaces.storage import ITransaction
from daptinmail.mail.address import Address
from daptinmail.mail.srs import LIFETIME
from tests.support.accounts import add_account, add_server
from tests.support.certificates import MemorySigningKeys
from tests.support.runtime import CountingIdentifiers, SteadyClock
from tests.support.storage import StorageCase

ADMINISTRATOR = Viewer(1, is_administrator=True)


class AliasCase(StorageCase):
    """Ann and Bob at example.com."""

    def setUp(self) -> None:
        self.clock = SteadyClock()
        self.storage, self.identifiers = self.make_storage(self.clock), CountingIdentifiers()
        self.routing = Routing(self.storage, Configuration(self.storage, self.clock), self.clock)
        self.keys = MemorySigningKeys()
        self.rules = AliasRules(self.keys)
        self.server = (self.result(add_server(self.storage, self.identifiers)), "mail.example.com")
        for name in ("ann@example.com", "bob+x@example.com", "bob@example.com"):
            self.result(add_account(self.storage, self.identifiers, name, server=self.server))

    def result(self, work: Any) -> Any:
        """What a call answers."""
        return self.successResultOf(Deferred.fromCoroutine(work))

    def alias(self, address: str, *targets: str, **more: Any) -> None:
        """A row, checked as over the API."""
        values = {"address": address, "targets": ",".join(targets), **more}
        row: Row = self.result(self.rules.prepare(values, None, ADMINISTRATOR))

        def work(transaction: ITransaction) -> None:
            self.rules.creating(transaction, row)
            row["reference_id"] = self.identifiers.uuid7()
            transaction.connection.execute(insert(mail_alias).values(**row, created_at=transaction.now))

        self.successResultOf(self.storage.write(work))

    def route(self, text: str) -> tuple[list[str], list[str]] | None:
        """Accounts and forwards of an address."""
        found = self.result(self.routing.route(Address.parse(text)))
        if found is None:
            return None
        return [account.username for account, _ in found.accounts], [str(one) for one in found.forwards]


class RouteTests(AliasCase):
    """Accounts, aliases, catch-all."""

    def test_provides_the_seam(self) -> None:
        """The agents may rely on it."""
        verifyObject(IRouting, self.routing)

    def test_accounts(self) -> None:
        """By address in any case, with or without detail; nobody else."""
        self.assertEqual(self.route("ANN+news@Example.com"), (["ann@example.com"], []))
        self.assertIsNone(self.route("cyd@example.com"))
        self.assertIsNone(self.route("ann@example.net"))

    def test_alias(self) -> None:
        """To accounts here and addresses elsewhere, each once, and to the alias with a detail too."""
        self.alias("Sales@example.com", "ann@example.com", "Bob@example.com", "ANN@example.com", "cyd@example.net")
        for address in ("sales@example.com", "SALES+x@example.com"):
            self.assertEqual(self.route(address), (["ann@example.com", "bob@example.com"], ["cyd@example.net"]))

    def test_aliases_of_aliases(self) -> None:
        """They are followed, and circles end."""
        self.alias("all@example.com", "one@example.com", "two@example.com")
        self.alias("one@example.com", "all@example.com", "ann@example.com")
        self.alias("two@example.com", "one@example.com", "bob@example.com")
        self.assertEqual(self.route("all@example.com"), (["ann@example.com", "bob@example.com"], []))
        self.alias("loop@example.com", "loop@example.com")
        self.assertIsNone(self.route("loop@example.com"))

    def test_catch_all(self) -> None:
        """What nobody has; the rest goes where it went."""
        self.alias("*@example.com", "bob@example.com")
        self.assertEqual(self.route("anything@example.com"), (["bob@example.com"], []))
        self.assertEqual(self.route("ann@example.com"), (["ann@example.com"], []))
        self.assertIsNone(self.route("anything@mail.example.com"))

    def test_precedence(self) -> None:
        """The whole local part before the one without detail, be it an account's or an alias's."""
        self.alias("ann+lists@example.com", "bob@example.com")
        self.assertEqual(self.route("ann+lists@example.com"), (["bob@example.com"], []))
        self.assertEqual(self.route("ann+other@example.com"), (["ann@example.com"], []))
        self.assertEqual(self.route("bob+x@example.com"), (["bob+x@example.com"], []))

    def test_postmaster(self) -> None:
        """An alias says who it is; without one it is the domain's first account, catch-all or not."""
        self.alias("*@example.com", "bob@example.com")
        self.assertEqual(self.route("postmaster@example.com"), (["ann@example.com"], []))
        self.alias("postmaster@example.com", "bob@example.com")
        self.assertEqual(self.route("Postmaster@example.com"), (["bob@example.com"], []))

    def test_domain_of_aliases_only(self) -> None:
        """It is local."""
        self.assertFalse(self.result(self.routing.is_local("alias.example")))
        self.alias("info@ALIAS.example", "ann@example.com", "gone@example.com")
        self.assertTrue(self.result(self.routing.is_local("Alias.example")))
        self.assertEqual(self.route("info@alias.example"), (["ann@example.com"], []))
        self.assertIsNone(self.route("other@alias.example"))

    def test_disabled(self) -> None:
        """As if it were not there."""
        self.alias("sales@example.com", "ann@example.com", is_enabled=False)
        self.assertIsNone(self.route("sales@example.com"))

    def test_many(self) -> None:
        """An explosion is bounded."""
        for number in range(1, 30):
            self.alias(
                f"l{number}@example.com",
                *(f"a{number}.{one}@example.net" for one in range(90)),
                f"l{number + 1}@example.com",
            )
        found = self.route("l1@example.com")
        assert found is not None
        self.assertLess(len(found[1]), 200)


class RewritingTests(AliasCase):
    """Return-paths of forwarded mail."""

    def test_there_and_back(self) -> None:
        """A stranger's is rewritten to this domain, and found again; after a restart too."""
        sender = Address("them", "elsewhere.example")
        path = self.result(self.routing.rewritten(sender, "example.com"))
        self.assertEqual(path.domain, "example.com")
        other = Routing(self.storage, Configuration(self.storage, self.clock), self.clock)
        self.assertEqual(self.result(other.returning(path)), sender)
        self.clock.advance((LIFETIME + timedelta(days=1)).total_seconds())
        self.assertIsNone(self.result(other.returning(path)))

    def test_left_alone(self) -> None:
        """The null path and our own."""
        self.assertIsNone(self.result(self.routing.rewritten(None, "example.com")))
        own = Address("ann", "example.com")
        self.assertEqual(self.result(self.routing.rewritten(own, "example.com")), own)

    def test_too_long(self) -> None:
        """No notification rather than no mail."""
        self.assertIsNone(self.result(self.routing.rewritten(Address("x" * 60, "elsewhere.example"), "example.com")))

    def test_not_ours(self) -> None:
        """Another host's, a forged one, an ordinary address."""
        path = self.result(self.routing.rewritten(Address("them", "elsewhere.example"), "example.com"))
        for address in (
            Address(path.local, "example.net"),
            Address(path.local + "x", "example.com"),
            Address("ann", "example.com"),
        ):
            self.assertIsNone(self.result(self.routing.returning(address)))


class RuleTests(AliasCase):
    """What a row may hold."""

    def test_shown_canonically(self) -> None:
        """As it is looked up, targets with commas between."""
        row = self.result(
            self.rules.prepare({"address": " *@Bücher.example", "targets": "a@b.c\nD@e.f , a@b.c"}, None, ADMINISTRATOR)
        )
        self.assertEqual((row["address"], row["targets"]), ("*@xn--bcher-kva.example", "a@b.c, D@e.f"))
        self.assertEqual((row["address_local"], row["address_domain"]), ("", "xn--bcher-kva.example"))

    def test_nonsense(self) -> None:
        """Each fault is named."""
        for field, text in (
            ("address", "sales"),
            ("address", None),
            ("address", "a@[192.0.2.1]"),
            ("targets", ""),
            ("targets", None),
            ("targets", "ann"),
            ("targets", "a@[192.0.2.1]"),
            ("targets", ",".join(f"a{number}@example.net" for number in range(101))),
        ):
            values = {"address": "sales@example.com", "targets": "ann@example.com", field: text}
            prepared = Deferred.fromCoroutine(self.rules.prepare(values, None, ADMINISTRATOR))
            self.assertEqual(list(self.failureResultOf(prepared, Invalid).value.fields), [field])

    def test_key(self) -> None:
        """The domain gets a key to seal with."""
        self.result(self.rules.committed("create", {"address_domain": "alias.example"}))
        self.result(self.rules.committed("delete", {"address_domain": "gone.example"}))
        self.assertEqual(self.keys.domains, ["alias.example"])

    def test_not_beside_an_account(self) -> None:
        """One address is one or the other."""
        self.assertRaises(self.failureException, self.alias, "ann@example.com", "bob@example.com")

    def test_change(self) -> None:
        """Targets alone may change; a new address must be free."""
        changed = self.result(self.rules.prepare({"targets": "bob@example.com"}, {"id": 1}, ADMINISTRATOR))
        self.assertEqual(changed, {"targets": "bob@example.com"})
        moved = self.result(self.rules.prepare({"address": "ann@example.com"}, {"id": 1}, ADMINISTRATOR))
        writing = self.storage.write(lambda transaction: self.rules.patching(transaction, {}, moved))
        self.failureResultOf(writing, Conflict)
