"""What a mechanism may ask for, and what it ends with."""

import os
from collections.abc import Callable, Generator
from typing import Any

from attrs import frozen

from daptinmail.errors import Forbidden
from daptinmail.interfaces.credentials import (
    AccountCredentials,
    BearerToken,
    Channel,
    ClientCertificate,
    ScramProof,
)

MAX_RESPONSE = 12 * 1024
"""Octets of one response, decoded; a token may be long (RFC 4954 §4 allows 12288 as base64)."""

MAX_NAME = 1024
"""Octets of a user name."""

Credentials = AccountCredentials | BearerToken | ClientCertificate | ScramProof


@frozen
class KeysWanted:
    """Resume with the ``ScramKeys`` of this user name."""

    username: str
    digest: str


@frozen
class Outcome:
    """What is to be proved; ``accepted`` and ``rejected`` are the last challenge in each case, if there is one."""

    credentials: Credentials
    accepted: bytes = b""
    rejected: bytes = b""


Exchange = Generator[bytes | KeysWanted, Any, Outcome]
"""Yields challenges, is sent responses. Raises ``Malformed``, ``Unauthenticated`` or ``Impersonation``."""


@frozen
class Client:
    """Who speaks: its IP address, the service it speaks to, and over what."""

    ip: str
    service: str
    channel: Channel
    random: Callable[[int], bytes] = os.urandom


class Impersonation(Forbidden):
    """The authorization identity is not the one that is proved."""

    code = 535
    status = "5.7.8"
    default_text = "May not act for another identity"


def same_identity(authorization: str, username: str) -> None:
    """See that nobody acts for somebody else (RFC 4422 §3.4.1); an empty identity is the user.

    Raises:
        Impersonation.
    """
    if authorization and authorization != username:
        raise Impersonation
