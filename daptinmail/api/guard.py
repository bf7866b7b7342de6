"""What stands around each route: rate, errors, headers, and a client that hangs up."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from attrs import define, evolve
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.iweb import IRequest

from daptinmail.api.authentication import from_elsewhere, read_token
from daptinmail.api.call import Answer, Call, read_parameters
from daptinmail.api.problems import Problem, problem
from daptinmail.api.rates import Allowance, Rates, refuse_excess
from daptinmail.interfaces.runtime import IIdentifiers

log = Logger()

SECURITY = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Server": "daptinmail",
}
"""On every answer; an answer's own headers win."""


FORWARDING = (b"forwarded", b"x-forwarded-for", b"x-real-ip")

Route = Callable[..., Coroutine[Any, Any, Answer]]
"""Serves one method of one path: ``route(call, **path)``; ``path`` holds the variable parts of the URL."""

Style = Callable[[Problem, Mapping[str, str]], Answer]
"""How a route tells of an error."""


@define(eq=False)
class Guard:
    """Runs routes."""

    rates: Rates
    identifiers: IIdentifiers

    def serve(self, request: IRequest, route: Route, style: Style, path: Mapping[str, str]) -> Deferred[bytes]:
        """Run a route to its end, also when the client hangs up, so that no change is cut in half."""
        waiter = unbroken(self._answer(request, route, style, path))
        return waiter.addCallback(lambda answer: write(request, answer))

    async def _answer(self, request: IRequest, route: Route, style: Style, path: Mapping[str, str]) -> Answer:
        allowance = self.rates.count(peer_of(request))
        try:
            refuse_excess(allowance)
            answer = await route(read_call(request), **path)
        except CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - the edge: nothing may pass untranslated
            answer = style(problem(error, self.identifiers), path)
        return _with_allowance(answer, allowance)


def _with_allowance(answer: Answer, allowance: Allowance) -> Answer:
    headers = evolve(allowance, remaining=max(0, allowance.remaining)).headers
    return evolve(answer, headers={**headers, **answer.headers})


def unbroken(work: Coroutine[Any, Any, Answer]) -> Deferred[Answer]:
    """A Deferred of the outcome whose cancellation does not reach ``work``."""
    waiter: Deferred[Answer] = Deferred()
    running = Deferred.fromCoroutine(work)

    def failed(failure: Failure) -> None:
        if waiter.called:
            log.failure("a request failed after its client had gone", failure)
        waiter.errback(failure)

    _ = running.addCallbacks(waiter.callback, failed)
    return waiter


def read_call(request: IRequest) -> Call:
    """The request as routes see it.

    Raises:
        Malformed.
    """
    query = request.uri.partition(b"?")[2].decode("utf-8", "replace")
    parameters = read_parameters(query)
    headers = request.requestHeaders
    return Call(
        method=request.method.decode("ascii", "replace"),
        path=request.path.decode("ascii", "replace"),
        parameters=parameters,
        body=request.content.read(),
        content_type=headers.getRawHeaders(b"content-type", [b""])[0].decode("ascii", "replace"),
        peer=peer_of(request),
        forwarded=any(headers.hasHeader(name) for name in FORWARDING) or from_elsewhere(request),
        host=request.getRequestHostname().decode("ascii", "replace").lower(),
        idempotency_key=_single(headers.getRawHeaders(b"idempotency-key")),
        token=read_token(request, parameters),
    )


def _single(values: list[bytes] | None) -> str | None:
    return None if not values else b", ".join(values).decode("ascii", "replace").strip()


def peer_of(request: IRequest) -> str:
    """The IP address at the other end of the connection; empty for other transports."""
    return str(getattr(request.getClientAddress(), "host", ""))


def write(request: IRequest, answer: Answer) -> bytes:
    """Set status and headers; answers the body."""
    request.setResponseCode(answer.status)
    for name, value in {**SECURITY, **answer.headers}.items():
        request.setHeader(name.encode("ascii"), value.encode("ascii", "replace"))
    if answer.location:
        request.setHeader(b"location", answer.location.encode("ascii", "replace"))
    if answer.status != 204:  # RFC 9110 §8.6
        request.setHeader(b"content-type", answer.content_type.encode("ascii"))
        request.setHeader(b"content-length", b"%d" % len(answer.body))
    return answer.body
