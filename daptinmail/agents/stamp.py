"""What an accepted message gets from us: its Received field and its arrival data."""

from datetime import datetime
from uuid import UUID

from daptinmail.interfaces.messages import Arrival
from daptinmail.interfaces.reception import Origin
from daptinmail.mail.envelope import Envelope
from daptinmail.mail.trace import received_field


def received(origin: Origin, envelope: Envelope, trail: UUID, now: datetime) -> bytes:
    """The Received field; names the recipient only if there is one (RFC 5321 §7.2)."""
    return received_field(
        helo=origin.helo,
        ip=origin.ip,
        by=origin.server.hostname,
        protocol=origin.protocol(envelope.parameters.smtputf8),
        trail=trail,
        now=now,
        recipient=envelope.recipients[0] if len(envelope.recipients) == 1 else None,
        tls=origin.tls,
        cipher=origin.cipher,
    )


def arrival_of(origin: Origin, envelope: Envelope, trail: UUID) -> Arrival:
    """How the message came."""
    return_path = str(envelope.return_path) if envelope.return_path else ""
    return Arrival(trail=trail, return_path=return_path, ip=origin.ip, tls=origin.tls is not None)
