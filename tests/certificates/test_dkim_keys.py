"""DKIM keys that follow on one another."""

from base64 import b64decode
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

import dkim
from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs
from zope.interface.verify import verifyObject

from daptinmail.certificates.certificates import Certificates
from daptinmail.certificates.contexts import TlsContexts
from daptinmail.certificates.dkim_keys import RETIREMENT, DkimKeys
from daptinmail.certificates.dkim_rows import next_selector
from daptinmail.db.schema import dkim_key
from daptinmail.dkim.signer import Signer
from daptinmail.errors import Conflict, Invalid
from daptinmail.interfaces.dkim_keys import ACTIVE, ED25519, NEXT, RETIRING, IDkimKeys
from daptinmail.interfaces.storage import Content, ITransaction
from daptinmail.interfaces.tls import ISigningKeys
from daptinmail.mail.dkim_record import read_tags
from daptinmail.settings import Live
from tests.contracts import signing_keys
from tests.support.directory import MemoryDirectory
from tests.support.events import MemoryEvents
from tests.support.keyring import memory_keyring
from tests.support.resolver import MemoryResolver
from tests.support.runtime import SteadyClock, SynchronousBlocking
from tests.support.storage import StorageCase

HOST = "example.com"
MESSAGE = b"From: ann@example.com\r\nSubject: Tea\r\n\r\nAt five.\r\n"


class KeysCase(StorageCase):
    """A domain with its certificate's key."""

    def setUp(self) -> None:
        self.clock = SteadyClock()
        self.keyring = memory_keyring(self.make_storage(self.clock), self.clock)
        certificates = Certificates(self.keyring, TlsContexts(self.keyring, SynchronousBlocking()))
        self.resolver, self.directory, self.events = MemoryResolver(), MemoryDirectory(), MemoryEvents()
        self.live = Live("mail.example.com")
        self.keys = DkimKeys(certificates, self.directory, self.resolver, self.events, lambda: self.live)

    def result(self, work: Any) -> Any:
        """What a call answers."""
        return self.successResultOf(Deferred.fromCoroutine(work))

    def states(self) -> list[tuple[str, str]]:
        """Selector and state of each key."""
        return [(one.selector, one.state) for one in self.result(self.keys.keys(HOST))]

    def publish(self) -> None:
        """DNS has every record that is wanted now, and no other."""
        self.resolver.strings = {
            name: [text.encode()] for name, text in (one.record for one in self.result(self.keys.keys(HOST)))
        }

    def turn(self, **time: float) -> list[tuple[str, str]]:
        """Time goes by; the states after the next look."""
        self.clock.advance(timedelta(**time).total_seconds())
        self.result(self.keys.advance())
        return self.states()


class ContractTests(KeysCase, signing_keys.SigningKeysContract):
    """Without a second key it is as before."""


