"""``IProofs`` over the table ``mail_account``: SCRAM, tokens of the API, client certificates."""

from collections.abc import Callable
from pathlib import Path

from attrs import define
from sqlalchemy import ColumnElement, and_, or_
from zope.interface import implementer

from daptinmail.accounts.attempts import Attempts
from daptinmail.accounts.client_certificates import Presented, read_certificates, vouched_addresses
from daptinmail.accounts.passwords import SCRAM_ITERATIONS
from daptinmail.accounts.revocations import Revocations
from daptinmail.accounts.rows import ACCOUNTS, MAX_USERNAME, LoginRow, account_of, can_exist, find_login
from daptinmail.accounts.secret import ServerSecret
from daptinmail.accounts.throttle import UNKNOWN_NAME
from daptinmail.db.schema import mail_account
from daptinmail.errors import Unauthenticated
from daptinmail.interfaces.credentials import BearerToken, ClientCertificate, ScramKeys, ScramProof
from daptinmail.interfaces.directory import Account, IProofs, IUsers
from daptinmail.interfaces.runtime import IBlocking, IClock
from daptinmail.interfaces.storage import IStorage
from daptinmail.sasl.keys import is_proved, nobodys_keys


@implementer(IProofs)
@define(eq=False)
class Proofs:
    """Tokens and certificates cannot be guessed, so their failures are not counted against name and network.

    ``authorities`` answers the path of the PEM file of those whose certificates count by the e-mail address in them, ""
    for none. ``scram_iterations`` are as accounts get them, so that names that do not exist look alike.
    """

    storage: IStorage
    attempts: Attempts
    secret: ServerSecret
    revocations: Revocations
    users: IUsers
    blocking: IBlocking
    clock: IClock
    authorities: Callable[[], str] = lambda: ""
    scram_iterations: int = SCRAM_ITERATIONS

    async def scram_keys(self, username: str, digest: str, peer: str) -> ScramKeys:
        """The keys of the account; of a name that has none, some that are made of the name."""
        self.attempts.may_begin(username[:MAX_USERNAME], peer)
        _, keys = await self._scram_login(username, digest)
        return keys

    async def prove_scram(self, proof: ScramProof) -> Account:
        """The account, if the proof fits its keys as they are now. Hashes a few octets: no thread is needed."""
        return await self.attempts.run(proof.username[:MAX_USERNAME], proof.peer, lambda: self._verify_scram(proof))

    async def prove_token(self, token: BearerToken) -> Account:
        """The account of this name, if the holder of the token owns it; without a name the only one that he owns."""
        mark = self.revocations.mark()
        viewer = await self.users.viewer(token.token, token.peer)
        if viewer.user_id is None:
            raise Unauthenticated(cause="a guest")
        owned = await self._found(mail_account.c.user_account_id == viewer.user_id, token.username)
        return self._only(owned, token.username, mark)

    async def prove_certificate(self, certificate: ClientCertificate) -> Account:
        """The account that holds the certificate's fingerprint; or, by a trusted issuer, that of its e-mail address."""
        mark = self.revocations.mark()
        presented = read_certificates(certificate.certificates, self.clock.now())
        pinned = mail_account.c.certificate_fingerprint == presented.fingerprint
        found = await self._found(pinned, certificate.username)
        if not found and self.authorities():
            found = await self._found(await self._vouched(presented), certificate.username)
        return self._only(found, certificate.username, mark)

    async def _vouched(self, presented: Presented) -> ColumnElement[bool]:
        bundle = Path(self.authorities())
        addresses = await self.blocking.run(vouched_addresses, presented, bundle, self.clock.now())
        places = [
            and_(mail_account.c.address_domain == address.domain, mail_account.c.address_local == address.local)
            for address in addresses
        ]
        if not places:
            raise Unauthenticated(cause="no e-mail address in the certificate")
        return or_(*places)

    async def _found(self, condition: ColumnElement[bool], username: str) -> list[Account]:
        """The accounts that fit, two at most, also by name if there is one."""
        if not can_exist(username):
            return []
        query = ACCOUNTS.where(condition).limit(2)
        if username:
            query = query.where(mail_account.c.username == username)
        rows = await self.storage.read(lambda connection: connection.execute(query).all())
        return [account_of(row) for row in rows]

    def _only(self, accounts: list[Account], username: str, mark: int) -> Account:
        if len(accounts) != 1 or username not in {"", accounts[0].username}:
            raise Unauthenticated(cause="proved, but for none of the accounts, or for several")
        self.revocations.check(accounts[0].id, mark)
        return accounts[0]

    async def _verify_scram(self, proof: ScramProof) -> Account:
        mark = self.revocations.mark()
        login, keys = await self._scram_login(proof.username, proof.keys.digest)
        proved = is_proved(proof, keys)
        if login is None:
            raise Unauthenticated(cause=UNKNOWN_NAME)
        if not proved:
            raise Unauthenticated
        self.revocations.check(login.account.id, mark)
        return login.account

    async def _scram_login(self, username: str, digest: str) -> tuple[LoginRow | None, ScramKeys]:
        """Both ways read the row and compute keys for nobody, so that they take the same time."""
        nobodys = nobodys_keys(await self.secret.key("scram"), username, digest, self.scram_iterations)
        login = await self.storage.read(lambda connection: find_login(connection, username))
        keys = login.keys(digest) if login is not None else None
        return login, keys or nobodys
