"""The HTTP factory: how much a request may hold, how long it may take, and what is logged of it."""

from io import BytesIO
from typing import Any

from attrs import frozen
from twisted.internet.interfaces import IReactorTime
from twisted.web.resource import IResource
from twisted.web.server import Request, Site

TOO_LARGE = (
    b"HTTP/1.1 413 Content Too Large\r\nContent-Type: application/vnd.api+json\r\n"
    b"Content-Length: %d\r\nConnection: close\r\n\r\n%b"
)
TOO_LARGE_BODY = b'{"errors":[{"status":"413","title":"Request body too large"}]}'


@frozen
class Limits:
    """Octets a request body may have; ``mail`` is for rows that carry a message. ``timeout`` in seconds of silence."""

    body: int = 1024 * 1024
    mail: int = 64 * 1024 * 1024
    timeout: float = 60

    def of(self, path: bytes) -> int:
        """The limit for a request to ``path``."""
        target = path.partition(b"?")[0].rstrip(b"/")
        return self.mail if target in {b"/api/mail", b"/api/outbox", b"/action/mail/send"} else self.body


class LimitedRequest(Request):
    """A request that is cut off as soon as its body is known to be too large."""

    limits = Limits()
    refused = False
    received = 0

    def gotLength(self, length: int | None) -> None:  # noqa: N802 - twisted.web's name
        """Judge what the client announces, before it is told to continue."""
        self.allowed = self.limits.of(self._announced_path())
        if length is not None and length > self.allowed:
            self._refuse()
        else:
            super().gotLength(length)  # type: ignore[no-untyped-call]  # twisted.web

    def _announced_path(self) -> bytes:
        path = getattr(self.channel, "_path", b"")  # the request itself learns its path only with the last octet
        return path if isinstance(path, bytes) else b""

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802 - twisted.web's name
        """Count what really comes."""
        self.received += len(data)
        if not self.refused and self.received > self.allowed:
            self._refuse()
        if not self.refused:
            super().handleContentChunk(data)  # type: ignore[no-untyped-call]  # twisted.web

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """Nothing more to do for a request that was refused."""
        if not self.refused:
            super().requestReceived(command, path, version)  # type: ignore[no-untyped-call]  # twisted.web

    def _refuse(self) -> None:
        self.refused = True
        self.content = BytesIO()
        self.requestHeaders.removeHeader(b"expect")
        channel: Any = self.channel
        channel.transport.write(TOO_LARGE % (len(TOO_LARGE_BODY), TOO_LARGE_BODY))
        channel.loseConnection()


def log_line(timestamp: str, request: Request) -> str:
    """One line of access log. Without the query string: it may hold a token."""
    parts = (
        getattr(request.getClientAddress(), "host", "-"),
        _printable(request.method),
        _printable(request.uri.partition(b"?")[0]),
        str(request.code),
        str(request.sentLength),
    )
    return f"http {timestamp} " + " ".join(parts)


def _printable(raw: bytes) -> str:
    return raw[:500].decode("ascii", "backslashreplace").encode("unicode_escape").decode("ascii")


def make_site(resource: IResource, reactor: IReactorTime | None = None, limits: Limits | None = None) -> Site:
    """A site for ``resource`` (``Api.resource()``); one may listen on several ports."""
    limits = limits or Limits()

    class BoundRequest(LimitedRequest):
        """Requests of this site."""

    BoundRequest.limits = limits
    site: Site = Site(
        resource,
        requestFactory=BoundRequest,
        timeout=limits.timeout,
        reactor=reactor,
        logFormatter=log_line,
        parsePOSTFormSubmission=False,
    )
    site.displayTracebacks = False
    return site