class RotationTests(KeysCase):
    """By hand."""

    def setUp(self) -> None:
        super().setUp()
        self.result(self.keys.ensure_domain(HOST))
        self.directory.add("ann@example.com")

    def test_provides(self) -> None:
        """Both seams."""
        verifyObject(IDkimKeys, self.keys)
        verifyObject(ISigningKeys, self.keys)

    def test_life(self) -> None:
        """Published first; it signs once DNS has it; the one before stays a week, and is then forgotten."""
        self.assertEqual(self.states(), [("d1", ACTIVE)])
        made = self.result(self.keys.prepare(HOST))
        self.assertEqual((made.selector, made.state, made.record[0]), ("d2", NEXT, "d2._domainkey.example.com"))
        self.assertEqual(self.turn(days=9), [("d1", ACTIVE), ("d2", NEXT)])
        self.assertEqual(self.result(self.keys.signing_key(HOST)).selector, "d1")
        self.publish()
        self.assertEqual(self.turn(), [("d2", ACTIVE), ("d1", RETIRING)])
        self.assertEqual(self.result(self.keys.signing_key(HOST)).selector, "d2")
        self.assertEqual(self.result(self.keys.public_record(HOST)), made.record)
        self.assertEqual(self.turn(seconds=RETIREMENT.total_seconds() - 1), [("d2", ACTIVE), ("d1", RETIRING)])
        self.assertEqual(self.turn(seconds=1), [("d2", ACTIVE)])
        self.assertEqual(self.events.kinds, ["dkim.prepared", "dkim.activated", "dkim.retired"])

    def test_again_and_again(self) -> None:
        """Selectors count up and never come twice."""
        for number in range(2, 5):
            self.assertEqual(self.result(self.keys.prepare(HOST)).selector, f"d{number}")
            self.publish()
            self.turn(days=8)
            self.turn(days=8)
            self.assertEqual(self.states(), [(f"d{number}", ACTIVE)])

    def test_another_key_in_dns(self) -> None:
        """A record that was pasted wrongly activates nothing, nor does DNS that does not answer."""
        name = self.result(self.keys.prepare(HOST)).record[0]
        self.resolver.strings[name] = [b"v=DKIM1; p=AAAA"]
        self.assertEqual(self.turn(days=1), [("d1", ACTIVE), ("d2", NEXT)])
        self.resolver.failing.add(name)
        self.assertEqual(self.turn(days=1), [("d1", ACTIVE), ("d2", NEXT)])

    def test_one_at_a_time(self) -> None:
        """While one waits there is no other; algorithms have names."""
        self.result(self.keys.prepare(HOST))
        self.failureResultOf(Deferred.fromCoroutine(self.keys.prepare(HOST)), Conflict)
        self.failureResultOf(Deferred.fromCoroutine(self.keys.prepare(HOST, "rsa-sha1")), Invalid)

    def test_second_signature(self) -> None:
        """With an Ed25519 key each message has two signatures, and dkimpy believes both."""
        self.result(self.keys.prepare(HOST, ED25519))
        self.publish()
        self.assertEqual(self.turn(), [("d1", ACTIVE), ("e1", ACTIVE)])
        signer = Signer(self.keys, SynchronousBlocking(), SteadyClock())
        signed = self.result(signer.sign(HOST, Content(len(MESSAGE), MESSAGE))) + MESSAGE
        self.assertEqual(signed.count(b"DKIM-Signature: "), 2)

        def lookup(name: bytes, timeout: int = 5) -> bytes:
            return self.resolver.strings[name.decode().rstrip(".")][0]

        for number in range(2):
            self.assertTrue(dkim.DKIM(signed).verify(number, dnsfunc=lookup))
        record = self.resolver.strings["e1._domainkey.example.com"][0].decode()
        self.assertEqual(len(b64decode(read_tags(record)["p"])), 32)

    def test_private_keys_are_sealed(self) -> None:
        """The database holds none in clear, and a retired one not at all."""
        self.result(self.keys.prepare(HOST))
        self.publish()
        self.turn()
        rows = self.result(self.keys._rows(HOST))
        self.assertTrue(all("PRIVATE" not in row.sealed_key for row in rows))
        self.assertTrue(rows[0].sealed_key.startswith("gcm1:"))

    def test_damaged_key(self) -> None:
        """A key that cannot be opened does not sign, and the log says so."""
        self.result(self.keys.prepare(HOST, ED25519))
        self.publish()
        self.turn()

        def spoil(transaction: ITransaction) -> None:
            transaction.connection.execute(dkim_key.update().values(private_key_pem="gcm1:AAAA"))

        self.result(_settled(self.keyring.storage.write(spoil)))
        with capturedLogs() as logged:
            found = self.result(self.keys.signing_keys(HOST))
        self.assertEqual([key.selector for key in found], ["d1"])
        self.assertEqual(len(logged), 1)


async def _settled(work: Awaitable[None]) -> None:
    await work


class ScheduleTests(KeysCase):
    """By configuration."""

    def setUp(self) -> None:
        super().setUp()
        for name in (HOST, "mail.example.com"):
            self.result(self.keys.ensure_domain(name))
        self.directory.add("ann@example.com")

    def test_off(self) -> None:
        """Nothing happens by itself unless it is asked for."""
        self.assertEqual(self.turn(days=5000), [("d1", ACTIVE)])

    def test_rotation(self) -> None:
        """A key that is old enough gets a successor, which waits for DNS."""
        self.live = Live("mail.example.com", config={"mail.dkim.rotation_days": "180"})
        self.assertEqual(self.turn(days=179), [("d1", ACTIVE)])
        self.assertEqual(self.turn(days=1), [("d1", ACTIVE), ("d2", NEXT)])
        self.assertEqual(self.turn(days=400), [("d1", ACTIVE), ("d2", NEXT)])
        self.publish()
        self.assertEqual(self.turn(), [("d2", ACTIVE), ("d1", RETIRING)])
        self.assertEqual(self.turn(days=180), [("d2", ACTIVE), ("d3", NEXT)])

    def test_ed25519(self) -> None:
        """Every domain of an account gets one; host names that send no mail do not."""
        self.live = Live("mail.example.com", config={"mail.dkim.ed25519": "true"})
        self.assertEqual(self.turn(), [("d1", ACTIVE), ("e1", NEXT)])
        self.assertEqual(self.turn(), [("d1", ACTIVE), ("e1", NEXT)])
        self.assertEqual(len(self.result(self.keys.keys("mail.example.com"))), 1)

    def test_nonsense(self) -> None:
        """A value that makes no sense counts as not set."""
        for text in ("0", "-1", "often", "99999"):
            self.live = Live("mail.example.com", config={"mail.dkim.rotation_days": text})
            self.assertEqual(self.turn(days=500), [("d1", ACTIVE)])


class SelectorTests(StorageCase):
    """Names of keys."""

    def test_next(self) -> None:
        """The number counts up, whatever is before it."""
        for used, first, wanted in (
            ([], "d1", "d1"),
            (["d1"], "d1", "d2"),
            (["d1", "d2", "d3"], "d1", "d4"),
            (["mail"], "mail", "mail2"),
            (["2026a"], "2026a", "2026a2"),
            (["k9", "k10"], "k9", "k11"),
        ):
            self.assertEqual(next_selector(used, first), wanted)
