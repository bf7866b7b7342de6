"""Promises of ``daptinmail.db.configuration``."""

from typing import Any

from sqlalchemy import select
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from daptinmail.db.configuration import Configuration
from daptinmail.db.schema import config
from daptinmail.errors import Forbidden, Invalid
from daptinmail.interfaces.control import IConfiguration
from tests.support.runtime import SteadyClock
from tests.support.storage import MemoryStorage


class Configuring(SynchronousTestCase):
    """Raw values by key, and secrets that stay inside."""

    def setUp(self) -> None:
        self.storage = MemoryStorage()
        self.configuration = Configuration(self.storage, SteadyClock())

    def result(self, waiting: Any) -> Any:
        """The result of a coroutine."""
        return self.successResultOf(Deferred.fromCoroutine(waiting))

    def refused(self, waiting: Any, kind: type[Exception]) -> None:
        """The coroutine fails so."""
        self.failureResultOf(Deferred.fromCoroutine(waiting), kind)

    def test_interface(self) -> None:
        """It is a configuration."""
        verifyObject(IConfiguration, self.configuration)

    def test_values_are_kept_as_they_are(self) -> None:
        """Quotes, spaces and an empty value come back as they were sent."""
        for value in ('"0.0.0.0:993"', " true\n", "", "ü"):
            self.result(self.configuration.set("imap.listen_interface", value))
            self.assertEqual(self.result(self.configuration.get("imap.listen_interface")), value)
        self.assertEqual(self.result(self.configuration.all()), {"imap.listen_interface": "ü"})

    def test_previous_value(self) -> None:
        """The value before the last change can be found by the operator."""
        self.result(self.configuration.set("hostname", "a.test"))
        self.result(self.configuration.set("hostname", "b.test"))
        row = self.successResultOf(self.storage.read(lambda c: c.execute(select(config)).one()))
        self.assertEqual((row.value, row.previous_value), ("b.test", "a.test"))

    def test_delete(self) -> None:
        """A deleted key is unset; deleting twice is harmless."""
        self.result(self.configuration.set("hostname", "a.test"))
        self.result(self.configuration.delete("hostname"))
        self.result(self.configuration.delete("hostname"))
        self.assertIsNone(self.result(self.configuration.get("hostname")))

    def test_limits(self) -> None:
        """Keys and values have a limit."""
        self.result(self.configuration.set("k" * 100, "v" * 5000))
        for key, value in (("", "v"), ("k" * 101, "v"), ("a\nb", "v"), ("a", "v" * 5001), ("a", "\0")):
            self.refused(self.configuration.set(key, value), Invalid)

    def test_secrets_stay_inside(self) -> None:
        """No spelling of a secret key can be read, listed, set or deleted from outside."""
        made = self.result(self.configuration.secret("jwt.secret", lambda: "first"))
        again = self.result(self.configuration.secret("jwt.secret", lambda: "second"))
        self.assertEqual((made, again), ("first", "first"))
        self.assertEqual(self.result(self.configuration.all()), {})
        for key in ("jwt.secret", "encryption.secret", "totp.secret", "encryption.private_key.1", " JWT.Secret "):
            self.refused(self.configuration.get(key), Forbidden)
            self.refused(self.configuration.set(key, "v"), Forbidden)
            self.refused(self.configuration.delete(key), Forbidden)

    def test_only_secret_keys_are_secrets(self) -> None:
        """A part of the server cannot hide an open key by mistake."""
        self.refused(self.configuration.secret("hostname", str), ValueError)
