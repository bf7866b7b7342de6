"""``IDkimKeys``: a domain begins with the key of its certificate; later ones take over once they are published."""

from base64 import b64encode
from collections.abc import Callable, Sequence
from datetime import timedelta

from attrs import define
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from twisted.logger import Logger
from zope.interface import implementer

from daptinmail.certificates.certificates import Certificates
from daptinmail.certificates.dkim_rows import KeyRow, insert, move, next_selector, rows_of
from daptinmail.certificates.generate import private_pem, public_pem
from daptinmail.errors import Conflict, Invalid, NotFound, StoreDamaged, Unavailable
from daptinmail.interfaces.directory import IDirectory
from daptinmail.interfaces.dkim_keys import ACTIVE, ED25519, NEXT, RETIRED, RETIRING, RSA, DkimKey, IDkimKeys
from daptinmail.interfaces.events import IEventLog
from daptinmail.interfaces.storage import ITransaction
from daptinmail.interfaces.tls import ISigningKeys, SigningKey
from daptinmail.interfaces.transfer import IResolver
from daptinmail.mail.dkim_record import read_tags, record_text
from daptinmail.settings import Live, is_true

log = Logger()

RETIREMENT = timedelta(days=7)
"""How long a record stays after its key signed last: mail may wait in queues for days."""

ROTATION_DAYS = "mail.dkim.rotation_days"
WITH_ED25519 = "mail.dkim.ed25519"
FIRST_ED25519 = "e1"


