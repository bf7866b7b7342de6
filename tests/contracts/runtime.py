"""The promises of ``IClock``, ``IIdentifiers`` and ``IBlocking``."""

from datetime import UTC
from typing import Any
from uuid import UUID

from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from daptinmail.interfaces.runtime import IBlocking, IClock, IIdentifiers


class ClockContract(SynchronousTestCase):
    """Give ``clock``."""

    clock: Any

    def test_contract_clock(self) -> None:
        """Times are aware, in UTC and do not run backwards."""
        verifyObject(IClock, self.clock)
        first, second = self.clock.now(), self.clock.now()
        self.assertIs(first.tzinfo, UTC)
        self.assertLessEqual(first, second)


class IdentifiersContract(SynchronousTestCase):
    """Give ``identifiers``, and ``wait`` if time moves only by hand."""

    identifiers: Any

    def wait(self) -> None:
        """A millisecond passes."""

    def test_contract_identifiers(self) -> None:
        """Identifiers are version 7 of RFC 9562, all different, and ordered by time."""
        verifyObject(IIdentifiers, self.identifiers)
        made = []
        for _ in range(50):
            made.append(self.identifiers.uuid7())
            self.wait()
        self.assertEqual({(one.version, one.variant) for one in made}, {(7, "specified in RFC 4122")})
        self.assertEqual(made, sorted(set(made)))

    def test_many_identifiers(self) -> None:
        """Many are made at once: all different, ascending, and later ones come after them."""
        many = self.identifiers.uuid7s(300)
        self.wait()
        last = self.identifiers.uuid7().bytes
        self.assertEqual([*many, last], sorted({*many, last}))
        self.assertEqual({(UUID(bytes=one).version, len(one)) for one in many}, {(7, 16)})
        self.assertEqual(self.identifiers.uuid7s(0), [])


class BlockingContract(SynchronousTestCase):
    """Give ``blocking`` and ``settled``."""

    blocking: Any

    def settled(self, waiting: Any) -> Any:
        """The result of a call, or its ``Failure``, once it has run."""
        raise NotImplementedError

    def test_contract_result(self) -> None:
        """A call gets its arguments, and its result comes back."""
        verifyObject(IBlocking, self.blocking)
        self.assertEqual(self.settled(self.blocking.run(divmod, 17, 5)), (3, 2))

    def test_contract_error(self) -> None:
        """What a call raises comes back to who waits for it."""
        failure = self.settled(self.blocking.run(divmod, 17, 0))
        self.assertIsInstance(failure, Failure)
        self.assertIsInstance(failure.value, ZeroDivisionError)
