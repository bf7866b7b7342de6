"""Routes that mail programs and other servers ask without a token: client set-up, and the MTA-STS policy.

They tell which domains are served and where, as DNS does, and nothing about accounts.
"""

import re
from xml.sax.saxutils import unescape

from attrs import define

from daptinmail.api.authentication import Gate
from daptinmail.api.call import JSON, Answer, Call, json_answer
from daptinmail.api.client_documents import apple_profile, autoconfig, autodiscover
from daptinmail.errors import Malformed, NotFound
from daptinmail.interfaces.domains import IDomains
from daptinmail.mail.address import Address, BadAddress

XML = "text/xml; charset=utf-8"
PROFILE = "application/x-apple-aspen-config"
TEXT = "text/plain; charset=utf-8"
MAX_REQUEST = 16384
_ASKED = re.compile(rb"<EMailAddress>\s*([^<>]{1,600}?)\s*</EMailAddress>", re.IGNORECASE)


@define(eq=False)
class ClientSetUp:
    """The documents over HTTP."""

    domains: IDomains
    gate: Gate

    async def autoconfig(self, call: Call) -> Answer:
        """For ``?emailaddress=``, or the domain behind ``autoconfig.`` in the URL."""
        await self.gate.require_administrator_exists()
        asked = dict(call.parameters).get("emailaddress")
        domain = _address(asked).domain if asked else _behind(call.host, "autoconfig.")
        return Answer(200, autoconfig(await self.domains.access(domain)), XML)

    async def autodiscover(self, call: Call) -> Answer:
        """For the address in the posted document; read by pattern, as no entity of a stranger should be expanded."""
        await self.gate.require_administrator_exists()
        found = _ASKED.search(call.body[:MAX_REQUEST])
        if found is None:
            raise Malformed("the request names no EMailAddress")
        address = _address(unescape(found[1].decode("utf-8", "replace")))
        return Answer(200, autodiscover(await self.domains.access(address.domain), str(address)), XML)

    async def autodiscover_json(self, call: Call) -> Answer:
        """Where the document above is (Autodiscover V2)."""
        await self.gate.require_administrator_exists()
        parameters = {name.lower(): value for name, value in call.parameters}
        access = await self.domains.access(_address(parameters.get("email", "")).domain)
        if parameters.get("protocol", "").lower() != "autodiscoverv1":
            raise NotFound("only the protocol AutodiscoverV1 is served")
        url = f"https://autodiscover.{access.domain}/autodiscover/autodiscover.xml"
        return json_answer({"Protocol": "AutodiscoverV1", "Url": url}, content_type=JSON)

    async def apple(self, call: Call) -> Answer:
        """A profile for ``?email=``."""
        await self.gate.require_administrator_exists()
        address = _address(dict(call.parameters).get("email", ""))
        profile = apple_profile(await self.domains.access(address.domain), str(address))
        headers = {"Content-Disposition": 'attachment; filename="mail.mobileconfig"'}
        return Answer(200, profile, PROFILE, headers=headers)

    async def transfer_policy(self, call: Call) -> Answer:
        """The MTA-STS policy of the domain behind ``mta-sts.`` (RFC 8461 §3.3)."""
        await self.gate.require_administrator_exists()
        domain = _behind(call.host, "mta-sts.")
        return Answer(200, await self.domains.transfer_policy(domain), TEXT)


def _address(text: str) -> Address:
    try:
        return Address.parse(text)
    except BadAddress as error:
        raise Malformed("not a mail address") from error


def _behind(host: str, label: str) -> str:
    if not host.startswith(label):
        raise NotFound("no such path on this host")
    return host.removeprefix(label)
