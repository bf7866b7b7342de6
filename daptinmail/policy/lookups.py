"""What one check of a message may ask of DNS: so many questions, for so long."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from attrs import define, field
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from daptinmail.errors import Unavailable
from daptinmail.interfaces.transfer import IResolver, MailExchanger, ServiceTarget

T = TypeVar("T")

MAX_QUESTIONS = 150  # more than SPF may come to (RFC 7208 §4.6.4)
PATIENCE = 20.0  # seconds; SPF must have them (RFC 7208 §4.6.4)


@implementer(IResolver)
@define(eq=False)
class Lookups:
    """Passes questions on; beyond its limits every answer is ``Unavailable``. One for each check of a message."""

    resolver: IResolver
    timers: IReactorTime
    patience: float = PATIENCE
    _asked: int = 0
    _until: float = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._until = self.timers.seconds() + self.patience

    async def mail_exchangers(self, domain: str) -> list[MailExchanger]:
        """MX records."""
        return await self._ask(self.resolver.mail_exchangers, domain)

    async def addresses(self, host: str, version: int | None = None) -> list[str]:
        """A and AAAA records."""
        return await self._ask(self.resolver.addresses, host, version)

    async def texts(self, name: str) -> list[bytes]:
        """TXT records."""
        return await self._ask(self.resolver.texts, name)

    async def reverse_names(self, address: str) -> list[str]:
        """PTR records."""
        return await self._ask(self.resolver.reverse_names, address)

    async def services(self, name: str) -> list[ServiceTarget]:
        """SRV records."""
        return await self._ask(self.resolver.services, name)

    async def issuers(self, name: str) -> list[str]:
        """CAA records."""
        return await self._ask(self.resolver.issuers, name)

    async def _ask(self, ask: Callable[..., Awaitable[T]], *arguments: object) -> T:
        left = self._until - self.timers.seconds()
        self._asked += 1
        if left <= 0 or self._asked > MAX_QUESTIONS:
            raise Unavailable("This message asks too much of DNS")
        answer: Deferred[T] = Deferred.fromCoroutine(_asked(ask, *arguments))
        return await (answer if answer.called else answer.addTimeout(left, self.timers, _given_up))


async def _asked(ask: Callable[..., Awaitable[T]], *arguments: object) -> T:
    return await ask(*arguments)


def _given_up(result: Any, seconds: float) -> Any:
    if result.check(CancelledError):
        raise Unavailable("DNS does not answer in time")
    return result
