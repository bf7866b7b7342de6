"""Any error -> status and body. What the domain raises keeps its public text; anything else says nothing but an id."""

from collections.abc import Mapping
from math import ceil
from uuid import UUID

from attrs import evolve, frozen
from twisted.logger import Logger

from daptinmail import errors
from daptinmail.api.call import JSON, Answer, json_answer
from daptinmail.api.types import Kind
from daptinmail.interfaces.runtime import IIdentifiers

log = Logger()


class Unsupported(errors.PermanentError):
    """A fault of HTTP itself, with a status of its own."""

    def __init__(self, http_status: int, text: str, *, allow: str = "") -> None:
        super().__init__(text)
        self.http_status = http_status
        self.allow = allow


class BadParameter(errors.Malformed):
    """A URL parameter that makes no sense; ``parameter`` is its name."""

    def __init__(self, parameter: str, text: str) -> None:
        super().__init__(f"{parameter}: {text}")
        self.parameter = parameter


STATUSES: Mapping[type[errors.DaptinmailError], int] = {
    errors.Malformed: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.AlreadyExists: 409,
    errors.Conflict: 409,
    errors.TooLarge: 413,
    errors.Invalid: 422,
    errors.RateLimited: 429,
    errors.OverQuota: 507,
    errors.ConfigurationError: 500,
    errors.PermanentError: 422,
    errors.DaptinmailError: 503,
}
"""Asked in the order of an error's ancestors."""


@frozen
class Problem:
    """What a client is told. ``fields`` names what is at fault, where known; ``id`` finds it in the log."""

    status: int
    title: str
    fields: Mapping[str, str]
    parameter: str = ""
    id: str = ""
    headers: Mapping[str, str] = {}


def problem(error: Exception, identifiers: IIdentifiers) -> Problem:
    """What to tell about ``error``. Errors that nobody foresaw are logged here, under an id."""
    if not isinstance(error, errors.DaptinmailError):
        return _internal(error, identifiers.uuid7())
    status = error.http_status if isinstance(error, Unsupported) else status_of(error)
    if error.cause:
        log.info("refused with {status}: {cause}", status=status, cause=error.cause)
    fields = error.fields if isinstance(error, errors.Invalid) else {}
    parameter = error.parameter if isinstance(error, BadParameter) else ""
    return Problem(status, error.text, fields, parameter, headers=_headers(error, status))


def status_of(error: errors.DaptinmailError) -> int:
    """The HTTP status of an error of ours."""
    return next(STATUSES[ancestor] for ancestor in type(error).__mro__ if ancestor in STATUSES)


def _internal(error: Exception, number: UUID) -> Problem:
    log.failure("request failed, told the client {number}", number=number.hex)
    return Problem(500, "Internal error", {}, id=number.hex)


def _headers(error: errors.DaptinmailError, status: int) -> dict[str, str]:
    if isinstance(error, errors.RateLimited):
        return {"Retry-After": str(max(1, ceil(error.retry_after)))}
    if isinstance(error, Unsupported) and error.allow:
        return {"Allow": error.allow}
    return {"WWW-Authenticate": "Bearer"} if status == 401 else {}


def error_document(trouble: Problem, kind: Kind | None = None) -> Answer:
    """Daptin's error shape, with ``source`` where the fault has a place (JSON:API 1.1, error objects)."""
    base = {"status": str(trouble.status), "title": trouble.title}
    if trouble.id:
        base["id"] = trouble.id
    entries: list[dict[str, object]] = [
        {**base, "title": f"{name}: {what}", "source": {"pointer": _pointer(kind, name)}}
        for name, what in trouble.fields.items()
    ]
    if trouble.parameter:
        entries = [{**base, "source": {"parameter": trouble.parameter}}]
    answer = json_answer({"errors": entries or [base]}, trouble.status)
    return evolve(answer, headers=trouble.headers)


def _pointer(kind: Kind | None, name: str) -> str:
    if name == "id":
        return "/data/id"
    member = "relationships" if kind is not None and name in kind.relationships else "attributes"
    return f"/data/{member}/{name}"


def failed_action(trouble: Problem) -> Answer:
    """Daptin's answer of an action that failed."""
    title = f"{trouble.title} ({trouble.id})" if trouble.id else trouble.title
    attributes = {"message": title, "title": "failed", "type": "error"}
    answer = json_answer([{"ResponseType": "client.notify", "Attributes": attributes}], trouble.status, JSON)
    return evolve(answer, headers=trouble.headers)
