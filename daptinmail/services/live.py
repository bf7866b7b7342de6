"""Reads ``Live`` from the database; rows keep what was sent. A value that makes no sense counts as not set."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import TypeVar

from attrs import define, field
from sqlalchemy import Connection, Row, select

from daptinmail.db.schema import config, mail_server
from daptinmail.interfaces.storage import IStorage
from daptinmail.mail.hostname import parse_hostname
from daptinmail.net.multiplex import IMAP_PREFIXES
from daptinmail.settings import (
    ImapSettings,
    Interface,
    Live,
    OutboundSettings,
    QueueSettings,
    ServerSettings,
    is_true,
    parse_interface,
    unquote,
)

T = TypeVar("T")

IMAPS_PORT = 993  # RFC 8314 §7.2
MAX_HOURS = 10 * 366 * 24.0

_HOURS = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6})?")


@define(eq=False)
class CurrentLive:
    """Holds what the services run with now; ``machine`` is this machine's host name."""

    _storage: IStorage
    _machine: str
    value: Live = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.value = Live(hostname=self._machine)

    async def refresh(self) -> Live:
        """Read everything afresh. Touches no listener."""
        self.value = await self._storage.read(lambda connection: read_live(connection, self._machine))
        return self.value


def read_live(connection: Connection, machine: str) -> Live:
    """Everything the database says about how to run; ``machine`` is the host name where none is configured."""
    values = {name: unquote(value) for name, value in connection.execute(select(config.c.name, config.c.value))}
    rows = connection.execute(select(mail_server).order_by(mail_server.c.id))
    hostname = _host_name(values, "hostname") or machine
    return Live(
        hostname=hostname,
        servers=tuple(_server(row) for row in rows),
        imap=_imap(values, hostname),
        outbound=OutboundSettings(
            hold=is_true(values.get("mail.outbound.hold")),
            allow_loopback=is_true(values.get("mail.outbound.allow_loopback")),
            port=_port(values.get("mail.outbound.port"), 25),
        ),
        queue=_queue(values),
        config=values,
    )


def _host_name(values: Mapping[str, str], key: str) -> str:
    """A configured host name; "" if it is none. Any text can be configured, and this one goes on the wire."""
    try:
        return parse_hostname(values.get(key) or "")
    except ValueError:
        return ""


def imap_hostname(values: Mapping[str, str], hostname: str) -> str:
    """``imap.hostname``; else ``hostname`` if it already names an IMAP host; else ``imap.`` in front of it."""
    configured = _host_name(values, "imap.hostname")
    if configured:
        return configured.lower()
    hostname = hostname.lower()
    return hostname if hostname.startswith(IMAP_PREFIXES) else f"imap.{hostname}"


def wants_client_certificates(live: Live) -> bool:
    """Are clients asked for a certificate, for EXTERNAL? Off unless configured: some programs then ask their users."""
    return is_true(live.config.get("auth.external.enabled"))


def authorities(live: Live) -> str:
    """Path of the PEM file of authorities whose client certificates count by e-mail address; "" for none."""
    return live.config.get("auth.external.ca_file") or ""


def _queue(values: Mapping[str, str]) -> QueueSettings:
    usual = QueueSettings()
    return QueueSettings(
        schedule=values.get("mail.outbound.schedule", ""),
        lifetime=_hours(values.get("mail.outbound.lifetime.hours")) or usual.lifetime,
        delay_notice=_or(_hours(values.get("mail.outbound.delay_notice.hours")), usual.delay_notice),
        suppression=is_true(values.get("mail.outbound.suppression", "true") or "true"),
        messages_per_day=_or(_count(values.get("mail.outbound.messages_per_day")), usual.messages_per_day),
        new_recipients_per_day=_or(
            _count(values.get("mail.outbound.new_recipients_per_day")), usual.new_recipients_per_day
        ),
    )


def _imap(values: Mapping[str, str], hostname: str) -> ImapSettings:
    implicit = is_true(values.get("imps.enabled"))
    enabled = implicit or is_true(values.get("imap.enabled"))
    default = f"0.0.0.0:{IMAPS_PORT}" if implicit else ":1143"
    interface, fault = _interface(values.get("imap.listen_interface") or default)
    if interface is not None and interface.port == IMAPS_PORT:
        implicit = True
    return ImapSettings(enabled, interface, implicit, imap_hostname(values, hostname), fault)


def _server(row: Row[tuple[object, ...]]) -> ServerSettings:
    interface, fault = _interface(row.listen_interface)
    return ServerSettings(
        id=row.id,
        reference=row.reference_id,
        hostname=row.hostname,
        is_enabled=row.is_enabled,
        interface=interface,
        max_size=row.max_size,
        max_clients=row.max_clients,
        xclient_on=row.xclient_on,
        always_on_tls=row.always_on_tls,
        authentication_required=row.authentication_required,
        fault=fault,
    )


def _interface(text: str) -> tuple[Interface | None, str]:
    try:
        return parse_interface(text), ""
    except ValueError as error:
        return None, str(error)


def _or(value: T | None, default: T) -> T:
    return default if value is None else value


def _hours(value: str | None) -> timedelta | None:
    """A time of at most ten years; fractions of an hour may be given."""
    found = _HOURS.fullmatch(value or "")
    return None if found is None else timedelta(hours=min(float(found[0]), MAX_HOURS))


def _count(value: str | None) -> int | None:
    return int(value) if value and value.isascii() and value.isdigit() and len(value) <= 9 else None


def _port(value: str | None, default: int) -> int:
    number = int(value) if value and value.isdecimal() and len(value) <= 5 else 0
    return number if 0 < number < 65536 else default
