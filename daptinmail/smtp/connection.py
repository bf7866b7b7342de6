"""The protocol of one SMTP connection: bytes, order, back-pressure, time-outs.

``SmtpConnection`` is a ``twisted.mail.smtp.ESMTP``: it keeps that class's modes (COMMAND, AUTH, DATA), its dispatch
``lineReceived`` -> ``state_<mode>`` -> ``lookupMethod``, its time-outs and extension hook. What is unsafe or slow in it
is replaced, each fault having a test of its name in ``tests/smtp/test_faults.py``.
"""

# mypy: disallow-untyped-calls=False
# (twisted.mail is not annotated, and untyped_calls_exclude does not see what is called through self)

import re
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IPushProducer, ITCPTransport
from twisted.logger import Logger
from twisted.mail.smtp import AUTH, COMMAND, DATA, ESMTP
from twisted.python.failure import Failure
from zope.interface import implementer

from daptinmail.mail.reply import Reply
from daptinmail.net.channel import channel_of
from daptinmail.smtp import commands, login, replies
from daptinmail.smtp.lines import Flaw, LineBuffer
from daptinmail.smtp.session import After, Answer, Answered, Session, TlsState
from daptinmail.smtp.transaction import end_of_content

T = TypeVar("T")

_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")

log = Logger()


