"""``Api``: every route, and the resource they make."""

from collections.abc import Mapping
from typing import Any

from attrs import define, field, frozen
from klein import Klein
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.web.iweb import IRequest
from twisted.web.resource import IResource
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from daptinmail.api.actions.invocation import Domain
from daptinmail.api.actions.route import Actions
from daptinmail.api.authentication import Gate
from daptinmail.api.call import Answer, Call
from daptinmail.api.client_set_up import ClientSetUp
from daptinmail.api.configuration import Settings, bare
from daptinmail.api.domains import DomainRoutes
from daptinmail.api.front import Front
from daptinmail.api.guard import Guard, Route, Style, write
from daptinmail.api.pages import Pages
from daptinmail.api.problems import Problem, error_document, failed_action
from daptinmail.api.rates import LIMIT, Rates
from daptinmail.api.relations import Relations
from daptinmail.api.repeating import Repeating
from daptinmail.api.rows import Rows
from daptinmail.api.types import KINDS
from daptinmail.interfaces.control import IConfiguration, IControl
from daptinmail.interfaces.directory import IDirectory, IUsers
from daptinmail.interfaces.dkim_keys import IDkimKeys
from daptinmail.interfaces.domains import IDomains
from daptinmail.interfaces.events import IEventLog
from daptinmail.interfaces.messages import IMessageStore
from daptinmail.interfaces.records import IRecords
from daptinmail.interfaces.repeats import IRepeats
from daptinmail.interfaces.runtime import IClock, IIdentifiers
from daptinmail.interfaces.sending import ISending
from daptinmail.interfaces.tls import ICertificates
from daptinmail.interfaces.transfer import IQueue

Methods = Mapping[str, Route]


@frozen
class _Endpoint:
    """What one path serves: a route for each method; HEAD is GET without body (RFC 9110 §9.3.2)."""

    rule: str
    methods: Methods
    style: Style

    @property
    def allowed(self) -> list[str]:
        """Methods this path knows."""
        return sorted({*self.methods, "OPTIONS", *(["HEAD"] if "GET" in self.methods else [])})

    def route(self, method: str) -> Route:
        """What serves ``method``."""
        return self._options if method == "OPTIONS" else self.methods["GET" if method == "HEAD" else method]

    async def _options(self, call: Call, **path: str) -> Answer:
        return Answer(204, headers={"Allow": ", ".join(self.allowed)})


@define(eq=False)
class Api:
    """The HTTP API over the domain's interfaces. ``rate_limit`` is requests a second from one client."""

    records: IRecords
    users: IUsers
    configuration: IConfiguration
    control: IControl
    certificates: ICertificates
    queue: IQueue
    store: IMessageStore
    events: IEventLog
    domains: IDomains
    dkim_keys: IDkimKeys
    directory: IDirectory
    sending: ISending
    repeats: IRepeats
    clock: IClock
    identifiers: IIdentifiers
    rate_limit: int = LIMIT
    _guard: Guard = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._guard = Guard(Rates(self.clock, self.rate_limit), self.identifiers)

    def resource(self) -> IResource:
        """A resource that serves everything."""
        klein = Klein()
        klein.url_map.merge_slashes = False
        for endpoint in self._endpoints():
            self._add(klein, endpoint)
        klein.handle_errors(HTTPException)(_unrouted)
        return Front(klein.resource())

    def _add(self, klein: Klein, endpoint: _Endpoint) -> None:
        def serve(request: IRequest, **path: str) -> Deferred[bytes]:
            route = endpoint.route(request.method.decode("ascii"))
            return self._guard.serve(request, route, endpoint.style, path)

        klein.route(endpoint.rule, methods=endpoint.allowed, endpoint=endpoint.rule)(serve)

    def _endpoints(self) -> list[_Endpoint]:
        gate = Gate(self.users)
        rows = Rows(self.records, gate)
        return [
            *_row_endpoints(rows, Relations(self.records, gate, rows)),
            *_action_endpoints(Actions(self._domain(), gate, Repeating(self.repeats, self.identifiers))),
            *_configuration_endpoints(Settings(self.configuration, gate, self.events)),
            *_domain_endpoints(DomainRoutes(self.domains, self.dkim_keys, gate)),
            *_set_up_endpoints(ClientSetUp(self.domains, gate)),
            *_page_endpoints(Pages()),
        ]

    def _domain(self) -> Domain:
        return Domain(
            self.records,
            self.users,
            self.control,
            self.certificates,
            self.queue,
            self.store,
            self.directory,
            self.sending,
        )