@implementer(IDkimKeys, ISigningKeys)
@define(eq=False)
class DkimKeys:
    """``certificates`` has the first key of each domain; ``live`` answers what the services run with now."""

    certificates: Certificates
    directory: IDirectory
    resolver: IResolver
    events: IEventLog
    live: Callable[[], Live]

    async def signing_key(self, domain: str) -> SigningKey | None:
        """The RSA key."""
        name = domain.lower()
        for row in await self._rows(name):
            if row.state == ACTIVE and row.algorithm == RSA:
                return await self._opened(row)
        return await self.certificates.signing_key(name)

    async def signing_keys(self, domain: str) -> Sequence[SigningKey]:
        """The RSA key, and the Ed25519 key if one is active."""
        name = domain.lower()
        found = [await self.signing_key(name)]
        rows = await self._rows(name)
        found += [await self._opened(row) for row in rows if row.state == ACTIVE and row.algorithm == ED25519]
        return [key for key in found if key is not None]

    async def public_record(self, domain: str) -> tuple[str, str] | None:
        """Of the RSA key that signs."""
        key = next((one for one in await self.keys(domain) if (one.state, one.algorithm) == (ACTIVE, RSA)), None)
        return key.record if key is not None else None

    async def ensure_domain(self, domain: str) -> None:
        """A certificate row has the first key."""
        await self.certificates.ensure_domain(domain)

    async def keys(self, domain: str) -> Sequence[DkimKey]:
        """The certificate's key among them while no other RSA key signs."""
        name = domain.lower()
        rows = [row for row in await self._rows(name) if row.state != RETIRED]
        first = None if _active(rows, RSA) else await self._first(name)
        return [*([first] if first is not None else []), *(row.key for row in rows)]

    async def prepare(self, domain: str, algorithm: str = RSA) -> DkimKey:
        """With the first free selector."""
        if algorithm not in {RSA, ED25519}:
            raise Invalid(fields={"algorithm": f"must be {RSA} or {ED25519}"})
        name, keyring = domain.lower(), self.certificates.keyring
        private, public = await keyring.blocking.run(self._make, algorithm)
        reference = keyring.identifiers.uuid7()
        sealed = (await keyring.cipher()).encrypt(reference, private)
        first = await self.certificates.selector()
        start = first if algorithm == RSA else FIRST_ED25519

        def work(transaction: ITransaction) -> KeyRow:
            rows = rows_of(transaction.connection, name)
            if any(row.state == NEXT and row.algorithm == algorithm for row in rows):
                raise Conflict("The next key waits already: publish its record")
            used = [first, *(row.selector for row in rows)] if algorithm == RSA else [row.selector for row in rows]
            values = {"domain": name, "selector": next_selector(used, start), "algorithm": algorithm}
            state = {"state": NEXT, "since": transaction.now, "public_key": public, "private_key_pem": sealed}
            insert(transaction, {**values, **state, "reference_id": reference})
            self._tell(transaction, "prepared", values)
            return rows_of(transaction.connection, name)[-1]

        return (await keyring.storage.write(work)).key

    async def advance(self) -> None:
        """One domain after the other; what cannot be asked of DNS now is tried again at the next turn."""
        await self._prepare_by_schedule()
        for row in await self.certificates.keyring.storage.read(rows_of):
            if row.state == NEXT and await self._is_published(row):
                await self._activate(row)
            elif row.state == RETIRING and row.since + RETIREMENT <= self.certificates.keyring.clock.now():
                await self._retire(row)

    async def _prepare_by_schedule(self) -> None:
        config = self.live().config
        days = config.get(ROTATION_DAYS, "")
        age = timedelta(days=int(days)) if days.isdecimal() and 0 < len(days) < 5 and int(days) else None
        for domain in await self.directory.domains():
            found = await self.keys(domain)
            if is_true(config.get(WITH_ED25519)) and not any(one.algorithm == ED25519 for one in found):
                await self.prepare(domain, ED25519)
            for key in found:
                if age is not None and self._is_old(key, age) and not _has_next(found, key.algorithm):
                    await self.prepare(domain, key.algorithm)

    def _is_old(self, key: DkimKey, age: timedelta) -> bool:
        return key.state == ACTIVE and key.since + age <= self.certificates.keyring.clock.now()

    async def _is_published(self, row: KeyRow) -> bool:
        try:
            texts = await self.resolver.texts(row.key.record[0])
        except (NotFound, Unavailable):
            return False
        return any(read_tags(text.decode("ascii", "replace")).get("p") == row.public_key for text in texts)

    async def _activate(self, row: KeyRow) -> None:
        """The key that signed so far stays published for a week."""
        first = await self._first(row.domain)
        reference = self.certificates.keyring.identifiers.uuid7()

        def work(transaction: ITransaction) -> None:
            rows = rows_of(transaction.connection, row.domain)
            before = _active(rows, row.algorithm)
            for one in before:
                move(transaction, one, RETIRING)
            if row.algorithm == RSA and not before and first is not None:
                state = {"state": RETIRING, "since": transaction.now, "reference_id": reference}
                insert(transaction, {**_first_row(row.domain, first), **state})
            move(transaction, row, ACTIVE)
            self._tell(transaction, "activated", {"domain": row.domain, "selector": row.selector})

        await self.certificates.keyring.storage.write(work)
        log.info("DKIM key {selector} of {domain} signs from now on", selector=row.selector, domain=row.domain)

    async def _retire(self, row: KeyRow) -> None:
        def work(transaction: ITransaction) -> None:
            move(transaction, row, RETIRED)
            self._tell(transaction, "retired", {"domain": row.domain, "selector": row.selector})

        await self.certificates.keyring.storage.write(work)

    async def _first(self, domain: str) -> DkimKey | None:
        """The certificate's key."""
        record = await self.certificates.public_record(domain)
        since = await self.certificates.made_at(domain)
        if record is None or since is None:
            return None
        return DkimKey(record[0].partition(".")[0], RSA, ACTIVE, since, record)

    async def _opened(self, row: KeyRow) -> SigningKey | None:
        try:
            private = (await self.certificates.keyring.cipher()).decrypt(row.reference, row.sealed_key)
        except StoreDamaged as error:
            log.error("{cause}", cause=error.cause)
            return None
        return SigningKey(row.domain, row.selector, private, row.algorithm)

    async def _rows(self, domain: str) -> list[KeyRow]:
        return await self.certificates.keyring.storage.read(lambda connection: rows_of(connection, domain))

    def _make(self, algorithm: str) -> tuple[bytes, str]:
        """Private PEM and the ``p=`` of the record. Slow."""
        if algorithm == ED25519:
            key = Ed25519PrivateKey.generate()
            raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)  # RFC 8463 §4.2
            return private_pem(key), b64encode(raw).decode("ascii")
        made = self.certificates.keyring.new_key()
        return private_pem(made), read_tags(record_text(public_pem(made.public_key())))["p"]

    def _tell(self, transaction: ITransaction, what: str, data: dict[str, str]) -> None:
        self.events.record_in(transaction, f"dkim.{what}", None, "", data)


def _active(rows: Sequence[KeyRow], algorithm: str) -> list[KeyRow]:
    return [row for row in rows if row.state == ACTIVE and row.algorithm == algorithm]


def _has_next(keys: Sequence[DkimKey], algorithm: str) -> bool:
    return any(one.state == NEXT and one.algorithm == algorithm for one in keys)


def _first_row(domain: str, first: DkimKey) -> dict[str, object]:
    """The certificate's key as a row, for as long as its record must stay; the private key stays where it is."""
    values = {"domain": domain, "selector": first.selector, "algorithm": RSA}
    return {**values, "public_key": read_tags(first.record[1])["p"], "private_key_pem": ""}
