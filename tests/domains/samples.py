"""A server with one domain, as most are."""

from uuid import UUID

from daptinmail.settings import ImapSettings, Interface, Live, OutboundSettings, ServerSettings


def server(hostname: str, port: int, *, login: bool, implicit_tls: bool = True, host: str = "") -> ServerSettings:
    """An enabled ``mail_server``."""
    return ServerSettings(
        id=port,
        reference=UUID(int=port),
        hostname=hostname,
        is_enabled=True,
        interface=Interface(host, port),
        max_size=0,
        max_clients=20,
        xclient_on=False,
        always_on_tls=implicit_tls,
        authentication_required=login,
    )


def live(**config: str) -> Live:
    """Reception on port 25, submission on 465, IMAP on 993; ``config`` keys with ``__`` for dots."""
    return Live(
        hostname="mail.example.com",
        servers=(
            server("mx.example.com", 25, login=False, implicit_tls=False),
            server("mail.example.com", 465, login=True),
        ),
        imap=ImapSettings(True, Interface("", 993), True, "mail.example.com"),
        outbound=OutboundSettings(),
        config={name.replace("__", "."): value for name, value in config.items()},
    )
