"""QUOTA with limits (RFC 9208)."""

from twisted.trial.unittest import SynchronousTestCase

from daptinmail.interfaces.quota import Quota
from tests.imap.session import MESSAGE, Server


class LimitTests(SynchronousTestCase):
    """An account with limits."""

    def setUp(self) -> None:
        self.server = Server()
        limits = Quota(0, 0, octets_limit=len(MESSAGE) * 2, messages_limit=3)
        self.server.store.quotas.limits[self.server.account.id] = limits

    def limit(self, octets: int | None = None, messages: int | None = None) -> None:
        """Change the limits."""
        self.server.store.quotas.limits[self.server.account.id] = Quota(0, 0, octets, messages)

    def test_told(self) -> None:
        """Use and limits are told, storage in units of 1024 octets, rounded so that a full mailbox looks full."""
        self.limit(5000, 3)
        self.server.put()
        self.server.login().run(
            """
            C: 1 GETQUOTAROOT INBOX
            S: * QUOTAROOT "INBOX" ""
            S: * QUOTA "" (STORAGE 1 4 MESSAGE 1 3)
            S: 1 OK ...
            """
        )

    def test_full(self) -> None:
        """What does not fit is refused with OVERQUOTA, and nothing of it is stored; EXPUNGE makes room."""
        self.server.put(flags=frozenset({rb"\Deleted"}))
        self.server.put()
        client = self.server.select()
        client.send(b"1 APPEND INBOX {%d+}\r\n%b\r\n" % (len(MESSAGE), MESSAGE))
        client.run("S: 1 NO [OVERQUOTA] ...\nC: 2 COPY 1 Sent\nS: 2 NO [OVERQUOTA] ...\nC: 3 MOVE 2 Sent\nS* 3 OK ...")
        client.run(
            'C: 4 EXPUNGE\nS* 4 OK ...\nC: 5 STATUS Sent (MESSAGES)\nS: * STATUS "Sent" (MESSAGES 1)\nS: 5 OK ...'
        )
        client.send(b"6 APPEND INBOX {%d+}\r\n%b\r\n" % (len(MESSAGE), MESSAGE))
        client.run("S* 6 OK [APPENDUID ...] ...")

    def test_several_messages_at_once(self) -> None:
        """A MULTIAPPEND that does not fit leaves nothing."""
        self.limit(messages=1)
        client = self.server.login()
        client.send(b"1 APPEND INBOX {3+}\r\nabc {3+}\r\ndef\r\n")
        client.run(
            'S: 1 NO [OVERQUOTA] ...\nC: 2 STATUS INBOX (MESSAGES)\nS: * STATUS "INBOX" (MESSAGES 0)\nS: 2 OK ...'
        )
