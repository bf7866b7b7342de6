"""Start and stop, and what the operator hears when a start fails."""

import json
import os
import socket
from pathlib import Path
from typing import Any

from attrs import define, field
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.defer import Deferred
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.errors import ConfigurationError
from daptinmail.services.datadir import LOCK_NAME, DataDirectory
from daptinmail.services.root import Root, http_address
from daptinmail.services.sockets import BoundSockets, read_list, write_list
from daptinmail.settings import Boot, Interface
from tests.support.sockets import FakeBind


def boot(case: SynchronousTestCase, **values: Any) -> Boot:
    """Settings over a directory that is not there yet."""
    data_dir = Path(case.mktemp()).absolute()
    return Boot(data_dir, **{"database_url": f"sqlite:///{data_dir / 'db'}", "http": ("tcp:8080",), **values})


class AddressTests(SynchronousTestCase):
    """Where the API can be reached, as the log prints it."""

    def test_addresses(self) -> None:
        """IPv4, IPv6, all interfaces and UNIX sockets."""
        for address, shown in (
            (IPv4Address("TCP", "127.0.0.1", 80), "http://127.0.0.1:80"),
            (IPv4Address("TCP", "0.0.0.0", 80), "http://127.0.0.1:80"),
            (IPv6Address("TCP", "::1", 80), "http://[::1]:80"),
            (UNIXAddress("/run/api"), "unix:/run/api"),
        ):
            self.assertEqual(http_address(address), shown)


class PrivilegedTests(SynchronousTestCase):
    """Before privileges are dropped."""

    def test_no_port_for_quickstart(self) -> None:
        """Without any free port the start fails with one line."""
        taken = FakeBind({465, 993, *range(1024, 65536)})
        root = Root(boot(self, quickstart="you@example.test"), MemoryReactorClock(), BoundSockets(taken))
        error = self.assertRaises(ConfigurationError, root.privilegedStartService)
        self.assertIn("no free port", error.text)

    def test_http_port_taken(self) -> None:
        """An HTTP endpoint that cannot be had is named, with the reason."""
        with socket.create_server(("127.0.0.1", 0)) as taken:
            from twisted.internet import reactor

            endpoint = f"tcp:{taken.getsockname()[1]}:interface=127.0.0.1"
            error = self.assertRaises(
                ConfigurationError, Root(boot(self, http=(endpoint,)), reactor).privilegedStartService
            )
        self.assertIn(endpoint, error.text)

    def test_nothing_made(self) -> None:
        """A database that cannot be opened gives the data directory free again."""
        settings = boot(self, database_url="sqlite:////proc/nowhere/db")
        root = Root(settings, MemoryReactorClock())
        self.assertRaises(ConfigurationError, root.startService)
        DataDirectory.open(settings).close()


class DataDirectoryTests(SynchronousTestCase):
    """One process at a time."""

    def test_link_in_place_of_the_lock(self) -> None:
        """A symbolic link where the lock should be is not followed."""
        settings = boot(self)
        settings.data_dir.mkdir()
        (settings.data_dir / LOCK_NAME).symlink_to("elsewhere")
        self.assertRaises(ConfigurationError, DataDirectory.open, settings)
        self.assertEqual(os.listdir(settings.data_dir), [LOCK_NAME])


class ListTests(SynchronousTestCase):
    """The list for the next start."""

    def test_damaged(self) -> None:
        """A list that cannot be read is no list: the reconcile will bind."""
        directory = Path(self.mktemp())
        directory.mkdir()
        for text in ("", "{}", "[1]", '["nonsense"]', "[[]]"):
            (directory / "listeners.json").write_text(text)
            self.assertEqual(read_list(directory), [], text)

    def test_failed_write(self) -> None:
        """A list that cannot be written leaves the old one and nothing half made."""
        directory = Path(self.mktemp())
        directory.mkdir()
        (directory / "listeners.json").mkdir()
        self.assertRaises(OSError, write_list, directory, [Interface("", 465)])
        self.assertEqual(os.listdir(directory), ["listeners.json"])

    def test_bound_early(self) -> None:
        """What the last run listened on is bound at once; what cannot be is left to the reconcile."""
        directory = Path(self.mktemp())
        directory.mkdir()
        (directory / "listeners.json").write_text(json.dumps(["0.0.0.0:465", "0.0.0.0:993"]))
        bind = FakeBind({993})
        sockets = BoundSockets(bind)
        sockets.bind_listed(directory)
        bind.taken.add(465)
        self.assertIsNotNone(sockets.take(Interface("0.0.0.0", 465)))
        self.assertRaises(OSError, sockets.take, Interface("0.0.0.0", 993))


@define(eq=False)
class BrokenParts:
    """Parts that cannot be opened."""

    stopped: int = 0
    site: Any = None

    async def open(self, *_: object) -> None:
        """Fail."""
        raise OSError("no space left")

    async def stop(self) -> None:
        """Count."""
        self.stopped += 1


@define(eq=False)
class Reactor:
    """Counts stops."""

    stops: int = field(default=0)

    def stop(self) -> None:
        """Count."""
        self.stops += 1


class BeginTests(SynchronousTestCase):
    """When the reactor runs."""

    def test_cannot_begin(self) -> None:
        """A start that fails late is told in the log, and the process ends in order."""
        reactor, parts = Reactor(), BrokenParts()
        codes: list[int] = []
        root = Root(boot(self), reactor, exit_with=codes.append)
        root._parts = parts  # type: ignore[assignment]  # the least that Root asks for
        root._begin()
        self.assertEqual((reactor.stops, codes), (1, [1]))
        self.assertEqual(len(self.flushLoggedErrors(OSError)), 1)
        stopping: Deferred[None] | Failure = root.stopService()
        assert isinstance(stopping, Deferred)
        self.successResultOf(stopping)
        self.assertEqual(parts.stopped, 1)
