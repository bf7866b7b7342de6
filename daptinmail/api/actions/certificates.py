"""Keys, certificates, the DKIM record (compat 5.3)."""

from daptinmail.api.actions.entries import Entry, download, notify
from daptinmail.api.actions.invocation import Domain, Invocation
from daptinmail.api.problems import Unsupported
from daptinmail.mail.dkim_record import zone_line


async def generate_self_certificate(domain: Domain, call: Invocation) -> list[Entry]:
    """Make key and certificate."""
    hostname = await domain.certificates.generate_self_signed(call.subject("certificate"))
    return [notify(f"Certificate generated for {hostname}", kind="message")]


async def generate_acme_certificate(domain: Domain, call: Invocation) -> list[Entry]:
    """Not in this version."""
    raise Unsupported(501, "generate_acme_certificate is not available in this version")


async def download_certificate(domain: Domain, call: Invocation) -> list[Entry]:
    """The certificate with its chain, as a file."""
    hostname, pem = await domain.certificates.certificate_pem(call.subject("certificate"))
    return [download(f"{hostname}.pem.crt", pem, f"Certificate for {hostname}")]


async def download_public_key(domain: Domain, call: Invocation) -> list[Entry]:
    """The public key, as a file."""
    hostname, pem = await domain.certificates.public_key_pem(call.subject("certificate"))
    return [download(f"{hostname}.pem.key.pub", pem, f"Public Key for {hostname}")]


async def dkim_record(domain: Domain, call: Invocation) -> list[Entry]:
    """The TXT record to publish, also as a line for a zone file (RFC 6376 §3.6.2)."""
    name, value = await domain.certificates.dkim_record(call.subject("certificate"))
    return [Entry("dkim.record", {"name": name, "type": "TXT", "value": value, "zone": zone_line(name, value)})]
