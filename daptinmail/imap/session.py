"""What commands see of a connection."""

from collections.abc import Callable
from typing import Protocol

from attrs import define, field
from twisted.cred.portal import Portal
from twisted.internet.defer import Deferred, DeferredSemaphore
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator, IReactorTime
from zope.interface import implementer

from daptinmail.errors import NotFound, Unavailable
from daptinmail.imap.answers import no
from daptinmail.imap.names import quoted_name
from daptinmail.imap.responses import Disconnected, ResponseWriter
from daptinmail.imap.selected import SelectedMailbox
from daptinmail.interfaces.credentials import Channel
from daptinmail.interfaces.directory import Account
from daptinmail.interfaces.messages import IMailboxListener, IMessageStore, Snapshot
from daptinmail.interfaces.runtime import IBlocking, IIdentifiers
from daptinmail.interfaces.storage import ISpool, ISpooled

UTF8_NAMES = frozenset({b"IMAP4REV2", b"UTF8=ACCEPT"})


class Edge(Protocol):
    """What all sessions of a listener share."""

    hostname: str
    portal: Portal
    store: IMessageStore
    spool: ISpool
    blocking: IBlocking
    identifiers: IIdentifiers
    clock: IReactorTime
    tls: IOpenSSLServerConnectionCreator | None
    searches: DeferredSemaphore


class Wire(Protocol):
    """What commands may ask of the protocol."""

    async def read_line(self) -> bytes:
        """The next line from the client."""

    def try_line(self) -> bytes | None:
        """The next line if it has come."""

    def wakeup(self) -> "Deferred[None]":
        """Fires when more octets came or ``wake`` was called."""

    def wake(self) -> None:
        """Fire ``wakeup``."""

    def ask(self, text: bytes) -> None:
        """Send a continuation request."""

    def channel(self) -> Channel:
        """What SASL may know of the connection."""

    def switch_to_tls(self) -> None:
        """Drop what was buffered; the next octets are a handshake."""

    def close(self) -> None:
        """Send what is left and close."""

    def logged_in(self, logout: Callable[[], object]) -> None:
        """Raise limits and time-outs."""

    def listCapabilities(self) -> list[bytes]:  # noqa: N802 - twisted.mail.imap4's name
        """What can be done now."""


