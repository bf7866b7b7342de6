"""One attempt to log in, whatever it is proved with: slowed down, counted, told to log and event log."""

from collections.abc import Awaitable, Callable

from attrs import define
from twisted.logger import Logger

from daptinmail.accounts.throttle import Throttle, told_name
from daptinmail.errors import DaptinmailError, Unauthenticated
from daptinmail.interfaces.directory import Account
from daptinmail.interfaces.events import IEventLog

log = Logger()


@define(eq=False)
class Attempts:
    """All attempts of all protocols go through here."""

    throttle: Throttle
    events: IEventLog

    async def run(self, name: str, peer: str, verify: Callable[[], Awaitable[Account]]) -> Account:
        """The account that ``verify`` answers.

        Raises:
            RateLimited: too many failures for this name or network; ``verify`` is not called.
            Unauthenticated: ``verify`` raised it.
        """
        attempt = self.throttle.begin(name, peer)
        try:
            account = await verify()
        except Unauthenticated as error:
            await self._refused(told_name(name, error), peer, attempt.failed())
            raise
        except BaseException:
            attempt.abandoned()
            raise
        attempt.succeeded()
        return account

    def may_begin(self, name: str, peer: str) -> None:
        """See that an attempt would not have to wait; it does not begin yet.

        Raises:
            RateLimited.
        """
        self.throttle.begin(name, peer).abandoned()

    async def _refused(self, name: str, peer: str, delay: float) -> None:
        log.info("login refused: {name!r} from {peer}", name=name, peer=peer)
        if delay <= 0:
            return
        data = {"name": name, "ip": peer, "wait": delay}
        try:
            await self.events.record("login.delayed", None, "", data)
        except DaptinmailError as error:
            log.warn("event login.delayed was not recorded: {error}", error=error)
