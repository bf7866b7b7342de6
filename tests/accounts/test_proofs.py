"""SCRAM, tokens and certificates over rows."""

from pathlib import Path

from attrs import evolve

from daptinmail.accounts.revocations import Revocations
from daptinmail.accounts.rows import scram_columns
from daptinmail.accounts.secret import ServerSecret
from daptinmail.accounts.throttle import NAME
from daptinmail.db.configuration import Configuration
from daptinmail.db.schema import user_account
from daptinmail.errors import RateLimited, Unauthenticated
from daptinmail.interfaces.credentials import BearerToken, ClientCertificate, ScramProof
from daptinmail.interfaces.storage import ITransaction
from daptinmail.sasl.keys import from_text
from tests.accounts.proving import ProvingCase
from tests.contracts.proofs import ANN, BOB, PEER, prove
from tests.support.client_certificates import Issued, authority, person
from tests.support.scram import ScramClient


class ScramTests(ProvingCase):
    """Over accounts with and without keys."""

    def proof(self, password: str = "correct horse", username: str = ANN) -> ScramProof:
        """What a client sends in the end."""
        keys = self.run_now(self.proofs.scram_keys(username, "sha256", PEER))
        return prove(ScramClient(username, password), keys)

    def test_account_of_before(self) -> None:
        """An account without keys looks like none, until its owner logs in with the password."""
        self.add(ANN, "correct horse")
        self.change(ANN, scram_sha256=None, scram_sha1=None)
        self.refusal(self.proofs.prove_scram(self.proof()), Unauthenticated)
        self.refusal(self.directory.authenticate(ANN, "wrong", PEER), Unauthenticated)
        self.assertIsNone(self.column(ANN, "scram_sha256"))
        self.run_now(self.directory.authenticate(ANN, "correct horse", PEER))
        for digest in ("sha256", "sha1"):
            self.assertEqual(from_text(self.column(ANN, f"scram_{digest}"), digest).iterations, 4096)
        self.run_now(self.proofs.prove_scram(self.proof()))

    def test_password_without_prepared_form(self) -> None:
        """A password that SASLprep refuses opens the account by PLAIN, and SCRAM stays shut."""
        self.add(ANN, "\U0001f600 smile")
        self.assertIsNone(self.column(ANN, "scram_sha256"))
        self.run_now(self.directory.authenticate(ANN, "\U0001f600 smile", PEER))
        self.assertIsNone(self.column(ANN, "scram_sha256"))
        self.refusal(self.proofs.prove_scram(self.proof("\U0001f600 smile")), Unauthenticated)

    def test_changed_meanwhile(self) -> None:
        """A proof over keys that are not the account's any more fails."""
        self.add(ANN, "correct horse")
        proof = self.proof()
        self.change(ANN, **scram_columns(self.run_now(self.passwords.scram_keys("correct horse"))))
        self.refusal(self.proofs.prove_scram(proof), Unauthenticated)
        self.run_now(self.proofs.prove_scram(self.proof()))

    def test_guessing_is_slowed(self) -> None:
        """A wrong proof counts like a wrong password, together with those; asking for the salt does not count."""
        self.add(ANN, "correct horse")
        for _ in range(NAME.free):
            self.refusal(self.directory.authenticate(ANN, "wrong", PEER), Unauthenticated)
        proof = self.proof("wrong")
        self.refusal(self.proofs.prove_scram(proof), Unauthenticated)
        self.refusal(self.proofs.scram_keys(ANN, "sha256", PEER), RateLimited)
        self.refusal(self.proofs.prove_scram(proof), RateLimited)
        self.assertEqual(self.events.kinds, ["login.delayed"])
        self.clock.advance(1)
        self.run_now(self.proofs.prove_scram(self.proof()))

    def test_one_password_in_several_places(self) -> None:
        """Two accounts with one password have different keys."""
        for name in (ANN, BOB):
            self.add(name, "correct horse")
        self.assertNotEqual(self.column(ANN, "scram_sha256"), self.column(BOB, "scram_sha256"))
        self.refusal(self.proofs.prove_scram(evolve(self.proof(), username=BOB)), Unauthenticated)

    def test_salt_of_nobody_outlives_a_restart(self) -> None:
        """Otherwise a restart would tell which names exist."""
        before = self.run_now(self.proofs.scram_keys("nobody", "sha256", PEER))
        self.proofs.secret = ServerSecret(Configuration(self.storage, self.clock))
        self.assertEqual(self.run_now(self.proofs.scram_keys("nobody", "sha256", PEER)), before)


class TokenTests(ProvingCase):
    """The token of a user opens what the user owns."""

    def test_stale(self) -> None:
        """A token from before a change of the user's password, or past its time, opens nothing."""
        self.add(ANN, "correct horse")
        token, number = self.make_user()
        self.change(ANN, user_account_id=number)
        self.run_now(self.proofs.prove_token(BearerToken(token, ANN, PEER)))

        def work(transaction: ITransaction) -> None:
            transaction.connection.execute(user_account.update().values(auth_version=2))

        self.successResultOf(self.storage.write(work))
        self.refusal(self.proofs.prove_token(BearerToken(token, ANN, PEER)), Unauthenticated)
        fresh = str(self.run_now(self.users.sign_in("owner@dept.test", "longpass1", PEER)))
        self.run_now(self.proofs.prove_token(BearerToken(fresh, ANN, PEER)))
        self.clock.advance(80 * 3600)
        self.refusal(self.proofs.prove_token(BearerToken(fresh, ANN, PEER)), Unauthenticated)


