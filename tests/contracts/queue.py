"""What every ``IQueue`` promises about taking messages."""

from typing import Any
from uuid import UUID

from twisted.internet.defer import Deferred
from zope.interface.verify import verifyObject

from daptinmail.errors import Forbidden, NotFound
from daptinmail.interfaces.directory import Viewer
from daptinmail.interfaces.storage import Content, ITransaction
from daptinmail.interfaces.transfer import Command, IQueue, OutboundMessage, QueueCommand
from daptinmail.mail.address import Address


class QueueContract:
    """Mix in with ``SynchronousTestCase``: ``queue`` over ``storage``, not running; ``kept()`` tells what it keeps."""

    queue: Any
    storage: Any

    def kept(self: Any) -> list[tuple[str, bytes]]:
        """Recipients in order, each with the content."""
        raise NotImplementedError

    def message(self: Any, *recipients: str) -> OutboundMessage:
        """One message."""
        addresses = tuple(Address.parse(one) for one in recipients)
        content = Content(4, b"body", prefix=b"X: y\r\n\r\n")
        return OutboundMessage(UUID(int=7), Address("ann", "example.com"), addresses, content, server_id=None)

    def test_interface(self: Any) -> None:
        """It is a queue; while it is empty a pass tries nobody."""
        self.assertTrue(verifyObject(IQueue, self.queue))
        self.assertEqual(self.successResultOf(Deferred.fromCoroutine(self.queue.run_pass())), 0)

    def test_kept(self: Any) -> None:
        """The whole content is kept for each recipient."""
        message = self.message("a@x.example", "b@y.example")
        self.successResultOf(self.storage.write(lambda transaction: self.queue.enqueue_in(transaction, message)))
        content = b"X: y\r\n\r\nbody"
        self.assertEqual(self.kept(), [("a@x.example", content), ("b@y.example", content)])

    def test_command(self: Any) -> None:
        """Users command only what they may change, and destinations not at all; administrators everything."""
        message = self.message("a@x.example")
        self.successResultOf(self.storage.write(lambda transaction: self.queue.enqueue_in(transaction, message)))
        asked = QueueCommand(Command.HOLD, host="x.example")
        refused = Deferred.fromCoroutine(self.queue.command(asked, Viewer(user_id=7)))
        self.failureResultOf(refused, Forbidden)
        done = Deferred.fromCoroutine(self.queue.command(asked, Viewer(is_administrator=True)))
        self.assertEqual(self.successResultOf(done), 1)
        unknown = QueueCommand(Command.HOLD, UUID(int=99))
        self.failureResultOf(Deferred.fromCoroutine(self.queue.command(unknown, Viewer(user_id=7))), NotFound)

    def test_failed_transaction(self: Any) -> None:
        """A transaction that fails leaves nothing behind."""

        def work(transaction: ITransaction) -> None:
            self.queue.enqueue_in(transaction, self.message("a@x.example"))
            raise ZeroDivisionError

        self.failureResultOf(self.storage.write(work), ZeroDivisionError)
        self.assertEqual(self.kept(), [])
