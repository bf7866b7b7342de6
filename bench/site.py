"""One peer while it is measured: filled, with a session that stays open."""

from collections.abc import Callable

from attrs import define

from bench.client import Address, ImapClient
from bench.filling import BIG
from bench.peers.peer import PASSWORD, USER, Peer
from bench.samples import Watch, watched


@define(eq=False)
class Site:
    """``messages``: how many the large mailbox has; ``sessions``: how many idle ones are asked for."""

    peer: Peer
    messages: int
    sessions: int
    _client: ImapClient | None = None
    _mailbox: str = ""

    def connect(self, address: Address | None = None) -> ImapClient:
        """A new session, logged in."""
        client = ImapClient(address or self.peer.address)
        client.login(USER, PASSWORD)
        return client

    def session(self, mailbox: str = BIG) -> ImapClient:
        """The session that stays, with this mailbox selected."""
        if self._client is None:
            self._client, self._mailbox = self.connect(), ""
        if self._mailbox != mailbox:
            self._client.command(f'SELECT "{mailbox}"'.encode())
            self._mailbox = mailbox
        return self._client

    def part(self) -> None:
        """Hang up the session that stays."""
        if self._client is not None:
            self._client.close()
        self._client, self._mailbox = None, ""

    def restart(self) -> None:
        """Stop and start the server."""
        self.part()
        self.peer.stop()
        self.peer.start()
        self.peer.process.settle()

    def timed(self, work: Callable[[], object]) -> Watch:
        """Do it and take the time."""
        with watched(self.peer.process) as watch:
            work()
        return watch
