"""Does the name of the client's address lead back to it? (RFC 8601 §3)"""

from ipaddress import ip_address

from daptinmail.errors import NotFound, Unavailable
from daptinmail.interfaces.screening import Check
from daptinmail.interfaces.transfer import IResolver
from daptinmail.policy.spf import IpAddress

MAX_NAMES = 5
"""Names of one address that are looked up."""


async def check_reverse(resolver: IResolver, ip: IpAddress) -> Check:
    """The result of method ``iprev``; never raises for DNS."""
    properties = (("policy.iprev", str(ip)),)
    try:
        names = await resolver.reverse_names(str(ip))
    except Unavailable:
        return Check("iprev", "temperror", "DNS does not answer for the name", properties)
    except NotFound:
        names = []
    if not names:
        return Check("iprev", "permerror", "the address has no name", properties)
    silent = False
    for name in names[:MAX_NAMES]:
        try:
            if any(ip_address(one) == ip for one in await resolver.addresses(name, ip.version)):
                return Check("iprev", "pass", name, properties)
        except NotFound:
            continue
        except Unavailable:
            silent = True
    if silent:
        return Check("iprev", "temperror", "DNS does not answer for the address of the name", properties)
    return Check("iprev", "fail", f"{names[0]} has another address", properties)
