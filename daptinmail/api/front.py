"""The outermost resource: refuses what Klein's URL map could only trip over."""

import re

from attrs import define
from twisted.web.iweb import IRequest
from twisted.web.resource import IResource
from zope.interface import implementer

from daptinmail.api.guard import write
from daptinmail.api.problems import Problem, error_document

METHODS = frozenset({b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"})
MAX_TARGET = 8192
_HOST = re.compile(rb"(?:[A-Za-z0-9._-]{0,253}|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")


@implementer(IResource)
@define(eq=False)
class Front:
    """Hands well-formed requests to ``inner``."""

    inner: IResource
    isLeaf = True  # noqa: N815 - twisted.web's name

    def render(self, request: IRequest) -> object:
        """Serve, or refuse with one line."""
        fault = _fault(request)
        if fault is None:
            return self.inner.render(request)
        return write(request, error_document(fault))

    def getChildWithDefault(self, name: bytes, request: IRequest) -> IResource:
        """Unused: this is a leaf."""
        return self

    def putChild(self, path: bytes, child: IResource) -> None:  # noqa: N802 - twisted.web's name
        """Unused: this is a leaf."""


def _fault(request: IRequest) -> Problem | None:
    if request.method not in METHODS:
        return Problem(501, "Method not implemented", {})
    if len(request.uri) > MAX_TARGET:
        return Problem(414, "Request target too long", {})
    hosts = request.requestHeaders.getRawHeaders(b"host", [])
    if len(hosts) > 1 or not all(_HOST.fullmatch(host) for host in hosts):  # RFC 9112 §3.2
        return Problem(400, "Malformed Host", {})
    try:
        b"/".join(request.postpath).decode("utf-8")
    except UnicodeDecodeError:
        return Problem(400, "The path is not UTF-8", {})
    return None
