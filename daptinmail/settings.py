"""Frozen settings: ``Boot`` comes from the command line, ``Live`` from the database and is replaced whole."""

import json
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from uuid import UUID

from attrs import field, frozen

DEFAULT_HTTP = ("tcp:6336:interface=127.0.0.1", "tcp:8080:interface=127.0.0.1")


@frozen
class Boot:
    """What needs a new process to change."""

    data_dir: Path
    database_url: str = field(repr=False)  # may hold a password
    http: tuple[str, ...] = DEFAULT_HTTP
    resolver: tuple[str, int] | None = None
    quickstart: str | None = None

    @property
    def mail_dir(self) -> Path:
        """Root of the Maildir++ trees: ``<domain>/<local part>/``."""
        return self.data_dir / "mail"

    @property
    def spool_dir(self) -> Path:
        """Content between the wire and its first durable place."""
        return self.data_dir / "spool"

    @property
    def queue_dir(self) -> Path:
        """Content of messages that wait for transfer."""
        return self.data_dir / "queue"


@frozen
class Interface:
    """A TCP address to listen on. ``host`` is "" for all interfaces."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def parse_interface(text: str) -> Interface:
    """Read ``host:port``, ``:port`` or ``[v6]:port``; the host is an IP address, ``localhost``, ``*`` or nothing.

    Raises:
        ValueError: not of that form, or the port is not in 1-65535; the message is fit for a client.
    """
    host, separator, port_text = text.strip().rpartition(":")
    if not separator:
        raise ValueError("expected host:port, for instance 0.0.0.0:465")
    if not (port_text.isascii() and port_text.isdigit() and len(port_text) <= 5 and 1 <= int(port_text) <= 65535):
        raise ValueError("the port must be a number from 1 to 65535")
    return Interface(_interface_host(host), int(port_text))


def _interface_host(host: str) -> str:
    if host in {"", "*"}:
        return ""
    if host.lower() == "localhost":
        return "127.0.0.1"
    bracketed = host.startswith("[") and host.endswith("]")
    try:
        address = ip_address(host[1:-1] if bracketed else host)
    except ValueError:
        raise ValueError("the host must be an IP address, or empty for all") from None
    if bracketed != (address.version == 6) or "%" in host:
        raise ValueError("write an IPv6 address in brackets, for instance [::1]:465")
    return str(address)


@frozen
class ServerSettings:
    """One ``mail_server`` row, as the SMTP edge needs it. ``max_size`` is octets, 0 means no limit of the row."""

    id: int
    reference: UUID
    hostname: str
    is_enabled: bool
    interface: Interface | None
    max_size: int
    max_clients: int
    xclient_on: bool
    always_on_tls: bool
    authentication_required: bool
    fault: str = ""
    """Why ``listen_interface`` could not be read; empty if it could."""


@frozen
class ImapSettings:
    """The ``imap.*`` and ``imps.enabled`` keys, read together."""

    enabled: bool = False
    interface: Interface | None = None
    implicit_tls: bool = False
    hostname: str = "localhost"
    fault: str = ""


@frozen
class OutboundSettings:
    """How the queue behaves (keys ``mail.outbound.*``)."""

    hold: bool = False
    """Nothing leaves this server while true; rows say so."""
    allow_loopback: bool = False
    """MX records that point at this machine are refused unless true."""
    port: int = 25
    """Port of the next hop; other than 25 only for tests and closed networks."""


@frozen
class QueueSettings:
    """How long mail is tried, what its senders hear, and how much an account may send (keys ``mail.outbound.*``)."""

    schedule: str = ""
    """``daptin``, or waits such as ``5m 30m 2h``; the server's own if empty."""
    lifetime: timedelta = timedelta(days=5)
    """After this, mail that was not delivered goes back."""
    delay_notice: timedelta = timedelta(hours=4)
    """After this, senders are told that their mail waits; nothing is told if zero."""
    suppression: bool = True
    """Addresses that do not exist are remembered, and refused at submission."""
    messages_per_day: int = 1000
    """Of one account to other hosts; 0 for no limit."""
    new_recipients_per_day: int = 200
    """Of one account: addresses at other hosts that it never wrote to before; 0 for no limit."""


@frozen
class Live:
    """Everything the database says about how to run, read in one transaction."""

    hostname: str
    servers: tuple[ServerSettings, ...] = ()
    imap: ImapSettings = ImapSettings()
    outbound: OutboundSettings = OutboundSettings()
    queue: QueueSettings = QueueSettings()
    config: Mapping[str, str] = field(factory=dict)
    """Every configured value, unquoted."""


def unquote(value: str) -> str:
    """A configured value without white space around it and without one pair of JSON quotes."""
    value = value.strip()
    if len(value) >= 2 and value[0] == value[-1] == '"':
        try:
            decoded = json.loads(value)
        except ValueError:
            return value
        return str(decoded)
    return value


def is_true(value: str | None) -> bool:
    """True for what Daptin's users write for true."""
    return (value or "").lower() in {"true", "1", "yes", "on"}
