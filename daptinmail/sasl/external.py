"""EXTERNAL (RFC 4422 appendix A): who holds the certificate that was presented in the TLS handshake."""

from daptinmail.errors import Malformed
from daptinmail.interfaces.credentials import ClientCertificate
from daptinmail.sasl.exchange import MAX_NAME, Client, Exchange, Outcome


def external(initial: bytes | None, client: Client) -> Exchange:
    """The one message names the account to be used, or is empty for the one that the certificate stands for."""
    identity = initial if initial is not None else (yield b"")
    try:
        username = identity.decode()
    except UnicodeDecodeError:
        raise Malformed("Identity is not UTF-8") from None
    if len(identity) > MAX_NAME or "\0" in username:
        raise Malformed("Malformed identity")
    return Outcome(ClientCertificate(client.channel.certificates(), username, client.ip))
