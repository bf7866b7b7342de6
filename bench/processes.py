"""Servers as processes: started, waited for, and how much CPU and memory they and their children took."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from attrs import define, field

PATIENCE = 60.0
LONGEST_SETTLING = 3600.0
LOOK = 0.25
RESTING = 0.04
"""Part of a processor that counts as rest."""
QUIET_LOOKS = 4
TICK = 1 / os.sysconf("SC_CLK_TCK")
PORTS = range(20000, 32768)
"""Below the ephemeral ports."""
_given: set[int] = set()


def free_port() -> int:
    """A port of loopback that nobody has; runs side by side look in different places."""
    first = os.getpid() * 131 % len(PORTS)
    for offset in range(len(PORTS)):
        port: int = PORTS[(first + offset) % len(PORTS)]
        if port not in _given and _is_free(port):
            _given.add(port)
            return port
    raise OSError("no free port")


def _is_free(port: int) -> bool:
    with socket.socket() as sock:
        try:
            sock.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@define(eq=False)
class ServerProcess:
    """A command that runs until it is stopped; its output goes to ``log``."""

    command: Sequence[str]
    log: Path
    environment: Mapping[str, str] = field(factory=dict)
    _child: "subprocess.Popen[bytes] | None" = None
    _begin: int = 0

    def start(self) -> None:
        """Run it."""
        self._begin = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as out:
            self._child = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={**os.environ, **self.environment},
                cwd=self.log.parent,
            )

    def wait_for_port(self, port: int) -> None:
        """Until something listens there. Raises OSError if the process ends or nothing does."""
        self._wait(lambda: _listens(port), f"listener on port {port}")

    def wait_for_text(self, text: str) -> None:
        """Until it says so in its log. Raises OSError if it ends or never does."""
        self._wait(lambda: text.encode() in self.log.read_bytes()[self._begin :], repr(text))

    def _wait(self, done: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + PATIENCE
        while not done():
            self._check()
            if time.monotonic() > end:
                raise OSError(f"no {what}; see {self.log}")
            time.sleep(0.02)

    def _check(self) -> None:
        assert self._child is not None
        if self._child.poll() is not None:
            raise OSError(f"{self.command[0]} ended with {self._child.returncode}: {self.log.read_text()[-2000:]}")

    def wait(self) -> None:
        """Until it ends by itself. Raises OSError if it does not end well."""
        assert self._child is not None
        if self._child.wait():
            raise OSError(f"{self.command[-1]} failed: {self.log.read_text()[-2000:]}")

    def stop(self) -> None:
        """End it in order, by force if it does not."""
        if self._child is None:
            return
        if self._child.poll() is None:
            self._child.send_signal(signal.SIGTERM)
        try:
            self._child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._child = None

    @property
    def pid(self) -> int:
        """Of the first process."""
        assert self._child is not None
        return self._child.pid

    def cpu_seconds(self) -> float:
        """CPU time of the process, its children that live, and its children that have ended."""
        return sum(map(_cpu_clock, tree(self.pid))) + _reaped(self.pid)

    def settle(self) -> None:
        """Wait until it does nothing of its own any more, such as filling an index in the background.

        Raises:
            OSError: it never comes to rest.
        """
        end = time.monotonic() + LONGEST_SETTLING
        quiet = 0
        while quiet < QUIET_LOOKS:
            before = self.cpu_seconds()
            time.sleep(LOOK)
            quiet = quiet + 1 if self.cpu_seconds() - before < LOOK * RESTING else 0
            if time.monotonic() > end:
                raise OSError(f"{self.command[0]} does not come to rest")

    def memory(self) -> int:
        """Octets that the processes hold for themselves: proportional set size, shared pages counted once."""
        return sum(map(_proportional, tree(self.pid)))


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


def tree(root: int) -> list[int]:
    """A process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            children.setdefault(_parent(int(name)), []).append(int(name))
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def _fields(pid: int) -> list[str]:
    """What stands after the name in /proc/PID/stat (proc(5)), from the state on."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _parent(pid: int) -> int:
    fields = _fields(pid)
    return int(fields[1]) if fields else 0


def _reaped(pid: int) -> float:
    fields = _fields(pid)
    return (int(fields[13]) + int(fields[14])) * TICK if fields else 0.0


def _cpu_clock(pid: int) -> float:
    """Of all threads, in nanosecond steps (clock_getcpuclockid(3) as Linux numbers it)."""
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0


def _proportional(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
