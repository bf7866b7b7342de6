"""PLAIN (RFC 4616) and LOGIN (draft-murchison-sasl-login)."""

from daptinmail.errors import Malformed, Unauthenticated
from daptinmail.interfaces.credentials import AccountCredentials
from daptinmail.sasl.exchange import Client, Exchange, Outcome, same_identity

LONGEST = 1024
"""Octets of a user name or password."""


def plain(initial: bytes | None, client: Client) -> Exchange:
    """Authorization identity, NUL, user name, NUL, password (RFC 4616 §2)."""
    response = initial if initial is not None else (yield b"")
    fields = response.split(b"\0")
    if len(fields) != 3:
        raise Malformed("Malformed PLAIN message")
    username, password = _text(fields[1]), _text(fields[2])
    same_identity(_text(fields[0]) if fields[0] else "", username)
    return _outcome(username, password, client)


def login(initial: bytes | None, client: Client) -> Exchange:
    """User name, then password, each asked for in the words that clients expect."""
    username = initial if initial is not None else (yield b"Username:")
    password = yield b"Password:"
    return _outcome(_text(username), _text(password), client)


def presented(username: bytes, password: bytes, client: Client) -> AccountCredentials:
    """What IMAP's LOGIN command presents.

    Raises:
        Unauthenticated: it can be nobody's.
    """
    return AccountCredentials(_text(username).encode(), _text(password).encode(), client.ip, client.service)


def _outcome(username: str, password: str, client: Client) -> Outcome:
    return Outcome(AccountCredentials(username.encode(), password.encode(), client.ip, client.service))


def _text(octets: bytes) -> str:
    """UTF-8, not empty, without NUL (RFC 4616 §2)."""
    if not 0 < len(octets) <= LONGEST or b"\0" in octets:
        raise Unauthenticated(cause="a name or password that can be nobody's")
    try:
        return octets.decode()
    except UnicodeDecodeError:
        raise Unauthenticated(cause="a name or password that is not UTF-8") from None
