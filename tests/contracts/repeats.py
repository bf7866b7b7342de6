"""The promises of ``IRepeats``."""

from typing import Any
from uuid import UUID

from twisted.internet.defer import Deferred
from zope.interface.verify import verifyObject

from daptinmail.errors import Conflict
from daptinmail.interfaces.repeats import IRepeats

ANN, BOB = UUID(int=1), UUID(int=2)
ONE, OTHER = b"1" * 32, b"2" * 32


class RepeatsContract:
    """Mix in with ``SynchronousTestCase`` and give ``repeats``."""

    repeats: Any

    def answer(self: Any, coroutine: Any) -> Any:
        """The result of a coroutine."""
        return self.successResultOf(Deferred.fromCoroutine(coroutine))

    def test_contract_provides(self: Any) -> None:
        """All methods are there."""
        verifyObject(IRepeats, self.repeats)

    def test_contract_same_request(self: Any) -> None:
        """The token stays the same until the answer is there, and the answer then."""
        first = self.answer(self.repeats.claim(ANN, "k", ONE))
        self.assertIsNone(first.answer)
        self.assertEqual(self.answer(self.repeats.claim(ANN, "k", ONE)), first)
        self.answer(self.repeats.keep(first, b"done"))
        second = self.answer(self.repeats.claim(ANN, "k", ONE))
        self.assertEqual((second.token, second.answer), (first.token, b"done"))

    def test_contract_other_request(self: Any) -> None:
        """The same key for something else is refused, before and after the answer."""
        claim = self.answer(self.repeats.claim(ANN, "k", ONE))
        self.failureResultOf(Deferred.fromCoroutine(self.repeats.claim(ANN, "k", OTHER)), Conflict)
        self.answer(self.repeats.keep(claim, b"done"))
        self.failureResultOf(Deferred.fromCoroutine(self.repeats.claim(ANN, "k", OTHER)), Conflict)

    def test_contract_others(self: Any) -> None:
        """Other users and other keys have nothing to do with it."""
        tokens = {
            self.answer(self.repeats.claim(owner, key, ONE)).token for owner in (ANN, BOB) for key in ("k", "K", "")
        }
        self.assertEqual(len(tokens), 6)

    def test_contract_drop(self: Any) -> None:
        """A dropped key is free for any request."""
        claim = self.answer(self.repeats.claim(ANN, "k", ONE))
        self.answer(self.repeats.drop(claim))
        self.assertNotEqual(self.answer(self.repeats.claim(ANN, "k", OTHER)).token, claim.token)
