"""Opening outgoing connections with Twisted's endpoints."""

from typing import Any, cast

from attrs import define
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP6ClientEndpoint

from daptinmail.smtp.client import SmtpClient, SmtpClientFactory

CONNECT_TIMEOUT = 30  # seconds


@define(eq=False)
class TcpConnect:
    """``transfer.Connect`` over the reactor."""

    reactor: Any
    timeout: int = CONNECT_TIMEOUT

    async def __call__(self, address: str, port: int) -> SmtpClient:
        """A connection to an IP address; raises what Twisted raises."""
        kind = TCP6ClientEndpoint if ":" in address else TCP4ClientEndpoint
        endpoint = kind(self.reactor, address, port, timeout=self.timeout)
        return cast(SmtpClient, await endpoint.connect(SmtpClientFactory(self.reactor)))
