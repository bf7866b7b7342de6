"""App passwords, from making to revoking."""

from typing import Any
from uuid import UUID

from attrs import evolve
from sqlalchemy import func, select
from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs

from daptinmail.accounts.app_password_rules import AppPasswordRules
from daptinmail.accounts.app_passwords import canonical_secret, new_secret
from daptinmail.accounts.rules import MailAccountRules
from daptinmail.db.records import Records
from daptinmail.db.schema import mail_app_password
from daptinmail.errors import Conflict, Forbidden, Invalid, Unauthenticated
from daptinmail.interfaces.directory import Viewer
from daptinmail.interfaces.records import Draft, Query, Record
from tests.accounts.proving import ProvingCase
from tests.accounts.test_rules import NotedStore
from tests.contracts.proofs import ANN, BOB, PEER
from tests.support.certificates import MemorySigningKeys

ROOT = Viewer(user_id=None, is_administrator=True)


class AppPasswordCase(ProvingCase):
    """Through the generic records."""

    def setUp(self) -> None:
        super().setUp()
        self.add(ANN, "correct horse")
        self.add(BOB, "battery staple")
        self.made = 0
        self.ended: list[int] = []
        self.revocations.followers.append(self)  # type: ignore[arg-type]  # only end_sessions is asked for
        store = NotedStore(self.clock, self.identifiers)
        self.rules = AppPasswordRules(self.app_passwords, self.revocations, self.random)
        accounts = MailAccountRules(self.passwords, store, MemorySigningKeys(), self.revocations)
        rules = {"mail_app_password": self.rules, "mail_account": accounts}
        self.records = Records(self.storage, self.clock, self.identifiers, rules)

    def random(self, octets: int) -> bytes:
        """Different each time."""
        self.made += 1
        return self.made.to_bytes(octets, "little")

    def end_sessions(self, account_id: int) -> None:
        """Noted."""
        self.ended.append(account_id)

    def creating(self, username: str = ANN, viewer: Viewer = ROOT, **attributes: Any) -> "Deferred[Record]":
        """Ask for one."""
        account = self.column(username, "reference_id")
        draft = Draft("mail_app_password", {"name": "telephone", **attributes}, {"mail_account_id": account})
        return Deferred.fromCoroutine(self.records.create(draft, viewer))

    def create(self, username: str = ANN, **attributes: Any) -> Record:
        """Make one."""
        return self.successResultOf(self.creating(username, **attributes))

    def patching(self, record: Record, to_one: dict[str, UUID | None] | None = None, **attributes: Any) -> Any:
        """Change it."""
        change = self.records.patch(record.kind, record.reference, attributes, to_one or {}, ROOT)
        return Deferred.fromCoroutine(change)

    def log_in(self, secret: str, username: str = ANN, service: str = "imap") -> "Deferred[Any]":
        """Try it."""
        return Deferred.fromCoroutine(self.directory.authenticate(username, secret, PEER, service))

    def assert_opens(self, secret: str, **where: str) -> None:
        """It does."""
        self.successResultOf(self.log_in(secret, **where))

    def assert_shut(self, secret: str, **where: str) -> None:
        """It does not."""
        self.failureResultOf(self.log_in(secret, **where), Unauthenticated)

    def count(self) -> int:
        """Rows."""
        query = select(func.count()).select_from(mail_app_password)
        return int(self.successResultOf(self.storage.read(lambda connection: connection.execute(query).scalar_one())))

    def stored(self) -> Any:
        """The only row."""
        query = select(mail_app_password)
        return self.successResultOf(self.storage.read(lambda connection: connection.execute(query).one()))


