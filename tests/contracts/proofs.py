"""The promises of ``IProofs``."""

from base64 import b64decode, b64encode
from collections.abc import Awaitable, Sequence
from typing import Any

from attrs import evolve
from zope.interface.verify import verifyObject

from daptinmail.errors import Unauthenticated
from daptinmail.interfaces.credentials import BearerToken, ClientCertificate, ScramKeys, ScramProof
from daptinmail.interfaces.directory import Account, IProofs
from daptinmail.sasl.keys import DIGESTS, server_signature
from tests.contracts.case import ContractCase
from tests.support.client_certificates import Issued, authority, person
from tests.support.runtime import START
from tests.support.scram import ScramClient

PEER = "192.0.2.7"
ANN, BOB = "ann@example.com", "bob@example.com"


class ProofsContract(ContractCase):
    """Give ``proofs``, ``add``, ``token_of`` and ``pin``."""

    proofs: Any
    now = START

    def add(self, username: str, password: str) -> None:
        """Make an account."""
        raise NotImplementedError

    def token_of(self, usernames: Sequence[str]) -> str:
        """A token of a user who owns these accounts and no others."""
        raise NotImplementedError

    def pin(self, certificate: Issued, username: str) -> None:
        """Have the certificate stand for an account."""
        raise NotImplementedError

    def fill(self) -> None:
        """Two accounts."""
        self.add(ANN, "correct horse")
        self.add(BOB, "battery staple")

    def fails(self, proving: Awaitable[Account]) -> None:
        """It is refused."""
        self.refused(proving, Unauthenticated)

    def proof(self, user: ScramClient) -> ScramProof:
        """What the client sends in the end, as the edge sees it."""
        keys: ScramKeys = self.result(self.proofs.scram_keys(user.username, user.digest, PEER))
        return prove(user, keys)

    def test_contract_provides(self) -> None:
        """All methods are there."""
        verifyObject(IProofs, self.proofs)

    def test_contract_scram(self) -> None:
        """The right password is proved with each digest, and only that one; the keys stay the same."""
        self.fill()
        for digest in DIGESTS:
            user = ScramClient(ANN, "correct horse", digest)
            proof = self.proof(user)
            account: Account = self.result(self.proofs.prove_scram(proof))
            self.assertEqual(account.username, ANN)
            self.assertEqual(server_signature(proof.keys, proof.message), user.signature)
            self.assertEqual(self.proof(user).keys, proof.keys)
            self.fails(self.proofs.prove_scram(self.proof(ScramClient(ANN, "battery staple", digest))))
            self.fails(self.proofs.prove_scram(evolve(proof, username=BOB)))

    def test_contract_scram_unknown(self) -> None:
        """A name that nobody has gets keys like any other, the same ones each time, and nothing fits them."""
        self.fill()
        known = self.proof(ScramClient(ANN, "correct horse")).keys
        for name in ("nobody@example.com", "", "x" * 1000, "\0"):
            keys = self.proof(ScramClient(name, "correct horse")).keys
            self.assertEqual(self.proof(ScramClient(name, "other")).keys, keys)
            self.assertEqual((keys.iterations, len(keys.salt)), (known.iterations, len(known.salt)))
            self.fails(self.proofs.prove_scram(self.proof(ScramClient(name, "correct horse"))))

    def test_contract_token(self) -> None:
        """A token opens its holder's accounts: by name, or without one if there is only one."""
        self.fill()
        token = self.token_of([ANN])
        for username in (ANN, ""):
            self.assertEqual(self.result(self.proofs.prove_token(BearerToken(token, username, PEER))).username, ANN)
        for given, username in ((token, BOB), (token, "nobody"), (token + "x", ANN), ("", ANN), (token, "\0")):
            self.fails(self.proofs.prove_token(BearerToken(given, username, PEER)))

    def test_contract_token_of_several(self) -> None:
        """Who owns several accounts says which."""
        self.fill()
        token = self.token_of([ANN, BOB])
        self.assertEqual(self.result(self.proofs.prove_token(BearerToken(token, BOB, PEER))).username, BOB)
        self.fails(self.proofs.prove_token(BearerToken(token, "", PEER)))

    def test_contract_certificate(self) -> None:
        """A certificate opens the account that it stands for."""
        self.fill()
        issuer = authority(self.now)
        mine, other = person(ANN, issuer, self.now), person(BOB, issuer, self.now)
        self.pin(mine, ANN)
        for username in (ANN, ""):
            proved = self.proofs.prove_certificate(ClientCertificate((mine.der, issuer.der), username, PEER))
            self.assertEqual(self.result(proved).username, ANN)
        for ders, username in (((mine.der,), BOB), ((other.der,), BOB), ((other.der, mine.der), "")):
            self.fails(self.proofs.prove_certificate(ClientCertificate(ders, username, PEER)))


def prove(user: ScramClient, keys: ScramKeys) -> ScramProof:
    """The client's proof, read from its own message."""
    challenge = b"r=abc,s=%b,i=%d" % (b64encode(keys.salt), keys.iterations)
    bare, _, proof = user.final(challenge).rpartition(b",p=")
    message = b",".join((user.bare.encode(), challenge, bare))
    return ScramProof(user.username, keys, message, b64decode(proof), PEER)
