"""Routes of ``/_config``: settings as raw text, administrators only (compat 4.1)."""

from collections.abc import Mapping

from attrs import define
from twisted.logger import Logger

from daptinmail.api.authentication import Gate
from daptinmail.api.call import JSON, Answer, Call, json_answer
from daptinmail.api.coercion import Unfit, plain_text
from daptinmail.api.problems import Problem, error_document
from daptinmail.errors import Forbidden, Invalid, NotFound
from daptinmail.interfaces.control import IConfiguration
from daptinmail.interfaces.directory import Viewer
from daptinmail.interfaces.events import IEventLog

log = Logger()

TEXT = "text/plain; charset=utf-8"
BACKEND = "backend"
MAX_KEY = 100


def bare(trouble: Problem, path: Mapping[str, str]) -> Answer:
    """Errors of these routes have no body, except where a value itself is at fault."""
    if trouble.status in {401, 403, 404, 405}:
        return Answer(trouble.status, b"", TEXT, headers=trouble.headers)
    return error_document(trouble)


@define(eq=False)
class Settings:
    """Reads and writes settings. What the server keeps to itself is neither shown nor changed."""

    configuration: IConfiguration
    gate: Gate
    events: IEventLog

    async def all(self, call: Call) -> Answer:
        """Every setting, as a map of strings."""
        await self._require_administrator(call)
        return json_answer(dict(sorted((await self.configuration.all()).items())), content_type=JSON)

    async def get(self, call: Call, end: str, key: str) -> Answer:
        """One value as it was stored."""
        await self._require_administrator(call)
        shown = await self.configuration.all() if end == BACKEND else {}
        if key not in shown:
            raise NotFound
        return Answer(200, shown[key].encode("utf-8", "replace"), TEXT)

    async def set(self, call: Call, end: str, key: str) -> Answer:
        """Store the body byte for byte, whatever its type is said to be."""
        viewer = await self._require_administrator(call)
        self._require_backend(end, key)
        try:
            await self.configuration.set(key, _value(call.body))
        except Forbidden:
            log.warn("refused to set {key}: the server keeps it to itself", key=key)
            raise
        await self._record("set", key, viewer)
        return Answer(200, b"", TEXT)

    async def delete(self, call: Call, end: str, key: str) -> Answer:
        """Unset a key. What is not shown is not removed either."""
        viewer = await self._require_administrator(call)
        self._require_backend(end, key)
        if key in await self.configuration.all():
            await self.configuration.delete(key)
            await self._record("deleted", key, viewer)
        return Answer(200, b"", TEXT)

    async def _record(self, change: str, key: str, viewer: Viewer) -> None:
        """Who changed what; never to which value."""
        subject = f"user_account/{viewer.reference}"
        await self.events.record(f"configuration.{change}", None, subject, {"key": key})

    async def _require_administrator(self, call: Call) -> Viewer:
        viewer = await self.gate.viewer(call)
        if not viewer.is_administrator:
            raise Forbidden
        return viewer

    @staticmethod
    def _require_backend(end: str, key: str) -> None:
        if end != BACKEND:
            raise NotFound
        if not key.isprintable() or len(key) > MAX_KEY:
            raise Invalid(fields={"key": f"must be printable and not longer than {MAX_KEY} characters"})


def _value(body: bytes) -> str:
    try:
        return plain_text(body.decode("utf-8"))
    except (UnicodeDecodeError, Unfit) as error:
        raise Invalid(fields={"value": "must be UTF-8 text without NUL"}) from error