class AppPasswordTests(AppPasswordCase):
    """What they open."""

    def test_opens(self) -> None:
        """With or without hyphens, in any case, for the account it was made for; the account's own password goes on."""
        secret = str(self.create().attributes["password"])
        self.assertRegex(secret, "^([a-z2-7]{5}-){5}[a-z2-7]$")
        for spelling in (secret, secret.replace("-", ""), secret.upper(), secret.replace("-", " ")):
            self.assert_opens(spelling)
        self.assert_shut(secret, username=BOB)
        self.assert_shut(secret, username="nobody")
        self.assert_shut(secret[:-1] + ("a" if secret[-1] != "a" else "b"))
        self.assert_opens("correct horse")

    def test_protocols(self) -> None:
        """For IMAP, for SMTP, or both; for nothing else."""
        for protocols, open_for in (("imap", {"imap"}), ("smtp", {"smtp"}), ("SMTP, imap", {"imap", "smtp"})):
            secret = str(self.create(protocols=protocols).attributes["password"])
            for service in ("imap", "smtp"):
                (self.assert_opens if service in open_for else self.assert_shut)(secret, service=service)
            self.assert_shut(secret, service="")

    def test_expires(self) -> None:
        """It ends when it was said to."""
        secret = str(self.create(expires_at="2026-01-02T04:00:00Z").attributes["password"])
        self.assert_opens(secret)
        self.clock.advance(3600)
        self.assert_shut(secret)

    def test_shown_once(self) -> None:
        """The answer to its making shows it; no list, no row, no change, no log and no column has it."""
        with capturedLogs() as logged:
            made = self.create()
            secret = str(made.attributes["password"])
            self.assert_opens(secret)
            self.assert_shut(secret, username=BOB)
        self.assertTrue(secret)
        read = self.records.get("mail_app_password", made.reference, ROOT)
        listed = self.records.list("mail_app_password", Query(), ROOT)
        others = [self.run_now(read), self.run_now(listed), self.successResultOf(self.patching(made, name="other"))]
        self.assertEqual(others[0].attributes["password"], "")
        for text in (repr(others), repr(logged), repr(self.stored()), repr(self.events.events)):
            self.assertNotIn(secret, text)
            self.assertNotIn(secret.replace("-", ""), text)

    def test_given_password_is_ignored(self) -> None:
        """Nobody chooses it, nor its digest."""
        secret = self.create(password="a" * 26, digest="b").attributes["password"]
        self.assertNotEqual(secret, "a" * 26)
        self.assert_shut("a" * 26)

    def test_revoked_at_once(self) -> None:
        """Once the row is gone it opens nothing, and what it opened is closed."""
        made = self.create()
        secret = str(made.attributes["password"])
        self.assert_opens(secret)
        self.run_now(self.records.delete("mail_app_password", made.reference, ROOT))
        self.assert_shut(secret)
        self.assertEqual(self.ended, [self.column(ANN, "id")])

    def test_narrowed(self) -> None:
        """One that may do less, or ends earlier, ends sessions; a new name does not."""
        made = self.create()
        self.successResultOf(self.patching(made, name="tablet"))
        self.assertEqual(self.ended, [])
        self.successResultOf(self.patching(made, protocols="smtp"))
        self.successResultOf(self.patching(made, expires_at="2026-01-02T04:00:00Z"))
        self.assertEqual(len(self.ended), 2)
        self.assert_shut(str(made.attributes["password"]))

    def test_last_used(self) -> None:
        """The row tells when it was used, within ten minutes."""
        secret = str(self.create().attributes["password"])
        self.assertIsNone(self.stored().last_used_at)
        self.assert_opens(secret)
        first = self.stored().last_used_at
        self.assertEqual(first, self.clock.now().replace(microsecond=0))
        self.clock.advance(60)
        self.assert_opens(secret)
        self.assertEqual(self.stored().last_used_at, first)
        self.clock.advance(600)
        self.assert_opens(secret)
        self.assertGreater(self.stored().last_used_at, first)

    def test_gone_with_the_account(self) -> None:
        """Deleting the account deletes its app passwords and ends its sessions."""
        self.create()
        number = self.column(ANN, "id")
        self.run_now(self.records.delete("mail_account", self.column(ANN, "reference_id"), ROOT))
        self.assertEqual((self.count(), self.ended), (0, [number]))


class AppPasswordRuleTests(AppPasswordCase):
    """What the rows may hold."""

    def test_refused(self) -> None:
        """Each field at fault is named."""
        for name, value in (
            ("name", ""),
            ("name", "x" * 81),
            ("protocols", "pop3"),
            ("protocols", ""),
            ("expires_at", "2026-01-01T00:00:00Z"),
            ("expires_at", "soon"),
        ):
            failure = self.failureResultOf(self.creating(ANN, ROOT, **{name: value}), Invalid)
            self.assertEqual(list(failure.value.fields), [name])
        self.assertEqual(self.count(), 0)

    def test_stays_with_its_account(self) -> None:
        """It cannot be moved to another account."""
        made = self.create()
        self.failureResultOf(self.patching(made, {"mail_account_id": self.column(BOB, "reference_id")}), Invalid)
        self.successResultOf(self.patching(made, {"mail_account_id": self.column(ANN, "reference_id")}))

    def test_not_too_many(self) -> None:
        """An account has a hundred at most."""
        for _ in range(100):
            self.create()
        self.failureResultOf(self.creating(), Conflict)
        self.create(BOB)

    def test_only_administrators(self) -> None:
        """Others may not make one, and leave nothing behind when they try."""
        self.failureResultOf(self.creating(viewer=evolve(ROOT, user_id=None, is_administrator=False)), Forbidden)
        self.assertEqual(self.count(), 0)

    def test_secrets(self) -> None:
        """A secret has 130 bits; what cannot be one is not looked for."""
        self.assertEqual(len(new_secret(lambda octets: b"\xff" * octets).replace("-", "")), 26)
        for text in ("", "a" * 25, "a" * 27, "1" * 26, "a" * 1000, "\u0131" * 26):
            self.assertIsNone(canonical_secret(text))
        self.assertEqual(canonical_secret(" AAAAA-aaaaa AAAAA-aaaaa-aaaaa-a "), "a" * 26)


class SessionTests(AppPasswordCase):
    """What ends sessions of an account."""

    def test_password(self) -> None:
        """A new password does, an unchanged row does not."""
        reference, number = self.column(ANN, "reference_id"), self.column(ANN, "id")
        for attributes in ({"password": ""}, {"password": "new password"}, {"certificate_fingerprint": "ab" * 32}):
            self.run_now(self.records.patch("mail_account", reference, attributes, {}, ROOT))
        self.assertEqual(self.ended, [number, number])
