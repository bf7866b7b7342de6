"""What is not API: the page at ``/`` and every unknown path, ``/ping``, ``/health``."""

from importlib.resources import files

from attrs import define, field

from daptinmail.api.call import JSON, Answer, Call, json_answer
from daptinmail.api.problems import Unsupported
from daptinmail.errors import NotFound

HTML = "text/html; charset=utf-8"
PAGE_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
RESERVED = ("api", "action", "_config")


def _index() -> bytes:
    return files("daptinmail.api").joinpath("static", "index.html").read_bytes()


def _style() -> bytes:
    return files("daptinmail.api").joinpath("static", "style.css").read_bytes()


@define(eq=False)
class Pages:
    """Static answers, read once."""

    index: bytes = field(factory=_index)
    style_sheet: bytes = field(factory=_style)

    async def page(self, call: Call, rest: str = "") -> Answer:
        """The start page, for any path that is not API, as a single-page application needs."""
        if rest.partition("/")[0] in RESERVED:
            raise NotFound("no such path")
        if call.method not in {"GET", "HEAD"}:
            raise Unsupported(405, "Method not allowed", allow="GET, HEAD, OPTIONS")
        headers = {"Content-Security-Policy": PAGE_POLICY, "Cache-Control": "no-cache"}
        return Answer(200, self.index, HTML, headers=headers)

    async def style(self, call: Call) -> Answer:
        """The style sheet of the page."""
        return Answer(200, self.style_sheet, "text/css; charset=utf-8", headers={"Cache-Control": "no-cache"})

    async def ping(self, call: Call) -> Answer:
        """Is anybody there?"""
        return Answer(200, b"pong", "text/plain; charset=utf-8")

    async def health(self, call: Call) -> Answer:
        """The process answers requests."""
        return json_answer({"status": "ok"}, content_type=JSON)
