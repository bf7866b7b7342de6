"""Where a token is read, and when a cookie counts."""

from attrs import define, field
from twisted.web.iweb import IRequest

from daptinmail.api.call import Call, Parameters
from daptinmail.errors import Forbidden, Unauthenticated
from daptinmail.interfaces.directory import IUsers, Viewer

MAX_TOKEN = 8192
COOKIE = b"token"
FIRST_RUN = "This server has no administrator yet: sign up, sign in and call world/become_an_administrator first"


def read_token(request: IRequest, parameters: Parameters) -> str | None:
    """The token of a request: ``Authorization``, then ``?token=``, then the cookie.

    Browsers send a cookie along with requests that other sites cause (CSRF), so it counts only for reading rows, or
    when the browser says that the request comes from this very origin. Answers "" for a header with another scheme than
    Bearer, and for absurdly long tokens: who signs in is not asked for a token, so it is not an error yet.
    """
    header = request.requestHeaders.getRawHeaders(b"authorization")
    if header:
        return _checked(_bearer(header[-1]))
    parameter = dict(parameters).get("token")
    if parameter:
        return _checked(parameter)
    cookie = request.getCookie(COOKIE)
    if cookie and (_only_reads(request) or _same_origin(request)):
        return _checked(cookie.decode("ascii", "replace").strip())
    return None


def _bearer(header: bytes) -> str | None:
    """RFC 6750 §2.1; Daptin's users also send the bare token."""
    words = header.decode("ascii", "replace").split()
    if words[:1] and words[0].lower() == "bearer":
        words = words[1:]
    if len(words) > 1:
        return ""
    return words[0] if words else None


def _checked(token: str | None) -> str | None:
    return "" if token is not None and len(token) > MAX_TOKEN else token


def _only_reads(request: IRequest) -> bool:
    """Actions may be called by GET and yet change things."""
    return request.method in {b"GET", b"HEAD"} and not request.path.startswith(b"/action/")


def from_elsewhere(request: IRequest) -> bool:
    """True if a browser says that a page of another origin sends this."""
    return bool(request.requestHeaders.hasHeader(b"origin")) and not _same_origin(request)


def _same_origin(request: IRequest) -> bool:
    origin = request.requestHeaders.getRawHeaders(b"origin", [b""])[0]
    host = request.requestHeaders.getRawHeaders(b"host", [b""])[0]
    return bool(host) and origin.lower() in {b"http://" + host.lower(), b"https://" + host.lower()}


@define(eq=False)
class Gate:
    """Who may come in. An administrator, once seen, is known to exist from then on."""

    users: IUsers
    _is_set_up: bool = field(default=False, init=False)

    async def viewer(self, call: Call) -> Viewer:
        """Who asks; a guest without token.

        Raises:
            Unauthenticated: the token is not valid (any more).
        """
        if call.token is None:
            return Viewer(peer=call.peer)
        if not call.token:
            raise Unauthenticated("The Authorization header must be: Bearer <token>")
        try:
            return await self.users.viewer(call.token, call.peer)
        except Unauthenticated as error:
            raise Unauthenticated("Invalid or expired token", cause=error.cause) from error

    async def member(self, call: Call) -> Viewer:
        """Who asks, if it is anybody we know.

        Raises:
            Unauthenticated: a guest.
            Forbidden: no administrator exists yet.
        """
        await self.require_administrator_exists()
        viewer = await self.viewer(call)
        if viewer.is_guest:
            raise Unauthenticated("Authentication required")
        return viewer

    async def require_administrator_exists(self) -> None:
        """Keep everything shut until the first administrator exists.

        Raises:
            Forbidden: none exists.
        """
        if not self._is_set_up:
            self._is_set_up = await self.users.has_administrator()
        if not self._is_set_up:
            raise Forbidden(FIRST_RUN)
