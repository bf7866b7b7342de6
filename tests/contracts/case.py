"""What the contracts are told with. Import contracts by their module: trial would run a class it finds by name."""

from collections.abc import Awaitable
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

T = TypeVar("T")


async def _waited(waiting: Awaitable[T]) -> T:
    return await waiting


class ContractCase(SynchronousTestCase):
    """Answers of providers that are done at once."""

    def result(self, waiting: Awaitable[T]) -> T:
        """The result, which must be there already."""
        return self.successResultOf(Deferred.fromCoroutine(_waited(waiting)))

    def refused(self, waiting: Awaitable[Any], *errors: type[Exception]) -> Any:
        """The error, which must be there already and be one of ``errors``."""
        return self.failureResultOf(Deferred.fromCoroutine(_waited(waiting)), *errors).value