@implementer(IMailboxListener)
@define(eq=False)
class Session:
    """One client. ``id`` names the connection in the log; ``secure`` is true under TLS."""

    id: str
    edge: Edge
    wire: Wire
    writer: ResponseWriter
    peer: str
    secure: bool
    _account: Account | None = None
    _selected: SelectedMailbox | None = None
    spooled: ISpooled | None = None
    login_failures: int = 0
    enabled: set[bytes] = field(factory=set)
    """What the client has switched on with ENABLE or by using it (RFC 5161 §3.1)."""
    parting: bool = False
    afterwards: Callable[[], None] | None = None
    """What to do once the tagged answer of the running command is written."""
    _heard: int = 0

    @property
    def state(self) -> str:
        """``twisted.mail.imap4``'s name of the state (RFC 3501 §3)."""
        if self.parting:
            return "logout"
        if self._selected is not None:
            return "select"
        return "unauth" if self._account is None else "auth"

    @property
    def rev2(self) -> bool:
        """True once the client wants IMAP4rev2 (RFC 9051 §6.3.1)."""
        return b"IMAP4REV2" in self.enabled

    @property
    def utf8(self) -> bool:
        """True if mailbox names go in UTF-8 (RFC 9051 §5.1, RFC 6855 §3)."""
        return not self.enabled.isdisjoint(UTF8_NAMES)

    @property
    def store(self) -> IMessageStore:
        """The message store."""
        return self.edge.store

    @property
    def account(self) -> Account:
        """Who is logged in."""
        if self._account is None:
            raise no(b"Log in first")
        return self._account

    @property
    def selected(self) -> SelectedMailbox:
        """The selected mailbox."""
        if self._selected is None:
            raise no(b"No mailbox selected")
        return self._selected

    @property
    def writable(self) -> SelectedMailbox:
        """The selected mailbox, if it may be changed."""
        if self.selected.read_only:
            raise no(b"Mailbox is read-only")
        return self.selected

    def log_in(self, account: Account, logout: Callable[[], object]) -> None:
        """From now on this is ``account``."""
        self._account = account
        self.wire.logged_in(logout)

    # Output

    def quoted(self, name: str) -> bytes:
        """A mailbox name ready to send, as this client wants names."""
        return quoted_name(name, self.utf8)

    def untagged(self, *lines: bytes) -> None:
        """Send untagged responses."""
        for line in lines:
            self.writer.write(b"* %b\r\n" % line)

    async def breathe(self) -> None:
        """Let the peer read and other connections have a turn."""
        await self.writer.drain()
        await self.sleep(0)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        self.writer.flush()
        pause: Deferred[None] = Deferred()
        self.edge.clock.callLater(seconds, pause.callback, None)
        await pause

    # The selected mailbox

    async def select(self, name: str, read_only: bool) -> SelectedMailbox:
        """Take a view of a mailbox; whatever was selected is not any more (RFC 3501 §6.3.1)."""
        await self.unselect()
        mailbox = await self.store.mailbox(self.account.id, name)
        if self.parting:
            raise Disconnected
        self._heard = 0
        self.store.listen(mailbox.id, self)
        try:
            snapshot = await self._snapshot(mailbox.id, claim_recent=not read_only)
            if self.parting:
                raise Disconnected
        except BaseException:
            self.store.unlisten(mailbox.id, self)
            raise
        selected = self._selected = SelectedMailbox.of(snapshot, read_only)
        selected.dirty = self._heard > snapshot.modseq
        return selected

    async def _snapshot(self, mailbox_id: int, claim_recent: bool) -> Snapshot:
        r"""A full disk keeps nobody from reading: then nothing is claimed as \Recent."""
        try:
            return await self.store.snapshot(mailbox_id, claim_recent=claim_recent)
        except Unavailable:
            if not claim_recent:
                raise
            return await self.store.snapshot(mailbox_id, claim_recent=False)

    async def unselect(self) -> None:
        r"""Forget the view. Messages announced in it are not \Recent to later sessions (RFC 3501 §2.3.2)."""
        selected, self._selected = self._selected, None
        if selected is None:
            return
        self.store.unlisten(selected.mailbox.id, self)
        if selected.arrived and not selected.read_only and not selected.deleted:
            try:
                await self.store.snapshot(selected.mailbox.id, claim_recent=True)
            except NotFound:
                return

    async def catch_up(self, may_expunge: bool, always: bool = False) -> None:
        """Tell what happened to the mailbox. Only EXPUNGE waits until it is allowed (RFC 3501 §7.4.1)."""
        selected = self._selected
        if selected is None or selected.deleted:
            return
        if selected.dirty or always:
            selected.dirty = False
            try:
                changes = await self.store.changes(selected.mailbox.id, selected.modseq)
            except BaseException:
                selected.dirty = True
                raise
            lines = selected.catch_up(changes)
            self.untagged(*lines)
        if may_expunge:
            self.untagged(*selected.expunge_lines())

    # IMailboxListener

    def mailbox_changed(self, mailbox_id: int, modseq: int) -> None:
        """There is something to catch up with."""
        selected, self._heard = self._selected, modseq
        if selected is not None and selected.mailbox.id == mailbox_id and modseq > selected.modseq:
            selected.dirty = True
            self.wire.wake()

    def mailbox_deleted(self, mailbox_id: int) -> None:
        """The selected mailbox is gone."""
        selected = self._selected
        if selected is not None and selected.mailbox.id == mailbox_id:
            selected.deleted = True
            self.wire.wake()