def _document(trouble: Problem, path: Mapping[str, str]) -> Answer:
    return error_document(trouble, KINDS.get(path.get("kind", "")))


def _action(trouble: Problem, path: Mapping[str, str]) -> Answer:
    return failed_action(trouble)


def _row_endpoints(rows: Rows, relations: Relations) -> list[_Endpoint]:
    row = "/api/<kind>/<reference>"
    linkage: Methods = {
        "GET": relations.linkage,
        "POST": relations.add,
        "PATCH": relations.replace,
        "DELETE": relations.remove,
    }
    return [
        _Endpoint("/api/<kind>", {"GET": rows.list, "POST": rows.create}, _document),
        _Endpoint(row, {"GET": rows.get, "PATCH": rows.patch, "DELETE": rows.delete}, _document),
        _Endpoint(f"{row}/<relationship>", {"GET": relations.related}, _document),
        _Endpoint(f"{row}/relationships/<relationship>", linkage, _document),
    ]


def _action_endpoints(actions: Actions) -> list[_Endpoint]:
    methods = dict.fromkeys(("GET", "POST", "PUT", "PATCH", "DELETE"), actions.call)
    return [
        _Endpoint("/action/<kind>/<name>", methods, _action),
        _Endpoint("/actions", {"GET": actions.guests}, _document),
    ]


def _configuration_endpoints(settings: Settings) -> list[_Endpoint]:
    methods: Methods = {
        "GET": settings.get,
        "POST": settings.set,
        "PUT": settings.set,
        "PATCH": settings.set,
        "DELETE": settings.delete,
    }
    return [
        _Endpoint("/_config", {"GET": settings.all}, bare),
        _Endpoint("/_config/<end>/<key>", methods, bare),
    ]


def _domain_endpoints(domains: DomainRoutes) -> list[_Endpoint]:
    return [
        _Endpoint("/domains", {"GET": domains.list}, _document),
        _Endpoint("/domains/<domain>/dns", {"GET": domains.check}, _document),
        _Endpoint("/domains/<domain>/zone", {"GET": domains.zone}, _document),
        _Endpoint("/domains/<domain>/keys", {"GET": domains.keys, "POST": domains.prepare_key}, _document),
        _Endpoint("/domains/<domain>/keys/advance", {"POST": domains.advance_keys}, _document),
    ]


def _set_up_endpoints(documents: ClientSetUp) -> list[_Endpoint]:
    """Outlook spells its path in several cases."""
    spellings = ("autodiscover/autodiscover", "Autodiscover/Autodiscover", "AutoDiscover/AutoDiscover")
    return [
        _Endpoint("/mail/config-v1.1.xml", {"GET": documents.autoconfig}, _document),
        _Endpoint("/.well-known/autoconfig/mail/config-v1.1.xml", {"GET": documents.autoconfig}, _document),
        *(_Endpoint(f"/{path}.xml", {"POST": documents.autodiscover}, _document) for path in spellings),
        _Endpoint("/autodiscover/autodiscover.json", {"GET": documents.autodiscover_json}, _document),
        _Endpoint("/mail/apple.mobileconfig", {"GET": documents.apple}, _document),
        _Endpoint("/.well-known/mta-sts.txt", {"GET": documents.transfer_policy}, _document),
    ]


def _page_endpoints(pages: Pages) -> list[_Endpoint]:
    return [
        _Endpoint("/ping", {"GET": pages.ping}, _document),
        _Endpoint("/health", {"GET": pages.health}, _document),
        _Endpoint("/static/style.css", {"GET": pages.style}, _document),
        _Endpoint("/", {"GET": pages.page}, _document),
        _Endpoint("/<path:rest>", {"GET": pages.page}, _document),
    ]


def _unrouted(request: IRequest, failure: Failure) -> bytes:
    """A path or method that nothing serves."""
    error: Any = failure.value
    status = error.code or 500
    allowed = sorted(error.valid_methods or ()) if isinstance(error, MethodNotAllowed) else []
    headers = {"Allow": ", ".join(allowed)} if allowed else {}
    title = "Method not allowed" if status == 405 else "No such path"
    return write(request, error_document(Problem(status, title, {}, headers=headers)))
