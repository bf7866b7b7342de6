"""Who may do what with whose mailbox (RFC 4314), and what mailboxes of others are called."""

from collections.abc import Awaitable
from enum import Enum

from attrs import frozen
from zope.interface import Interface

from daptinmail.interfaces.messages import Mailbox

RIGHTS = "lrswipkxtea"
"""Every right, in the order of RFC 4314 §2.1."""

Rights = frozenset[str]
"""Single letters of ``RIGHTS``."""

ALL: Rights = frozenset(RIGHTS)
NONE: Rights = frozenset()

OTHER_USERS = "Other Users/"
"""A mailbox of somebody else is called ``Other Users/<login name>/<its name>`` (RFC 2342 §5)."""

ANYONE = ("anyone", "authenticated")
"""Identifiers that mean every account of the owner's domain (RFC 4314 §2)."""


@frozen
class Located:
    """A mailbox as one account sees it: under which name, and with which rights. ``own``: it is the account's own."""

    mailbox: Mailbox
    name: str
    rights: Rights = ALL
    own: bool = True


@frozen
class Place:
    """Where a mailbox would be made: whose it would be, its name there, and the asker's rights on its parent."""

    account_id: int
    name: str
    rights: Rights = ALL
    own: bool = True


@frozen
class Grant:
    """One entry of a list. ``identifier``: a login name or one of ``ANYONE``; ``negative`` takes away."""

    identifier: str
    rights: Rights
    negative: bool = False


class GrantMode(Enum):
    """How SETACL changes an entry (RFC 4314 §3.1)."""

    REPLACE = ""
    ADD = "+"
    REMOVE = "-"


class IMailboxRights(Interface):
    """Turns names into mailboxes. The owner of a mailbox has all rights on it, always."""

    def find(account_id: int, name: str) -> Awaitable[Located]:
        """The mailbox that the account calls ``name``.

        Raises:
            NotFound: it does not exist, or the account has no right at all on it.
        """

    def place(account_id: int, name: str) -> Awaitable[Place]:
        """Where the account would make a mailbox called ``name``.

        Raises:
            NotFound: it would be in a tree of which the account may not know.
        """

    def shared(account_id: int) -> Awaitable[list[Located]]:
        """The mailboxes of others that the account may look up (right ``l``), in name order."""

    def grants(mailbox_id: int) -> Awaitable[list[Grant]]:
        """The list of a mailbox in order of identifiers, without its owner."""

    def grant(mailbox_id: int, grant: Grant, mode: GrantMode) -> Awaitable[None]:
        """Change one entry; one without rights goes away.

        Raises:
            NotFound: no such mailbox.
            Invalid: no such identifier, it is the owner's, or the list is full.
        """

    def revoke(mailbox_id: int, identifier: str, negative: bool) -> Awaitable[None]:
        """Take an entry away. Harmless if there is none."""
