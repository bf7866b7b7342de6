"""The conversation with one host: greeting, EHLO, STARTTLS, then transactions (RFC 5321 §3)."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

from attrs import define, evolve, field
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator

from daptinmail.interfaces.runtime import IBlocking
from daptinmail.interfaces.transfer import TransferRequest
from daptinmail.mail.address import Address
from daptinmail.mail.receipt import Outcome, Receipt
from daptinmail.mail.reply import Reply
from daptinmail.smtp import client_dsn
from daptinmail.smtp.client import SmtpClient
from daptinmail.smtp.client_content import DotStuffer
from daptinmail.smtp.client_reply import HostFailed

# Seconds, RFC 5321 §4.5.3.2.
GREETING_TIMEOUT = 300.0
COMMAND_TIMEOUT = 300.0
DATA_TIMEOUT = 120.0
BLOCK_TIMEOUT = 180.0
FINAL_TIMEOUT = 600.0
HANDSHAKE_TIMEOUT = 30.0

CHUNK = 64 * 1024

NO_SMTPUTF8 = Reply(550, "5.6.7", "The message needs SMTPUTF8, which the host does not offer")
TOO_LARGE = Reply(552, "5.3.4", "The message is larger than the host allows")
UNKNOWN_FATE = Reply(451, "4.4.2", "The connection was lost after the message was sent; its fate is not known")
TOO_MANY_RECIPIENTS = 452


@define(eq=False)
class ClientSession:
    """``open`` first, then ``send`` as often as wanted, then ``close``. ``host`` is named in receipts."""

    connection: SmtpClient
    host: str
    helo: str
    blocking: IBlocking
    tls: Callable[[], IOpenSSLClientConnectionCreator]
    _extensions: dict[str, str] = field(factory=dict)
    _version: str | None = None

    async def open(self, use_tls: bool) -> None:
        """Greet, and turn on TLS if ``use_tls`` and the host offers it.

        Raises:
            TlsFailed: TLS was offered and failed; HostFailed: anything else.
        """
        greeting = await self.connection.reply(GREETING_TIMEOUT)
        if greeting.code != 220:
            raise _unusable("greeted with", greeting)
        await self._hello()
        if use_tls and "STARTTLS" in self._extensions:
            await self._start_tls()

    async def send(self, request: TransferRequest, recipients: Sequence[Address]) -> list[Receipt]:
        """One transaction. Recipients that the host wants in another transaction have no receipt; one has at least.

        When the connection dies after the final dot, the host may have taken the message: such recipients are
        deferred, at this host, rather than sent again at once to another.

        Raises:
            HostFailed: nothing was handed over; the recipients may be tried elsewhere.
        """
        refusal = self._unsuitable(request)
        if refusal:
            return self._receipts(recipients, refusal)
        mail, answers = await self._envelope(request, recipients)
        if mail.permanent:
            return self._receipts(recipients, mail)
        if mail.code != 250:
            raise _unusable("answered MAIL with", mail)
        accepted = [one for one, reply in zip(recipients, answers, strict=True) if 200 <= reply.code < 300]
        decided = [
            receipt
            for one, reply in zip(recipients, answers, strict=True)
            if one not in accepted and not (accepted and reply.code == TOO_MANY_RECIPIENTS)
            for receipt in self._receipts([one], reply)
        ]
        if not accepted:
            await self._command("RSET")
            return decided
        return decided + self._receipts(accepted, await self._content(request.path))

    def close(self) -> None:
        """Say goodbye."""
        self.connection.quit()

    async def _hello(self) -> None:
        reply = await self._command(f"EHLO {self.helo}")
        if reply.code == 250:
            lines = reply.text.upper().split("\n")[1:]
            self._extensions = {name: rest for name, _, rest in (line.partition(" ") for line in lines)}
            return
        self._extensions = {}
        reply = await self._command(f"HELO {self.helo}")
        if reply.code != 250:
            raise _unusable("answered HELO with", reply)

    async def _start_tls(self) -> None:
        reply = await self._command("STARTTLS")
        if reply.code != 220:
            return
        self._version = await self.connection.start_tls(self.tls(), HANDSHAKE_TIMEOUT)
        await self._hello()  # What was said in clear text is forgotten (RFC 3207 §4.2).

    def _unsuitable(self, request: TransferRequest) -> Reply | None:
        if request.smtputf8 and "SMTPUTF8" not in self._extensions:
            return NO_SMTPUTF8
        limit = self._extensions.get("SIZE", "")
        if limit.isdecimal() and 0 < int(limit) < request.size:
            return TOO_LARGE
        return None

    async def _envelope(self, request: TransferRequest, recipients: Sequence[Address]) -> tuple[Reply, list[Reply]]:
        commands = [self._mail(request)]
        commands += [self._rcpt(request, one) for one in recipients]
        if "PIPELINING" in self._extensions:
            self.connection.send("".join(f"{command}\r\n" for command in commands).encode())
            replies = [_alive(await self.connection.reply(COMMAND_TIMEOUT)) for _ in commands]
            return replies[0], replies[1:]
        mail = await self._command(commands[0])
        if mail.code != 250:
            return mail, []
        return mail, [await self._command(command) for command in commands[1:]]

    def _mail(self, request: TransferRequest) -> str:
        path = wire_address(request.return_path, request.smtputf8) if request.return_path else ""
        words = [f"MAIL FROM:<{path}>"]
        if "SIZE" in self._extensions:
            words.append(f"SIZE={request.size}")
        if request.eight_bit and "8BITMIME" in self._extensions:
            words.append("BODY=8BITMIME")
        if request.smtputf8:
            words.append("SMTPUTF8")
        return " ".join([*words, *(client_dsn.mail_words(request) if self._offers_dsn else ())])

    def _rcpt(self, request: TransferRequest, recipient: Address) -> str:
        words = client_dsn.recipient_words(request, recipient) if self._offers_dsn else ()
        return " ".join([f"RCPT TO:<{wire_address(recipient, request.smtputf8)}>", *words])

    @property
    def _offers_dsn(self) -> bool:
        return "DSN" in self._extensions

    async def _content(self, path: Path) -> Reply:
        reply = await self._command("DATA", DATA_TIMEOUT)
        if reply.code != 354:
            if reply.code < 400:
                raise _unusable("answered DATA with", reply)
            return reply
        if not await self._stream(path):
            early = await self.connection.reply(DATA_TIMEOUT)  # Given before the content ended; no more can be said.
            self.connection.abort()
            return early if early.code >= 400 else UNKNOWN_FATE
        try:
            final = await self.connection.reply(FINAL_TIMEOUT)
        except HostFailed:
            return UNKNOWN_FATE
        return final if final.code != 354 else UNKNOWN_FATE

    async def _stream(self, path: Path) -> bool:
        """False if the host answered before the end."""
        stuffer = DotStuffer()
        file = await self.blocking.run(_open, path)
        self.connection.begin_content()
        try:
            while chunk := await self.blocking.run(file.read, CHUNK):
                if self.connection.answered:
                    return False
                await self.connection.write(stuffer.feed(chunk), BLOCK_TIMEOUT)
        except BaseException:
            self.connection.abort()  # Half a message is on its way: nothing more may be said, not even QUIT.
            raise
        finally:
            self.connection.end_content()
            file.close()
        self.connection.send(stuffer.finish())
        return True

    async def _command(self, line: str, timeout: float = COMMAND_TIMEOUT) -> Reply:
        self.connection.send(f"{line}\r\n".encode())
        return _alive(await self.connection.reply(timeout))

    def _receipts(self, recipients: Sequence[Address], reply: Reply) -> list[Receipt]:
        if 200 <= reply.code < 300:
            outcome = Outcome.DELIVERED
        else:
            outcome = Outcome.REFUSED if reply.permanent else Outcome.DEFERRED
        return [Receipt(one, outcome, reply, self.host, self._version, self._offers_dsn) for one in recipients]


def wire_address(address: Address, smtputf8: bool) -> str:
    """The address as a path: U-labels only under SMTPUTF8 (RFC 6531 §3.3)."""
    return str(address if smtputf8 else evolve(address, domain=address.ascii_domain))


def _open(path: Path) -> BinaryIO:
    return path.open("rb")


def _alive(reply: Reply) -> Reply:
    if reply.code == 421:  # The host is closing (RFC 5321 §3.8).
        raise _unusable("said", reply)
    return reply


def _unusable(what: str, reply: Reply) -> HostFailed:
    # Whatever the code, another host or another hour may do better.
    return HostFailed(Reply(451, "4.3.0", f"The host {what} {reply}".replace("\n", " ")))
