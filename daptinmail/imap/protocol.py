"""Commands of one connection: taken from the wire one at a time, run, answered."""

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.mail.imap4 import IMAP4Server
from twisted.python.failure import Failure

from daptinmail.errors import DaptinmailError, Malformed, NotFound
from daptinmail.imap import limits
from daptinmail.imap.answers import CORRUPTION, SERVER_BUG, Answer, Declined, answer_for
from daptinmail.imap.commands import COMMANDS, NAMES, NUMBERED, Command
from daptinmail.imap.connection import Connection, Listener
from daptinmail.imap.cursor import Cursor
from daptinmail.imap.reader import Command as WholeCommand
from daptinmail.imap.reader import ContinuationWanted, Event, Fault, LiteralData, MessageLiteral, tag_of
from daptinmail.imap.responses import Disconnected
from daptinmail.imap.session import uid_required

log = Logger()

MISPLACED = Answer(b"BAD", b"Not allowed in this state", b"CLIENTBUG")


class ImapServer(Connection):
    """One client. Commands run one after the other, in the order in which they came."""

    def __init__(self, edge: Listener, peer: str) -> None:
        super().__init__(edge, peer)
        self._busy = False
        self._bad = 0

    # Input

    def take_input(self) -> None:
        """Run what has come, unless a command is running: then it waits, up to a limit."""
        if self._busy:
            if self.buffered > limits.INPUT_WAITING:
                self.hold_input()
            return
        self._busy = True
        _ = Deferred.fromCoroutine(self._take_events()).addErrback(self._broken)

    async def _take_events(self) -> None:
        try:
            taken = 0
            while not self.session.parting:
                event = self.reader.next()
                if event is None:
                    if not self.inflate():
                        break
                    await self.session.breathe()  # a little that was compressed may be very much
                    continue
                await self._take(event)
                taken += 1
                if taken % limits.COMMANDS_PER_TURN == 0:
                    await self.session.breathe()
        finally:
            self._busy = False
        self.ready_for_input()
        if self.session.notices is not None and self.session.notices.due:
            self.nudge()

    def nudge(self) -> None:
        """Tell what NOTIFY asked for, unless a command runs: it will be told after that."""
        if self._busy:
            self.wake()
        elif not self.session.parting:
            self._busy = True
            _ = Deferred.fromCoroutine(self._tell_unasked()).addErrback(self._broken)

    async def _tell_unasked(self) -> None:
        notices = self.session.notices
        try:
            await self._tell_changes(may_expunge=notices is not None and not notices.delayed)
            await self.writer.drain()
        finally:
            self._busy = False
        self.writer.flush()
        self.take_input()

    def _broken(self, failure: Failure) -> None:
        """A command cannot go on. A connection that is closing already sends what it has to send."""
        if failure.check(Disconnected) is None:
            log.failure("{connection}: connection given up", failure, connection=self.session.id)
        if not self.session.parting:
            self.abort()

    async def _take(self, event: Event) -> None:
        if isinstance(event, WholeCommand):
            await self._run(event.parts)
            await self.writer.drain()
        elif isinstance(event, ContinuationWanted):
            self.ask(b"Go ahead")
        elif isinstance(event, MessageLiteral):
            await self._announced(event)
        elif isinstance(event, LiteralData):
            await self.session.incoming.write(event.data)
        else:
            self.report(event)

    async def _announced(self, literal: MessageLiteral) -> None:
        """A message is about to come: take it, or refuse it before it is sent or once it was read away."""
        try:
            await self._admit(literal)
        except DaptinmailError as error:
            fault = self.reader.refuse(self._answer_for(error), literal.synchronizing)
            if fault is not None:
                self.report(fault)
            return
        self.reader.accept()
        if literal.synchronizing:
            self.ask(b"Go ahead")

    async def _admit(self, literal: MessageLiteral) -> None:
        """Not reading while octets are written is the back-pressure."""
        incoming = self.session.incoming
        excess = incoming.excess(literal.size)
        if excess is not None:
            raise Declined(excess)
        if not incoming.pieces:
            cursor = Cursor(literal.parts, self.session.utf8)
            command = self._look_up(tag_of(literal.parts[0]), cursor)
            await command.admit(self.session, cursor)
            if self.session.parting:
                raise Disconnected
        incoming.begin(literal.size, literal.binary)

    def report(self, fault: Fault) -> None:
        """Answer for a command that could not be read."""
        self.session.incoming.discard()
        self._finish(fault.tag, fault.answer)
        if fault.fatal:
            self.part(b"That was too much")

    # Commands

    async def _run(self, parts: list[bytes]) -> None:
        """One command, from its text to its tagged answer."""
        tag = tag_of(parts[0])
        may_expunge = False
        self.session.begin(tag or b"")
        try:
            cursor = Cursor(parts, self.session.utf8)
            command = self._look_up(tag, cursor)
            may_expunge = command.may_expunge
            self.session.incoming.check()
            answer = await command.run(self.session, command.parse(cursor))
        except DaptinmailError as error:
            answer = self._answer_for(error)
        except (Disconnected, CancelledError):
            raise
        except Exception as error:  # whatever a command does, the client gets its tagged answer
            if self.session.parting:
                raise Disconnected from error
            log.failure("{connection}: command failed", connection=self.session.id)
            answer = SERVER_BUG
        self.session.incoming.discard()
        await self._tell_changes(may_expunge)
        self._finish(tag, answer)

    def _look_up(self, tag: bytes | None, cursor: Cursor) -> Command[object]:
        """Tag and name of the command; ``cursor`` then stands at its arguments."""
        if tag is None:
            raise Malformed("Expected a tag")
        cursor.skip(tag)
        cursor.space()
        name = cursor.keyword()
        if name == b"UID":
            cursor.space()
            name += b" " + cursor.keyword()
        return self.lookupCommand(name)

    def lookupCommand(self, cmd: bytes) -> Command[object]:
        """The command ``cmd`` of the present state, from the table and nowhere else."""
        command = COMMANDS.get((self.session.state, cmd))
        if command is None:
            raise Declined(MISPLACED) if cmd in NAMES else Malformed("Unknown command")
        if cmd in NUMBERED and self.session.uidonly:
            raise uid_required()
        return command

    def _answer_for(self, error: DaptinmailError) -> Answer:
        answer = answer_for(error)
        if answer in {SERVER_BUG, CORRUPTION}:
            log.failure("{connection}: {cause}", connection=self.session.id, cause=error.cause or error.text)
        elif error.cause is not None:
            log.warn("{connection}: {cause}", connection=self.session.id, cause=error.cause)
        return answer

    async def _tell_changes(self, may_expunge: bool) -> None:
        try:
            await self.session.catch_up(may_expunge)
            await self.session.tell_notices()
        except NotFound:
            return  # the mailbox is being deleted; _count says so
        except (Disconnected, CancelledError):
            raise
        except Exception:  # noqa: BLE001 - the command is done: its answer must not be lost
            log.failure("{connection}: catching up", connection=self.session.id)

    def _finish(self, tag: bytes | None, answer: Answer) -> None:
        """The tagged answer, and what follows from it."""
        session = self.session
        if session.parting:
            return
        IMAP4Server._respond(self, answer.state, tag, answer.message)
        self.state = session.state
        afterwards, session.afterwards = session.afterwards, None
        if afterwards is not None:
            afterwards()
        self._count(answer)
        if not self._in_turn:
            self.writer.flush()

    def _count(self, answer: Answer) -> None:
        """Too many failures, or a mailbox that is gone, end the connection."""
        session = self.session
        if answer.state == b"BAD":
            self._bad += 1
        elif session.state != "unauth" and answer.state == b"OK":
            self._bad = 0
        if self._bad >= limits.BAD_COMMANDS:
            self.part(b"Too many bad commands")
        elif session.state == "unauth" and session.login_failures >= limits.LOGIN_FAILURES:
            self.part(b"Too many failed logins")
        elif session.state == "select" and session.selected.deleted:
            self.part(b"The selected mailbox was deleted")
