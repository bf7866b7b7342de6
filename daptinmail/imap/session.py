"""What commands see of a connection."""

from collections.abc import Callable, Collection, Iterable, Sequence

from attrs import define, evolve, field
from twisted.internet.defer import Deferred
from zope.interface import implementer

from daptinmail.errors import Forbidden, NotFound, Unavailable
from daptinmail.imap.answers import Answer, Declined, no
from daptinmail.imap.environment import Edge, Notices, Updates, Wire
from daptinmail.imap.incoming import Incoming
from daptinmail.imap.limits import PROGRESS_INTERVAL
from daptinmail.imap.names import quoted_name
from daptinmail.imap.responses import Disconnected, ResponseWriter
from daptinmail.imap.selected import NONE_RECENT, SelectedMailbox
from daptinmail.imap.sequences import SequenceSet
from daptinmail.imap.telling import Dialect, change_lines, expunge_lines, lost, without_flags
from daptinmail.interfaces.directory import Account
from daptinmail.interfaces.mailboxes import IMailboxStore
from daptinmail.interfaces.messages import Change, Changes, IMailboxListener, Snapshot
from daptinmail.interfaces.sharing import Located

WRITING = frozenset("iestw")
"""Rights of which one is enough for READ-WRITE (RFC 4314 §5.2)."""

LOOK_INTERVAL = 1.0
"""Seconds for which NOOP trusts that whoever changes a mailbox tells us."""

SETTLE_INTERVAL = 60.0
"""Seconds between attempts to give memory back."""

LINES_AT_ONCE = 1500
"""Untagged responses that are sent before others have a turn."""

UTF8_NAMES = frozenset({b"IMAP4REV2", b"UTF8=ACCEPT"})


