"""What has to be done from time to time: certificates are renewed before they expire, DKIM keys come and go."""

from collections.abc import Awaitable

from attrs import define, field
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from daptinmail.interfaces.dkim_keys import IDkimKeys
from daptinmail.interfaces.tls import ITlsContexts
from daptinmail.net.blocking import deferred
from daptinmail.services.live import CurrentLive
from daptinmail.services.wanted import hostnames, wanted_listeners

log = Logger()

INTERVAL = 3600  # seconds; a DKIM key that was published should not wait long


@define(eq=False)
class Upkeep:
    """Runs by itself between ``start`` and ``stop``."""

    _timers: IReactorTime
    _live: CurrentLive
    _contexts: ITlsContexts
    _dkim_keys: IDkimKeys
    _loop: LoopingCall = field(init=False)
    _ended: "Deferred[LoopingCall] | None" = field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        self._loop = LoopingCall(deferred(self.run))
        self._loop.clock = self._timers

    def start(self) -> None:
        """From now on, the first time after one interval."""
        self._ended = self._loop.start(INTERVAL, now=False)

    def stop(self) -> None:
        """No more."""
        if self._loop.running:
            self._loop.stop()

    async def run(self) -> None:
        """Do it now. A failure is logged and tried again at the next turn."""
        for hostname in hostnames(wanted_listeners(self._live.value)):
            await _logged(self._contexts.ensure(hostname), f"renew the certificate of {hostname}")
        await _logged(self._dkim_keys.advance(), "look after the DKIM keys")


async def _logged(work: Awaitable[None], what: str) -> None:
    try:
        await work
    except CancelledError:
        raise
    except Exception:  # noqa: BLE001 - what is raised here would end the loop for good
        log.failure("cannot {what}", what=what)