@implementer(IPushProducer)
class SmtpConnection(ESMTP):
    """One SMTP connection.

    Commands are carried out strictly in order: while one waits (``_busy``), or while the client does not read its
    replies (``_choked``), nothing more is taken from the input, and beyond a limit the transport is paused.
    """

    noisy = False
    transport: Any  # TCP or TLS: ITCPTransport, ITLSTransport and IPushProducer at once

    def __init__(self, session: Session, others: set["SmtpConnection"]) -> None:
        super().__init__(None, session.creator)
        self.session = session
        self._others = others
        self._limits = session.shared.limits
        self._input = LineBuffer()
        self._replies: list[bytes] = []
        self._busy = self._choked = self._paused = self._advancing = False
        self._closing = self._heard = self._draining = False
        self._progress = 0
        self._pending: Deferred[None] | None = None

    def callLater(  # noqa: N802 - where TimeoutMixin looks for time
        self, period: float, func: Callable[[], None]
    ) -> IDelayedCall:
        """Timers of the clock that was handed in."""
        return self.session.shared.clock.callLater(period, func)

    # The life of a connection

    def connectionMade(self) -> None:
        """Greet, or refuse at once when ``max_clients`` are here already."""
        if ITCPTransport.providedBy(self.transport):
            self.transport.setTcpNoDelay(True)
        self.setTimeout(self._limits.command_timeout)
        if 0 < self.session.server.max_clients <= len(self._others):
            log.info("{connection} refused, too many connections", **self._fields())
            self._close(replies.TOO_MANY_CONNECTIONS)
            return
        self._others.add(self)
        log.info("{connection} connected from {ip} to {server}", **self._fields())
        self._say(replies.greeting(self.session.server.hostname))
        self._flush()

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]  # the default is Twisted's own
        """Forget an unfinished content; what reception already has is its own."""
        self._closing = True
        self.setTimeout(None)
        self._others.discard(self)
        self._input.clear()
        incoming = self.session.incoming
        if incoming is not None and not incoming.scanner.ended:
            incoming.discard()
        self._log_out()
        log.info("{connection} closed", **self._fields())

    def _log_out(self) -> None:
        self.session.end_exchange()
        logout, self.session.logout = self.session.logout, None
        if logout is not None:
            logout()

    def close_when_idle(self) -> None:
        """Say 421 now, or after the transaction, if there is one (RFC 5321 §3.8)."""
        self._draining = True
        if not (self._busy or self._closing or self.session.envelope or self.session.exchange):
            self._close(replies.SHUTTING_DOWN)

    def timeoutConnection(self) -> None:
        """Too long without a command, or too little content since the last look."""
        if self._closing:
            self.transport.abortConnection()
        elif self._busy:
            self.setTimeout(self._limits.command_timeout)
        elif self.mode is DATA and not self._stalled():
            self.setTimeout(self._limits.content_timeout)
        else:
            self._close(replies.TOO_SLOW if self.mode is DATA else replies.TIMED_OUT)

    def _stalled(self) -> bool:
        incoming = self.session.incoming
        received = incoming.received if incoming else 0
        progress, self._progress = received - self._progress, received
        return progress < self._limits.content_rate * self._limits.content_timeout

    def _close(self, reply: Reply | None = None) -> None:
        if self._closing:
            return
        if reply is not None:
            self._say(reply)
        self._flush()
        self._closing = True
        self._input.clear()
        self._resume_reading()
        if self._heard:
            self.transport.unregisterProducer()  # TLS would wait for it
        self.transport.loseConnection()
        self.setTimeout(self._limits.linger)

    # Input

    def dataReceived(self, data: bytes) -> None:
        """Bytes from the wire."""
        if self._closing:
            return
        if not self._heard:
            # Not earlier: TLS tells producers to pause until the handshake is over, which has to be read.
            self._heard = True
            self.transport.registerProducer(self, True)
        self._input.feed(data)
        self._advance()

    def _advance(self) -> None:
        if self._advancing:
            return
        self._advancing = True
        try:
            while not (self._busy or self._choked or self._closing) and self._step():
                pass
        finally:
            self._advancing = False
        self._flush()
        self._regulate()

    def _step(self) -> bool:
        """Take one line or one piece of content; false if there is none."""
        if self.mode is DATA:
            return self._take_content()
        limits = self._limits
        limit = limits.login_line if self.mode is AUTH else limits.command_line
        line = self._input.line(limit, limits.login_line)
        if line is None:
            return False
        if isinstance(line, Flaw):
            self._perform(self._flawed(line))
        else:
            self.lineReceived(line)
        return True

    def _flawed(self, flaw: Flaw) -> Answer:
        self.session.end_exchange()
        return Answer(Reply(500, "5.5.2", flaw.value))

    def state_AUTH(self, line: bytes) -> None:
        """A line of the SASL exchange."""
        self._perform(login.response(self.session, line))

    def state_COMMAND(self, line: bytes) -> None:
        """A command line. Its verb is looked up among ours only."""
        first, self.session.commands = self.session.commands == 0, self.session.commands + 1
        self._notice_tls()
        if _CONTROL.search(line):
            self._perform(Answer(replies.ILLEGAL_OCTET))
            return
        word, argument = commands.split(line)
        verb = self.lookupMethod(word)
        if verb is not None:
            answered = commands.answer(self.session, verb, argument)
            self._perform(self._without_content(answered) if word == b"DATA" else answered)
        elif first and not self.session.helo and word in commands.HTTP_METHODS:
            log.warn("{connection} speaks HTTP, dropped", **self._fields())
            self._close()
        else:
            self._perform(Answer(replies.UNKNOWN_COMMAND))

    def _without_content(self, answered: Answered) -> Answered:
        """DATA ends a pipelined group (RFC 2920 §3.1): what stands behind a refused one was meant as content."""
        if isinstance(answered, Answer) and answered.after is After.COMMAND and len(self._input):
            log.warn("{connection} sent content behind a refused DATA, dropped", **self._fields())
            return Answer(answered.reply, After.CLOSE)
        return answered

    def _notice_tls(self) -> None:
        # A command came, so the handshake is over; before, there is nothing to read.
        if self.session.tls is None and (self.startedTLS or self.session.implicit_tls):
            handle = self.transport.getHandle()
            self.session.tls = TlsState(
                handle.get_protocol_version_name(), handle.get_cipher_name(), channel_of(self.transport, True)
            )

    def lookupMethod(self, command: bytes) -> commands.Verb | None:  # noqa: N802 - ESMTP's name
        """The verb, ``None`` if it is not one of ours."""
        return commands.VERBS.get(command)

    def extensions(self) -> dict[bytes, list[bytes] | None]:
        """What EHLO offers now."""
        return commands.extensions(self.session)

    # Content

    def _take_content(self) -> bool:
        incoming = self.session.incoming
        if incoming is None or not len(self._input):
            return False
        pending = incoming.feed(self._input.take())
        if incoming.scanner.ended:
            self._input.feed(incoming.scanner.rest)
        elif incoming.received > self.session.max_size + self._limits.content_excess:
            incoming.discard()
            self._close(replies.too_large(self.session.max_size))
            return False
        if pending is None:
            self._content_stored()
        else:
            self._wait(pending, self._content_written)
        return True

    def _content_written(self, _: None) -> None:
        self.setTimeout(self._limits.content_timeout)  # the wait was our own
        self._progress = 0
        self._content_stored()

    def _content_stored(self) -> None:
        incoming = self.session.incoming
        if incoming is not None and incoming.scanner.ended:
            self._perform(end_of_content(self.session, incoming))

    # Answers

    def _perform(self, answered: Answered) -> None:
        if isinstance(answered, Answer):
            self._answer(answered)
        else:
            self._wait(answered, self._answer)

    def _wait(self, work: Coroutine[Any, Any, T], done: Callable[[T], None]) -> None:
        """Carry out nothing else until ``work`` is done."""
        self._busy = True

        def finished(result: T) -> None:
            self._busy = False
            if self._closing:
                self._log_out()  # a login may have ended after the connection
            else:
                done(result)
                self._advance()

        self._pending = Deferred.fromCoroutine(work).addCallback(finished).addErrback(self._broken)

    def _broken(self, failure: Failure) -> None:
        self._busy = False
        log.failure("{connection} broken", failure, connection=self.session.connection)
        self._close(replies.BROKEN)

    def _answer(self, answer: Answer) -> None:
        if answer.after is After.TLS:
            self._start_tls(answer.reply)
            return
        reply = answer.reply
        self._say(reply)
        if reply.code >= 400:
            self.session.errors += reply.permanent
            log.info("{connection} refused: {reply}", reply=str(reply), **self._fields())
        self._enter(answer.after)
        if answer.after is After.CLOSE or reply.code == 421:  # RFC 5321 §3.8
            self._close()
        elif answer.after is After.COMMAND:
            self._part()

    def _part(self) -> None:
        """End the connection if a limit is used up, or if it is to be drained and has nothing under way."""
        farewell = commands.farewell(self.session)
        if farewell is None and self._draining and self.session.envelope is None:
            farewell = replies.SHUTTING_DOWN
        if farewell is not None:
            self._close(farewell)

    def _enter(self, after: After) -> None:
        self.mode = DATA if after is After.CONTENT else AUTH if after is After.RESPONSE else COMMAND
        self._progress = 0
        self.setTimeout(self._limits.content_timeout if self.mode is DATA else self._limits.command_timeout)

    def _start_tls(self, reply: Reply) -> None:
        if len(self._input):
            log.warn("{connection} sent bytes behind STARTTLS in clear, dropped", **self._fields())
            self._close()
            return
        self._say(reply)
        self._flush()
        self.transport.startTLS(self.session.creator)
        self.startedTLS = True
        self.session.forget()
        self._enter(After.COMMAND)

    # Output

    def _say(self, reply: Reply) -> None:
        self._replies.append(reply.encode())

    def _flush(self) -> None:
        """One write for all replies of one read (RFC 2920 §3.2)."""
        if self._replies and not self._closing:
            self.transport.write(b"".join(self._replies))
            self._replies.clear()

    def pauseProducing(self) -> None:
        """The client does not read its replies: carry out and read nothing more until it does."""
        self._choked = True
        self._regulate()

    def resumeProducing(self) -> None:
        """The client has read."""
        self._choked = False
        self._advance()

    def stopProducing(self) -> None:
        """The transport is gone; ``connectionLost`` follows."""

    def _regulate(self) -> None:
        """Read from the client only what can be worked on soon."""
        if self._closing:
            return
        incoming = self.session.incoming
        streaming = incoming is not None and not incoming.scanner.ended
        waiting = self._busy and (streaming or len(self._input) > self._limits.pipelined)
        if not (waiting or self._choked):
            self._resume_reading()
        elif not self._paused:
            self._paused = True
            self.transport.pauseProducing()

    def _resume_reading(self) -> None:
        if self._paused:
            self._paused = False
            self.transport.resumeProducing()

    def _fields(self) -> dict[str, str]:
        session = self.session
        return {"connection": session.connection, "ip": session.ip, "server": session.server.hostname}
