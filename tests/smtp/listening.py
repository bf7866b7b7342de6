"""A listener in memory for the tests of the SMTP server."""

from typing import Any

from attrs import define, evolve, field, frozen
from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import IUsernamePassword
from twisted.cred.portal import IRealm, Portal
from twisted.internet.task import Clock
from zope.interface import implementer

from daptinmail.interfaces.directory import Account, IAuthenticated, IDirectory
from daptinmail.net.blocking import deferred
from daptinmail.settings import ServerSettings
from daptinmail.smtp.limits import Limits
from daptinmail.smtp.server import SmtpFactory
from tests.support.dialogue import Dialogue, Wire
from tests.support.directory import MemoryDirectory
from tests.support.reception import Gate, MemoryReception, MemorySpool
from tests.support.runtime import CountingIdentifiers
from tests.support.servers import mail_server

SERVER = mail_server(hostname="mail.example.test", max_clients=0)

LIMITS = Limits()

TRANSACTION = """
    C: EHLO client.test
    S* 250 HELP
    C: MAIL FROM:<eve@far.test>
    S: 250 2.1.0 ...
    C: RCPT TO:<ann@example.test>
    S: 250 2.1.5 ...
    C: DATA
    S: 354 ...
"""


@implementer(IAuthenticated)
@frozen
class Avatar:
    """A logged-in account."""

    account: Account


@implementer(ICredentialsChecker, IRealm)
@define(eq=False)
class Accounts:
    """Checker and realm over a directory; ``fails`` is raised instead of an answer."""

    directory: IDirectory
    fails: Exception | None = None
    logouts: int = 0
    gate: Gate = field(factory=Gate)
    credentialInterfaces: Any = (IUsernamePassword,)  # noqa: N815 - twisted.cred's name
    _seen: dict[bytes, Account] = field(factory=dict)

    @deferred
    async def requestAvatarId(self, credentials: Any) -> bytes | tuple[()]:
        """By user name and password."""
        await self.gate.passed()
        if self.fails:
            raise self.fails
        username, password = credentials.username, credentials.password
        account = await self.directory.authenticate(username.decode(), password.decode(), credentials.peer)
        self._seen[username] = account
        return bytes(username)

    def requestAvatar(self, avatarId: bytes | tuple[()], mind: object, *interfaces: Any) -> Any:  # noqa: N803 - cred
        """The account."""
        assert isinstance(avatarId, bytes)
        return IAuthenticated, Avatar(self._seen[avatarId]), self._log_out

    def _log_out(self) -> None:
        self.logouts += 1


@define
class Listener:
    """A factory with everything behind it in memory. ``connect`` gives a client's view of a new connection."""

    server: ServerSettings = SERVER
    limits: Limits = LIMITS
    starttls: bool = False
    implicit_tls: bool = False
    context: Any = field(factory=object)
    clock: Clock = field(factory=Clock)
    reception: MemoryReception = field(factory=MemoryReception)
    spool: MemorySpool = field(factory=MemorySpool)
    directory: MemoryDirectory = field(factory=MemoryDirectory)
    accounts: Accounts = field(init=False)
    factory: SmtpFactory = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.directory.add("ann@example.test", "secret")
        self.accounts = Accounts(self.directory)
        self.factory = SmtpFactory(
            self.server,
            self.reception,
            self.spool,
            Portal(self.accounts, [self.accounts]),
            CountingIdentifiers(),
            self.clock,
            self.context if self.starttls else None,
            self.implicit_tls,
            self.limits,
        )

    def connect(self, ip: str = "192.0.2.1") -> Dialogue:
        """A new connection from ``ip``."""
        wire = Wire(ip)
        return Dialogue(self.factory.buildProtocol(wire.getPeer()), wire)

    def greeted(self, ip: str = "192.0.2.1") -> Dialogue:
        """A connection that has said EHLO."""
        return self.connect(ip).run("S: 220 ...\nC: EHLO client.test\nS* 250 HELP")

    def in_content(self) -> Dialogue:
        """A connection that has heard 354."""
        return self.connect().run("S: 220 ..." + TRANSACTION)


def listening(**server: Any) -> Listener:
    """A listener whose server settings differ."""
    return Listener(evolve(SERVER, **server))
