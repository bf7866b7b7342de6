"""Documents that mail programs read to set themselves up: autoconfig, autodiscover, a profile of Apple's."""

import plistlib
from uuid import NAMESPACE_URL, uuid5
from xml.etree.ElementTree import Element, SubElement, tostring

from daptinmail.errors import NotFound
from daptinmail.interfaces.domains import Endpoint, MailAccess

OUTLOOK = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
RESPONSE = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"
ADDRESS = "%EMAILADDRESS%"
"""What Thunderbird replaces by the address."""


def autoconfig(access: MailAccess) -> bytes:
    """The document of Thunderbird and others (Mozilla's "Autoconfig", clientConfig 1.1)."""
    root = Element("clientConfig", version="1.1")
    provider = SubElement(root, "emailProvider", id=access.domain)
    _add(provider, domain=access.domain, displayName=f"{access.domain} Mail", displayShortName=access.domain)
    for endpoint in access.imap:
        _add_server(SubElement(provider, "incomingServer", type="imap"), endpoint)
    for endpoint in access.submission:
        _add_server(SubElement(provider, "outgoingServer", type="smtp"), endpoint)
    return _xml(root)


def autodiscover(access: MailAccess, address: str) -> bytes:
    """The answer of Microsoft's POX Autodiscover ([MS-OXDSCLI] §2.2.4) for programs that speak IMAP and SMTP."""
    root = Element("Autodiscover", xmlns=RESPONSE)
    response = SubElement(root, "Response", xmlns=OUTLOOK)
    account = SubElement(response, "Account")
    _add(account, AccountType="email", Action="settings")
    for kind, endpoints in (("IMAP", access.imap), ("SMTP", access.submission)):
        for endpoint in endpoints[:1]:
            protocol = SubElement(account, "Protocol")
            _add(protocol, Type=kind, Server=endpoint.host, Port=str(endpoint.port), LoginName=address, SPA="off")
            _add(protocol, SSL="on", Encryption="SSL" if endpoint.implicit_tls else "TLS", AuthRequired="on")
    return _xml(root)


def apple_profile(access: MailAccess, address: str) -> bytes:
    """A configuration profile with one e-mail account (Apple's "Mail payload", com.apple.mail.managed). No password.

    Raises:
        NotFound: it takes both ways, to read and to send.
    """
    if not access.imap or not access.submission:
        raise NotFound("no way to read or to send mail is configured")
    payload = {
        "PayloadType": "com.apple.mail.managed",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"{access.domain}.mail.account",
        "PayloadUUID": _stable_uuid(access.domain, "account", address),
        "PayloadDisplayName": f"Mail for {address}",
        "EmailAccountType": "EmailTypeIMAP",
        "EmailAddress": address,
        **_apple_server("Incoming", access.imap[0], address),
        **_apple_server("Outgoing", access.submission[0], address),
        "OutgoingPasswordSameAsIncomingPassword": True,
    }
    profile = {
        "PayloadType": "Configuration",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"{access.domain}.mail",
        "PayloadUUID": _stable_uuid(access.domain, "profile", address),
        "PayloadDisplayName": f"{access.domain} Mail",
        "PayloadContent": [payload],
    }
    return plistlib.dumps(profile)


def _apple_server(direction: str, endpoint: Endpoint, address: str) -> dict[str, object]:
    return {
        f"{direction}MailServerHostName": endpoint.host,
        f"{direction}MailServerPortNumber": endpoint.port,
        f"{direction}MailServerUseSSL": True,
        f"{direction}MailServerUsername": address,
        f"{direction}MailServerAuthentication": "EmailAuthPassword",
    }


def _stable_uuid(*parts: str) -> str:
    """The same for the same account, so that a profile replaces its predecessor."""
    return str(uuid5(NAMESPACE_URL, "/".join(parts))).upper()


def _add_server(parent: Element, endpoint: Endpoint) -> None:
    socket_type = "SSL" if endpoint.implicit_tls else "STARTTLS"
    _add(parent, hostname=endpoint.host, port=str(endpoint.port), socketType=socket_type)
    _add(parent, username=ADDRESS, authentication="password-cleartext")  # under TLS always


def _add(parent: Element, **children: str) -> None:
    for name, text in children.items():
        SubElement(parent, name).text = text


def _xml(root: Element) -> bytes:
    document: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return document
