"""Where mail for an address of this server goes."""

from collections.abc import Awaitable

from attrs import frozen
from zope.interface import Interface

from daptinmail.interfaces.directory import Account
from daptinmail.mail.address import Address


@frozen
class Route:
    """``accounts`` here, each once, with the address that each is reached by; ``forwards`` at other hosts."""

    accounts: tuple[tuple[Account, Address], ...] = ()
    forwards: tuple[Address, ...] = ()


class IRouting(Interface):
    """Accounts, aliases and returning mail as one answer."""

    def route(address: Address) -> Awaitable[Route | None]:
        """Where mail for ``address`` goes; ``None`` if nobody here has it.

        An account before an alias, a whole local part before one without ``+detail``, both before the catch-all of the
        domain.
        """

    def is_local(domain: str) -> Awaitable[bool]:
        """True for host names of servers and domains of accounts and aliases."""

    def returning(address: Address) -> Awaitable[Address | None]:
        """The sender behind a rewritten return-path of ours; ``None`` for anything else."""

    def rewritten(return_path: Address | None, domain: str) -> Awaitable[Address | None]:
        """The return-path for mail that is forwarded from ``domain`` on: one that leads back here.

        The null path and those of local domains stay as they are.
        """
