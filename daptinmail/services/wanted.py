"""From ``Live`` to the listeners that should run. Pure: what cannot be wanted is said, not raised."""

from attrs import evolve, field, frozen

from daptinmail.settings import ImapSettings, Interface, Live, ServerSettings

IMAP_NAME = "imap"


@frozen
class WantedListener:
    """One TCP address and what is served there. With both, the protocol is chosen after the TLS handshake."""

    interface: Interface
    implicit_tls: bool
    server: ServerSettings | None = None
    imap: ImapSettings | None = None

    @property
    def name(self) -> str:
        """Names the listener in reports and logs."""
        names = [self.server.hostname] if self.server else []
        return " + ".join([*names, IMAP_NAME] if self.imap else names)


@frozen
class Wanted:
    """What should run, and what cannot: ``faults`` maps a server's id (``None`` for IMAP) to the reason."""

    listeners: dict[Interface, WantedListener] = field(factory=dict)
    faults: dict[int | None, str] = field(factory=dict)


def wanted_listeners(live: Live) -> Wanted:
    """One listener for each enabled server, and IMAP on its own or on a shared implicit-TLS address."""
    wanted = Wanted()
    for server in live.servers:
        if server.is_enabled:
            _add_server(wanted, server)
    if live.imap.enabled:
        _add_imap(wanted, live.imap)
    return wanted


def hostnames(wanted: Wanted) -> list[str]:
    """Every host name that needs a certificate."""
    names = [listener.server.hostname for listener in wanted.listeners.values() if listener.server]
    names += [listener.imap.hostname for listener in wanted.listeners.values() if listener.imap]
    return list(dict.fromkeys(names))


def _add_server(wanted: Wanted, server: ServerSettings) -> None:
    if server.interface is None:
        wanted.faults[server.id] = server.fault
        return
    other = wanted.listeners.get(server.interface)
    if other and other.server:
        wanted.faults[server.id] = f"{server.interface} is already used by mail server {other.server.hostname}"
        return
    wanted.listeners[server.interface] = WantedListener(server.interface, server.always_on_tls, server)


def _add_imap(wanted: Wanted, imap: ImapSettings) -> None:
    if imap.interface is None:
        wanted.faults[None] = imap.fault
        return
    other = wanted.listeners.get(imap.interface)
    if other is None:
        wanted.listeners[imap.interface] = WantedListener(imap.interface, imap.implicit_tls, imap=imap)
    elif other.implicit_tls:
        wanted.listeners[imap.interface] = evolve(other, imap=imap)
    else:
        wanted.faults[None] = (
            f"{imap.interface} is used by mail server {other.name} without implicit TLS; "
            "SMTP and IMAP can share a port only when both use implicit TLS"
        )
