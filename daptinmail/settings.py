"""Frozen settings: ``Boot`` comes from the command line, ``Live`` from the database and is replaced whole."""

from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

from attrs import field, frozen

DEFAULT_HTTP = ("tcp:6336:interface=127.0.0.1", "tcp:8080:interface=127.0.0.1")


@frozen
class Boot:
    """What needs a new process to change."""

    data_dir: Path
    database_url: str
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
class Live:
    """Everything the database says about how to run, read in one transaction."""

    hostname: str
    servers: tuple[ServerSettings, ...] = ()
    imap: ImapSettings = ImapSettings()
    outbound: OutboundSettings = OutboundSettings()
    dkim_selector: str = "d1"
    config: Mapping[str, str] = field(factory=dict)
