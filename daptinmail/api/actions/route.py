"""The HTTP route of actions."""

from ipaddress import ip_address
from uuid import UUID

from attrs import define

from daptinmail.api.actions.invocation import Domain, Invocation, Unacceptable, read_attributes
from daptinmail.api.actions.table import ACTIONS, Action, Audience, guest_actions
from daptinmail.api.actions.users import FORBIDDEN
from daptinmail.api.authentication import Gate
from daptinmail.api.call import JSON, Answer, Call, json_answer, json_octets
from daptinmail.api.repeating import Repeating
from daptinmail.errors import Forbidden
from daptinmail.interfaces.directory import Viewer


@define(eq=False)
class Actions:
    """Calls actions by type and name."""

    domain: Domain
    gate: Gate
    repeating: Repeating

    async def call(self, call: Call, kind: str, name: str) -> Answer:
        """Run one action and answer its entries."""
        action = ACTIONS.get((kind, name))
        if action is None:
            raise Unacceptable("no such action", f"{kind[:50]}/{name[:50]}")
        viewer = await self._viewer(action, call)
        attributes = read_attributes(call)

        async def run(token: UUID) -> bytes:
            invocation = Invocation(attributes, viewer, token, call.peer, _is_near(call))
            entries = await action.run(self.domain, invocation)
            return json_octets([entry.json() for entry in entries])

        return Answer(200, await self.repeating.run(call, viewer.reference, run), JSON)

    async def _viewer(self, action: Action, call: Call) -> Viewer:
        """Who calls, if they may. Guests' actions ignore tokens: an old one must keep nobody from signing in."""
        if action.audience is Audience.GUEST:
            return Viewer(peer=call.peer)
        if action.audience is Audience.FIRST_RUN:
            return await self.gate.viewer(call)
        viewer = await self.gate.member(call)
        if action.audience is Audience.ADMINISTRATOR and not viewer.is_administrator:
            raise Forbidden(FORBIDDEN)
        return viewer

    async def guests(self, call: Call) -> Answer:
        """What a guest may call."""
        return json_answer(guest_actions(), content_type=JSON)


def _is_near(call: Call) -> bool:
    """True for a client on this machine that means this machine.

    Behind a proxy everybody looks near, so a forwarded call is not. Nor is one to a foreign host name: a web page may
    have pointed its own name here (DNS rebinding).
    """
    named_here = call.host == "localhost" or _is_loopback(call.host.strip("[]"))
    return _is_loopback(call.peer) and named_here and not call.forwarded


def _is_loopback(text: str) -> bool:
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return bool((getattr(address, "ipv4_mapped", None) or address).is_loopback)
