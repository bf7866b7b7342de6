"""Ports bound early."""

import socket
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from daptinmail.services.sockets import BoundSockets, bind, read_list, write_list
from daptinmail.settings import Interface


def open_port() -> Interface:
    """A loopback address that can be bound."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return Interface("127.0.0.1", server.getsockname()[1])


class BoundSocketsTests(SynchronousTestCase):
    """What was bound before the drop is there to be taken after it."""

    def setUp(self) -> None:
        """A directory for the list."""
        self.directory = Path(self.mktemp())
        self.directory.mkdir()
        self.sockets = BoundSockets()
        self.addCleanup(self.sockets.close)

    def test_list(self) -> None:
        """The addresses of the last run are bound again, private to their owner; a broken list is no list."""
        interface = open_port()
        write_list(self.directory, [interface])
        self.assertEqual((self.directory / "listeners.json").stat().st_mode & 0o777, 0o600)
        self.sockets.bind_listed(self.directory)
        with self.assertRaises(OSError):
            bind(interface)
        with self.sockets.take(interface) as sock:
            self.assertEqual(sock.getsockname()[1], interface.port)
        (self.directory / "listeners.json").write_text('{"no": 1}')
        self.assertEqual(read_list(self.directory), [])

    def test_taken_address(self) -> None:
        """An address that is taken is left for the reconcile to report."""
        interface = open_port()
        with bind(interface):
            write_list(self.directory, [interface])
            self.sockets.bind_listed(self.directory)
            with self.assertRaises(OSError):
                self.sockets.take(interface)

    def test_first_of_many(self) -> None:
        """The first candidate that can be had is bound and kept; none gives ``None``."""
        taken, free = open_port(), open_port()
        with bind(taken):
            self.assertEqual(self.sockets.bind_first([taken, free]), free)
            self.assertEqual(self.sockets.bind_first([free]), free)
            self.assertIsNone(self.sockets.bind_first([taken]))
