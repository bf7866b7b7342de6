"""The API in memory: requests go through Twisted's own HTTP parser, no sockets."""

import json
from collections.abc import Mapping
from typing import Any

from attrs import define, field, frozen
from treq.testing import StubTreq
from twisted.internet.address import IPv4Address
from twisted.web.resource import IResource, Resource

from daptinmail.api.app import Api
from tests.support.control import (
    MemoryCertificates,
    MemoryConfiguration,
    MemoryControl,
)
from tests.support.domains import Zones
from tests.support.events import MemoryEvents
from tests.support.memory_store import MemoryMessageStore
from tests.support.queue import MemoryQueue
from tests.support.records import MemoryRecords
from tests.support.repeats import MemoryRepeats
from tests.support.runtime import CountingIdentifiers, SteadyClock
from tests.support.sending import MemorySending
from tests.support.users import MemoryUsers

Body = bytes | str | dict[str, Any] | list[Any] | None


@frozen
class Reply:
    """A response."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def title(self) -> str:
        """The first error's title."""
        return str(self.json["errors"][0]["title"])


class From(Resource):
    """Makes requests seem to come from another address."""

    isLeaf = True  # noqa: N815 - twisted.web's name

    def __init__(self, inner: IResource) -> None:
        super().__init__()
        self.inner = inner
        self.ip = "127.0.0.1"

    def render(self, request: Any) -> Any:
        """Hand on."""
        request.client = IPv4Address("TCP", self.ip, 31337)
        return self.inner.render(request)


def api_resource(web: "Web") -> From:
    """The whole API over the providers of ``web``."""
    api = Api(
        web.records,
        web.users,
        web.configuration,
        web.control,
        web.certificates,
        web.queue,
        web.store,
        web.events,
        web.zones.domains(web.control.live),
        web.zones.keys,
        web.zones.directory,
        web.sending,
        web.repeats,
        web.clock,
        CountingIdentifiers(),
        web.rate_limit,
    )
    return From(api.resource())


class Client:
    """Sends requests to a resource. ``administrator`` is the token when none is named; ``replies`` remembers."""

    def __init__(self, front: From, administrator: str = "") -> None:
        self.front = front
        self.administrator = administrator
        self.replies: list[Reply] = []

    def request(
        self,
        method: str,
        path: str,
        body: Body = None,
        token: str | None = "",
        headers: Mapping[str, str] | None = None,
        peer: str = "127.0.0.1",
    ) -> Reply:
        """One request. ``token`` "" is the administrator's, ``None`` none."""
        self.front.ip = peer
        sent = dict(headers or {})
        token = self.administrator if token == "" else token
        if token:
            sent["Authorization"] = f"Bearer {token}"
        stub: Any = StubTreq(self.front)
        raw = json.dumps(body) if isinstance(body, dict | list) else body
        found: list[Any] = []
        contents: list[bytes] = []
        stub.request(method, "http://localhost:8080" + path, data=raw, headers=sent).addBoth(found.append)
        stub.flush()
        found[0].content().addBoth(contents.append)
        stub.flush()
        fields = {name.decode().lower(): values[-1].decode() for name, values in found[0].headers.getAllRawHeaders()}
        reply = Reply(found[0].code, fields, contents[0])
        self.replies.append(reply)
        return reply

    def get(self, path: str, token: str | None = "", **options: Any) -> Reply:
        """GET."""
        return self.request("GET", path, None, token, **options)

    def post(self, path: str, body: Body = None, token: str | None = "", **options: Any) -> Reply:
        """POST."""
        return self.request("POST", path, body, token, **options)

    def patch(self, path: str, body: Body = None, token: str | None = "") -> Reply:
        """PATCH."""
        return self.request("PATCH", path, body, token)

    def delete(self, path: str, body: Body = None, token: str | None = "") -> Reply:
        """DELETE."""
        return self.request("DELETE", path, body, token)

    def create(self, kind: str, attributes: Mapping[str, Any], **to_one: str) -> Reply:
        """POST a row; ``to_one`` maps relationship names to ids."""
        relationships = {
            name: {"data": {"type": name.removesuffix("_id"), "id": reference}} for name, reference in to_one.items()
        }
        data = {"type": kind, "attributes": dict(attributes), "relationships": relationships}
        return self.post(f"/api/{kind}", {"data": data})

    def action(self, name: str, attributes: Mapping[str, Any] | None = None, token: str | None = "") -> Reply:
        """POST an action; ``name`` is ``type/action``."""
        return self.post(f"/action/{name}", {"attributes": dict(attributes or {})}, token)


@define(eq=False, init=False, slots=False)
class Web(Client):
    """The API over memory providers. ``administrator`` and ``user`` are tokens."""

    rate_limit: int = 500
    is_set_up: bool = True
    records: MemoryRecords = field(factory=MemoryRecords)
    users: MemoryUsers = field(factory=MemoryUsers)
    configuration: MemoryConfiguration = field(factory=MemoryConfiguration)
    control: MemoryControl = field(factory=MemoryControl)
    certificates: MemoryCertificates = field(factory=MemoryCertificates)
    queue: MemoryQueue = field(factory=MemoryQueue)
    store: MemoryMessageStore = field(factory=lambda: MemoryMessageStore(SteadyClock(), CountingIdentifiers()))
    events: MemoryEvents = field(factory=MemoryEvents)
    zones: Zones = field(factory=Zones)
    sending: MemorySending = field(factory=MemorySending)
    repeats: MemoryRepeats = field(factory=MemoryRepeats)
    clock: SteadyClock = field(factory=SteadyClock)
    user: str = ""

    def __init__(self, rate_limit: int = 500, is_set_up: bool = True) -> None:
        self.__attrs_init__(rate_limit, is_set_up)
        self.records.clock = self.clock
        super().__init__(api_resource(self))
        if is_set_up:
            self.administrator = self.users.add("root@dept.test", is_administrator=True)
            self.user = self.users.add("ann@dept.test")
