"""The messages that come with the command being read: one spool a literal, within limits."""

from attrs import define, field

from daptinmail.errors import DaptinmailError
from daptinmail.imap.answers import Answer, no
from daptinmail.imap.limits import APPEND_MEMORY, APPEND_TOTAL, MESSAGE_LITERALS
from daptinmail.interfaces.sharing import Located
from daptinmail.interfaces.storage import ISpool, ISpooled


@define
class Piece:
    """One message literal. ``has_nul``: it came as a literal8 and needs it."""

    spooled: ISpooled
    binary: bool
    has_nul: bool = False


@define(eq=False)
class Incoming:
    """``limit``: octets that one message may have."""

    spool: ISpool
    limit: int
    target: Located | None = None
    """The mailbox they are for, found before the first one came."""
    pieces: list[Piece] = field(factory=list)
    _failure: DaptinmailError | None = None
    _total: int = 0

    def excess(self, size: int) -> Answer | None:
        """Why a literal of ``size`` octets cannot be taken as well; ``None`` if it can."""
        if size > self.limit:
            return Answer(b"NO", b"Message too large", b"TOOBIG")
        if self._total + size > max(APPEND_TOTAL, self.limit):
            return Answer(b"NO", b"Too much for one command", b"TOOBIG")
        if len(self.pieces) >= MESSAGE_LITERALS:
            return Answer(b"NO", b"Too many messages for one command", b"LIMIT")
        return None

    def begin(self, size: int, binary: bool) -> None:
        """A literal begins."""
        self.pieces.append(Piece(self.spool.create(max(APPEND_MEMORY - self._total, 0)), binary))
        self._total += size

    async def write(self, data: bytes) -> None:
        """Some octets of it. What goes wrong is kept for ``check`` until the whole command has been read."""
        if self._failure is not None:
            return
        piece = self.pieces[-1]
        if not piece.has_nul and b"\x00" in data:
            if not piece.binary:
                self._failure = no(b"NUL octets need a literal8 (RFC 3516)", b"CANNOT")
                return
            piece.has_nul = True
        try:
            writing = piece.spooled.write(data)
            if writing is not None:
                await writing
        except DaptinmailError as error:
            self._failure = error

    def check(self) -> None:
        """Raise what went wrong."""
        if self._failure is not None:
            raise self._failure

    def take(self) -> list[Piece]:
        """The pieces; who takes them discards them."""
        pieces, self.pieces = self.pieces, []
        return pieces

    def discard(self) -> None:
        """Forget everything."""
        for piece in self.take():
            piece.spooled.discard()
        self._failure = self.target = None
        self._total = 0