def uid_required() -> Declined:
    """The client gave up sequence numbers (RFC 9586 §3)."""
    return Declined(Answer(b"BAD", b"Only UIDs, please", b"UIDREQUIRED"))


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
    login_failures: int = 0
    enabled: set[bytes] = field(factory=set)
    """What the client has switched on with ENABLE or by using it (RFC 5161 §3.1)."""
    notices: Notices | None = None
    """What NOTIFY asked for; ``None``: never used, or given up."""
    tag: bytes = b""
    """Of the command that runs."""
    saved: Sequence[int] = ()
    """The UIDs that ``$`` stands for, ascending (RFC 5182); some may be gone."""
    updates: Updates | None = None
    """What the selected mailbox's searches asked to be told of."""
    parting: bool = False
    afterwards: Callable[[], None] | None = None
    """What to do once the tagged answer of the running command is written."""
    _heard: int = 0
    _began: float = 0.0
    incoming: Incoming = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.incoming = Incoming(self.edge.spool, self.edge.append_limit)

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
    def dialect(self) -> Dialect:
        """How this client is told of messages."""
        return Dialect.of(self.enabled)

    @property
    def qresync(self) -> bool:
        """True once the client resynchronizes (RFC 7162 §3.2.3)."""
        return b"QRESYNC" in self.enabled

    @property
    def uidonly(self) -> bool:
        """True once there are no sequence numbers (RFC 9586 §3)."""
        return b"UIDONLY" in self.enabled

    @property
    def utf8(self) -> bool:
        """True if mailbox names go in UTF-8 (RFC 9051 §5.1, RFC 6855 §3)."""
        return not self.enabled.isdisjoint(UTF8_NAMES)

    @property
    def store(self) -> IMailboxStore:
        """The message store."""
        return self.edge.store

    @property
    def account(self) -> Account:
        """Who is logged in."""
        if self._account is None:
            raise no(b"Log in first")
        return self._account

    def is_of(self, account_id: int) -> bool:
        """True if this account is logged in."""
        return self._account is not None and self._account.id == account_id

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

    def permitted(self, rights: str) -> SelectedMailbox:
        """The selected mailbox, if it may be changed with all of ``rights`` (RFC 4314 §4)."""
        if not self.writable.rights.issuperset(rights):
            raise Forbidden("Not permitted on this mailbox")
        return self.writable

    def log_in(self, account: Account, logout: Callable[[], object]) -> None:
        """From now on this is ``account``."""
        self._account = account
        self.wire.logged_in(logout)

    def begin(self, tag: bytes) -> None:
        """A command starts."""
        self.tag = tag
        self._began = self.edge.clock.seconds()

    def enable(self, names: set[bytes]) -> None:
        """Switch on, for as long as the connection lasts.

        What makes a client aware of modseqs tells it where the selected mailbox stands (RFC 7162 §3.1).
        """
        aware = b"CONDSTORE" in self.enabled
        self.enabled |= names
        if self._selected is None:
            return
        if self.rev2:
            self._selected.recent_from = NONE_RECENT
        if b"CONDSTORE" in names and not aware:
            self.untagged(b"OK [HIGHESTMODSEQ %d] Highest" % self._selected.told)

    def enable_condstore(self) -> None:
        """The client used something of RFC 7162 §3.1: STATUS (HIGHESTMODSEQ), SEARCH MODSEQ, ..."""
        self.enable({b"CONDSTORE"})

    # Output

    def quoted(self, name: str) -> bytes:
        """A mailbox name ready to send, as this client wants names."""
        return quoted_name(name, self.utf8)

    def untagged(self, *lines: bytes) -> None:
        """Send untagged responses."""
        if lines:
            self.writer.write(b"* %b\r\n" % b"\r\n* ".join(lines))

    async def send(self, lines: Iterable[list[bytes]]) -> None:
        """Send many untagged responses, no faster than the peer reads; each list in one go."""
        sent = 0
        for some in lines:
            if sent + len(some) > LINES_AT_ONCE:
                await self.breathe()
                sent = 0
            sent += len(some) + 100  # what has nothing to tell was work too
            self.untagged(*some)
            await self.writer.drain()

    def progress(self, done: int, goal: int) -> None:
        """Tell that a command goes on (RFC 9585 §4), not more often than the client should hear. Call as you please."""
        now = self.edge.clock.seconds()
        if now - self._began >= PROGRESS_INTERVAL:
            self._began = now
            self.untagged(b'OK [INPROGRESS ("%b" %d %d)] Still at it' % (self.tag, min(done, goal), goal))
            self.writer.flush()

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

    # Mailboxes

    async def find_mailbox(self, name: str, rights: str) -> Located:
        """The mailbox that this client calls ``name``, if it has all of ``rights`` on it (RFC 4314 §4).

        Every command that names a mailbox asks here.

        Raises:
            NotFound: there is none, or its existence is a secret (RFC 4314 §6).
            Forbidden: a right is missing.
        """
        found = await self.store.rights.find(self.account.id, name)
        if not found.rights.issuperset(rights):
            if "l" not in found.rights:
                raise NotFound("No such mailbox")
            raise Forbidden("Not permitted on this mailbox")
        return found

    # The selected mailbox

    def indexes(self, messages: SequenceSet, uid: bool) -> Sequence[int]:
        """The messages of the selected mailbox that a set names, by number or UID.

        Raises:
            Malformed: a sequence number that is not in use.
            Declined: the client gave up sequence numbers (RFC 9586 §3).
        """
        if self.uidonly and not uid:
            raise uid_required()
        return self.selected.indexes(messages, uid, self.saved)

    async def select(self, name: str, read_only: bool) -> SelectedMailbox:
        """Take a view of a mailbox; whatever was selected is not any more (RFC 3501 §6.3.1)."""
        await self.unselect()
        found = await self.find_mailbox(name, "r")
        mailbox, read_only = found.mailbox, read_only or found.rights.isdisjoint(WRITING)
        if self.parting:
            raise Disconnected
        self._heard = 0
        self.store.listen(mailbox.id, self)
        try:
            snapshot = await self._snapshot(mailbox.id, claim_recent=not read_only and not self.rev2)
            if self.parting:
                raise Disconnected
        except BaseException:
            self.store.unlisten(mailbox.id, self)
            raise
        selected = self._selected = SelectedMailbox.of(snapshot, read_only)
        selected.name, selected.rights = found.name, found.rights
        selected.heard = self._heard
        selected.looked = selected.settled = self.edge.clock.seconds()
        if self.rev2:
            selected.recent_from = NONE_RECENT
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
        self.saved, self.updates = (), None
        if selected is None:
            return
        self.store.unlisten(selected.mailbox.id, self)
        if selected.arrived and not selected.read_only and not selected.deleted and not self.rev2:
            try:
                await self.store.snapshot(selected.mailbox.id, claim_recent=True)
            except NotFound:
                return

    @property
    def stale(self) -> bool:
        """True if nobody has looked for a second whether other tools changed the selected mailbox."""
        selected = self._selected
        return selected is not None and self.edge.clock.seconds() - selected.looked > LOOK_INTERVAL

    async def catch_up(self, may_expunge: bool, always: bool = False, asked: bool = False) -> None:
        """Tell what happened to the mailbox. Only EXPUNGE waits until it is allowed (RFC 3501 §7.4.1).

        ``always``: ask the store in any case. ``asked``: the client wants to know now, whatever NOTIFY said.
        """
        selected, notices = self._selected, None if asked else self.notices
        if selected is None or selected.deleted:
            return
        dialect, changed = self.dialect, list[Change]()
        if notices is None or not notices.quiet:
            for _ in range(selected.dirty + always):  # what was heard of is told without looking
                changes = await self._changes(selected)
                changed.extend(changes.changed)
                lines = change_lines(selected, changes, dialect)
                await self.send(lines if notices is None or notices.flags else without_flags(lines))
        if self.updates is not None:
            await self.updates.tell(changed)
        if may_expunge and selected.gone:
            await self.send(expunge_lines(selected, dialect))
        if not selected.gone:
            selected.told = selected.modseq
        elif self.qresync:  # it may not count on what it has not heard (RFC 7162 §3.2)
            self.untagged(b"OK [HIGHESTMODSEQ %d] Expunges will be told later" % selected.told)

    async def tell_notices(self) -> None:
        """Tell what NOTIFY asked for."""
        if self.notices is not None:
            await self.notices.tell()

    def stop_notices(self) -> None:
        """NOTIFY ends."""
        notices, self.notices = self.notices, None
        if notices is not None:
            notices.stop()

    @property
    def selected_id(self) -> int | None:
        """Which mailbox is selected."""
        return None if self._selected is None else self._selected.mailbox.id

    async def settle(self) -> None:
        """Give up one's own copy of what the store holds in memory anyway. For sessions that idle, now and then."""
        selected, now = self._selected, self.edge.clock.seconds()
        if selected is None or selected.shares or selected.deleted or now - selected.settled < SETTLE_INTERVAL:
            return
        selected.settled = now
        selected.share(await self.store.snapshot(selected.mailbox.id))

    async def _changes(self, selected: SelectedMailbox) -> Changes:
        """What happened, even if some expunges have been forgotten."""
        if not selected.dirty:
            selected.looked = self.edge.clock.seconds()
        changes = await self.store.changes(selected.mailbox.id, selected.modseq)
        if changes.complete:
            return changes
        present = await self.store.snapshot(selected.mailbox.id)
        return evolve(changes, expunged=lost(selected, present.uids))

    async def told_expunged(self, removed: Collection[int]) -> bytes:
        """Tell of messages that this client removed; the response code of the tagged OK (RFC 7162 §3.2.7)."""
        self.selected.note_expunged(removed)
        if not removed or not self.qresync:
            return b""
        await self.catch_up(may_expunge=True, always=True)
        return b"HIGHESTMODSEQ %d" % self.selected.told

    # IMailboxListener

    def mailbox_changed(self, mailbox_id: int, modseq: int) -> None:
        """There is something to catch up with."""
        selected, self._heard = self._selected, modseq
        if selected is not None and selected.mailbox.id == mailbox_id and modseq > selected.modseq:
            selected.heard = modseq
            self.edge.bell.ring(mailbox_id, modseq, self._tell)

    def _tell(self) -> None:
        self.wire.wake()
        if self.notices is not None and not self.notices.quiet:
            self.wire.nudge()

    def mailbox_deleted(self, mailbox_id: int) -> None:
        """The selected mailbox is gone."""
        selected = self._selected
        if selected is not None and selected.mailbox.id == mailbox_id:
            selected.deleted = True
            self.wire.wake()