class CertificateTests(ProvingCase):
    """Certificates of a trusted authority, and of others."""

    def setUp(self) -> None:
        super().setUp()
        self.add(ANN, "correct horse")
        self.add(BOB, "battery staple")
        self.authority = authority(self.clock.now())
        self.bundle = self.authority.write(Path(self.mktemp()))

    def presented(self, certificate: Issued, username: str = "") -> ClientCertificate:
        """As the edge sees it."""
        return ClientCertificate((certificate.der,), username, PEER)

    def person(self, email: str) -> Issued:
        """A certificate of the authority."""
        return person(email, self.authority, self.clock.now())

    def test_by_address(self) -> None:
        """The account whose address the certificate has, in any case; no other."""
        certificate = self.person("Ann@Example.com")
        for username in ("", ANN):
            account = self.run_now(self.proofs.prove_certificate(self.presented(certificate, username)))
            self.assertEqual(account.username, ANN)
        self.refusal(self.proofs.prove_certificate(self.presented(certificate, BOB)), Unauthenticated)
        stranger = self.person("nobody@example.com")
        self.refusal(self.proofs.prove_certificate(self.presented(stranger)), Unauthenticated)

    def test_not_trusted(self) -> None:
        """Somebody else's authority, a broken file of authorities, and none at all vouch for nobody."""
        forged = person(ANN, authority(self.clock.now()), self.clock.now())
        self.refusal(self.proofs.prove_certificate(self.presented(forged)), Unauthenticated)
        certificate = self.presented(self.person(ANN))
        Path(self.bundle).write_text("not PEM")
        self.refusal(self.proofs.prove_certificate(certificate), Unauthenticated)
        for bundle in ("/nowhere", ""):
            self.bundle = bundle
            self.refusal(self.proofs.prove_certificate(certificate), Unauthenticated)

    def test_dates(self) -> None:
        """Neither kind counts before its time or after it."""
        certificate = self.person(ANN)
        self.change(BOB, certificate_fingerprint=certificate.fingerprint.replace(":", "").lower())
        self.clock.advance(-3 * 86400)
        self.refusal(self.proofs.prove_certificate(self.presented(certificate)), Unauthenticated)
        self.clock.advance(40 * 86400)
        self.refusal(self.proofs.prove_certificate(self.presented(certificate)), Unauthenticated)

    def test_fingerprint_goes_first(self) -> None:
        """What an administrator wrote into an account counts more than the address in the certificate."""
        certificate = self.person(ANN)
        self.change(BOB, certificate_fingerprint=certificate.fingerprint.replace(":", "").lower())
        account = self.run_now(self.proofs.prove_certificate(self.presented(certificate)))
        self.assertEqual(account.username, BOB)

    def test_one_certificate_for_two(self) -> None:
        """It opens the one that is named, and none if none is."""
        certificate = self.person("shared@example.com")
        for name in (ANN, BOB):
            self.change(name, certificate_fingerprint=certificate.fingerprint.replace(":", "").lower())
        self.refusal(self.proofs.prove_certificate(self.presented(certificate)), Unauthenticated)
        account = self.run_now(self.proofs.prove_certificate(self.presented(certificate, BOB)))
        self.assertEqual(account.username, BOB)

    def test_garbage(self) -> None:
        """What is no certificate, and too many of them, open nothing."""
        for ders in ((), (b"garbage",), (self.person(ANN).der, b"garbage"), (self.person(ANN).der,) * 11):
            self.refusal(self.proofs.prove_certificate(ClientCertificate(ders, ANN, PEER)), Unauthenticated)


class RevocationTests(ProvingCase):
    """Logins that are under way when what they prove stops counting."""

    def test_meanwhile(self) -> None:
        """Whoever began before is refused at the end; who begins after is not; other accounts do not notice."""
        self.add(ANN, "correct horse")
        number = self.run_now(self.directory.authenticate(ANN, "correct horse", PEER)).id
        marks = self.revocations.mark()
        self.revocations.end_sessions(number)
        self.assertRaises(Unauthenticated, self.revocations.check, number, marks)
        self.revocations.check(number + 1, marks)
        self.revocations.check(number, self.revocations.mark())

    def test_many(self) -> None:
        """What is forgotten counts as revoked: memory has its limit, and doubt shuts."""
        revocations = Revocations()
        mark = revocations.mark()
        for number in range(10_001):
            revocations.end_sessions(number)
        self.assertRaises(Unauthenticated, revocations.check, 0, mark)
        self.assertRaises(Unauthenticated, revocations.check, 99_999, mark)
        revocations.check(99_999, revocations.mark())
