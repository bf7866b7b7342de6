"""Keys, certificates, the DKIM record (compat 5.3)."""

from daptinmail.api.actions.entries import Entry, download, notify
from daptinmail.api.actions.invocation import Domain, Invocation
from daptinmail.api.problems import Unsupported

MAX_STRING = 255  # octets of one character-string, RFC 1035 §3.3


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
    zone = f"{name.rstrip('.')}. 3600 IN TXT ({_strings(value)})"
    return [Entry("dkim.record", {"name": name, "type": "TXT", "value": value, "zone": zone})]


def _strings(value: str) -> str:
    pieces = [value[start : start + MAX_STRING] for start in range(0, len(value), MAX_STRING)]
    quoted = [piece.replace("\\", "\\\\").replace('"', '\\"') for piece in pieces]
    return " ".join(f'"{piece}"' for piece in quoted)
