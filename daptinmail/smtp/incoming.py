"""One content on its way from the wire to the spool, and from there to reception."""

from collections.abc import Awaitable, Coroutine
from typing import Any
from uuid import UUID

from attrs import define, field
from twisted.logger import Logger

from daptinmail.interfaces.reception import IReception, Origin
from daptinmail.interfaces.storage import ISpooled
from daptinmail.mail.envelope import Envelope
from daptinmail.mail.reply import Reply
from daptinmail.smtp.content import ContentScanner
from daptinmail.smtp.replies import reply_to_error, reply_to_fault

log = Logger()


@define
class IncomingContent:
    """The content after DATA.

    Whatever goes wrong before its end is remembered and answered at the end: a refusal never turns content into
    commands. ``received`` counts octets from the wire.
    """

    trail: UUID
    origin: Origin
    envelope: Envelope
    scanner: ContentScanner
    spooled: ISpooled
    received: int = 0
    _refusal: Reply | None = field(default=None, init=False)

    def feed(self, data: bytes) -> Coroutine[Any, Any, None] | None:
        """Take octets from the wire. A coroutine means: run it, read no more until it is done. It never raises."""
        self.received += len(data)
        clear = self.scanner.feed(data)
        if not clear or self._refusal:
            return None
        try:
            pending = self.spooled.write(clear)
        except Exception as error:  # noqa: BLE001 - the client is answered at the end of the content
            self._refuse(error)
            return None
        return None if pending is None else self._settle(pending)

    async def _settle(self, pending: Awaitable[None]) -> None:
        try:
            await pending
        except Exception as error:  # noqa: BLE001 - reply_to_error raises a cancellation again
            self._refuse(error)

    def _refuse(self, error: Exception) -> None:
        self._refusal = reply_to_error(error, self.origin.connection)

    async def deliver(self, reception: IReception) -> Reply:
        """After the end: hand the message to reception. 250 only if it took responsibility."""
        try:
            reply = await self._deliver(reception)
        except Exception as error:  # noqa: BLE001 - reply_to_error raises a cancellation again
            reply = reply_to_error(error, self.origin.connection)
        finally:
            self.spooled.discard()
        log.info(
            "{connection} {trail} {size} octets for {recipients} recipients: {reply}",
            connection=self.origin.connection,
            trail=self.trail.hex,
            size=self.scanner.size,
            recipients=len(self.envelope.recipients),
            reply=str(reply),
        )
        return reply

    async def _deliver(self, reception: IReception) -> Reply:
        fault = self.scanner.fault
        if fault is not None:
            return reply_to_fault(fault, self.scanner.max_size)
        if self._refusal:
            return self._refusal
        content = await self.spooled.finish()
        await reception.receive(self.origin, self.envelope, content, self.trail)
        return Reply(250, "2.0.0", f"OK: queued as {self.trail.hex}")

    def discard(self) -> None:
        """The connection was lost before the end."""
        self.spooled.discard()
