"""NOTIFY where conversations do not reach: bounds, and sessions that end."""

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.imap.limits import NOTICES_WAITING
from daptinmail.imap.notify import Notifier
from daptinmail.interfaces.mailboxes import MailboxEvent, What
from tests.imap.session import Server, server_of


class BoundTests(SynchronousTestCase):
    """What waits is limited."""

    def test_too_much(self) -> None:
        """A client that does not read is told once that it missed something, and NOTIFY is off (RFC 5465 §5.8)."""
        server = Server()
        client = server.login().run("C: 1 NOTIFY SET (personal (MailboxName))\nS: 1 OK ...")
        protocol = server_of(client)
        protocol.writer.pauseProducing()
        event = MailboxEvent(What.CREATED, server.account.id, 1, "INBOX")
        for _ in range(NOTICES_WAITING + 10):
            server.store.ears.tell(event)
        notices = protocol.session.notices
        assert isinstance(notices, Notifier)
        self.assertLessEqual(len(notices._events), NOTICES_WAITING)
        protocol.writer.resumeProducing()
        client.run("S* * OK [NOTIFICATIONOVERFLOW] ...\nC: 2 NOOP\nS: 2 OK ...")
        self.assertIsNone(protocol.session.notices)
        self.assertFalse(server.store.ears.listening[server.account.id])

    def test_messages_of_one_mailbox_wait_once(self) -> None:
        """However many messages come to a mailbox, one STATUS is told."""
        server = Server()
        client = server.login().run("C: 1 NOTIFY SET (personal (MessageNew MessageExpunge))\nS: 1 OK ...")
        protocol = server_of(client)
        protocol._busy = True
        for _ in range(NOTICES_WAITING + 10):
            server.put(b"x", mailbox="Sent")
        protocol._busy = False
        client.run(f'C: 2 NOOP\nS: * STATUS "Sent" (MESSAGES {NOTICES_WAITING + 10} ...)\nS: 2 OK ...')

    def test_groups_and_names(self) -> None:
        """A command that watches too much is refused."""
        client = Server().login()
        many = " ".join(f"m{number}" for number in range(300))
        client.run(f"C: 1 NOTIFY SET (mailboxes ({many}) (MailboxName))\nS: 1 NO [NOTIFICATIONOVERFLOW] ...")
        groups = " ".join("(inboxes (MailboxName))" for _ in range(30))
        client.run(f"C: 2 NOTIFY SET {groups}\nS: 2 NO [NOTIFICATIONOVERFLOW] ...")


class EndTests(SynchronousTestCase):
    """Nothing is left of a session."""

    def test_connection_lost(self) -> None:
        """A session that is gone listens to nothing."""
        server = Server()
        client = server.login().run("C: 1 NOTIFY SET (personal (MailboxName))\nS: 1 OK ...")
        self.assertEqual(len(server.store.ears.listening[server.account.id]), 1)
        client.lose()
        self.assertEqual(server.store.ears.listening[server.account.id], [])

    def test_set_again(self) -> None:
        """A second NOTIFY takes the place of the first."""
        server = Server()
        client = server.login().run("C: 1 NOTIFY SET (personal (MailboxName))\nS: 1 OK ...")
        client.run("C: 2 NOTIFY SET (inboxes (MailboxName))\nS: 2 OK ...")
        self.assertEqual(len(server.store.ears.listening[server.account.id]), 1)
        create = server.store.create(server.account.id, "Work")
        self.assertEqual(self.successResultOf(create).name, "Work")
        client.run("S! silent")

    def test_not_told_between_the_lines_of_a_command(self) -> None:
        """What happens while a command runs is told after its answer's data, before its tagged line."""
        server = Server()
        client = server.login().run("C: 1 NOTIFY SET (personal (MailboxName))\nS: 1 OK ...")
        client.send(b"2 APPEND Sent {3}\r\n")
        _ = Deferred.fromCoroutine(self._create(server))
        client.send(b"abc\r\n")
        self.assertEqual(client.lines()[-1][:4], "2 OK")

    async def _create(self, server: Server) -> None:
        await server.store.create(server.account.id, "Work")
