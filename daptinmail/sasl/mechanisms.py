"""Which mechanisms there are, and when each is offered."""

from collections.abc import Callable, Mapping

from attrs import frozen
from twisted.cred.credentials import IUsernamePassword
from twisted.cred.portal import Portal
from zope.interface.interface import InterfaceClass

from daptinmail.interfaces.credentials import Channel, IBearerToken, IClientCertificate, IScramProof
from daptinmail.sasl.bearer import oauthbearer, xoauth2
from daptinmail.sasl.exchange import Client, Exchange
from daptinmail.sasl.external import external
from daptinmail.sasl.negotiation import Negotiation
from daptinmail.sasl.passwords import login, plain
from daptinmail.sasl.scram import Scram


@frozen
class Mechanism:
    """``proves`` is the kind of credentials it ends with; ``fits`` tells if a channel has what it needs beside TLS."""

    start: Callable[[bytes | None, Client], Exchange]
    proves: InterfaceClass
    fits: Callable[[Channel], bool] = lambda channel: True


def _has_certificate(channel: Channel) -> bool:
    return bool(channel.certificates())


def _can_bind(channel: Channel) -> bool:
    return bool(channel.bindings)


MECHANISMS: Mapping[bytes, Mechanism] = {
    b"SCRAM-SHA-256-PLUS": Mechanism(Scram("sha256", plus=True), IScramProof, _can_bind),
    b"SCRAM-SHA-256": Mechanism(Scram("sha256", plus=False), IScramProof),
    b"SCRAM-SHA-1-PLUS": Mechanism(Scram("sha1", plus=True), IScramProof, _can_bind),
    b"SCRAM-SHA-1": Mechanism(Scram("sha1", plus=False), IScramProof),
    b"EXTERNAL": Mechanism(external, IClientCertificate, _has_certificate),
    b"OAUTHBEARER": Mechanism(oauthbearer, IBearerToken),
    b"XOAUTH2": Mechanism(xoauth2, IBearerToken),
    b"PLAIN": Mechanism(plain, IUsernamePassword),
    b"LOGIN": Mechanism(login, IUsernamePassword),
}
"""By name, in the order of the offer: the best first."""


def mechanisms(portal: Portal, channel: Channel) -> list[bytes]:
    """The names to offer on a channel: nothing in clear, and only what ``portal`` can verify."""
    if not channel.secure:
        return []
    verified = set(portal.listCredentialsInterfaces())
    return [name for name, one in MECHANISMS.items() if one.proves in verified and one.fits(channel)]


def begin(name: bytes, initial: bytes | None, portal: Portal, client: Client) -> Negotiation | None:
    """The exchange of a mechanism, ``None`` if it is not offered. ``initial`` is the decoded initial response."""
    name = name.upper()
    if name not in mechanisms(portal, client.channel):
        return None
    return Negotiation(portal, client, MECHANISMS[name].start(initial, client))
