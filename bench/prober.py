"""Asks NOOP again and again, in a process of its own: ``python -m bench.prober PORT SECURITY USER PASSWORD``.

Says ``ready``; begins at the first line of its input, ends at the second, and says the latencies in milliseconds.
"""

import json
import select
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

from bench.client import Address, ImapClient, Security
from bench.peers.peer import PASSWORD, USER

PAUSE = 0.001


class Prober:
    """The other side's handle: probes while its ``with`` block runs; then ``latencies`` is there."""

    def __init__(self, address: Address) -> None:
        command = [sys.executable, "-m", "bench.prober", str(address.port), address.security.name]
        self.latencies: list[float] = []
        self._child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).resolve().parents[1]
        )
        self._line()

    def __enter__(self) -> "Prober":
        self._say()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._say()
        self.latencies = json.loads(self._line())
        self._child.wait()

    def _say(self) -> None:
        assert self._child.stdin is not None
        self._child.stdin.write("\n")
        self._child.stdin.flush()

    def _line(self) -> str:
        assert self._child.stdout is not None
        return self._child.stdout.readline()


def main() -> None:
    """Probe."""
    client = ImapClient(Address(int(sys.argv[1]), Security[sys.argv[2]]))
    client.login(USER, PASSWORD)
    client.command(b"NOOP")
    print("ready", flush=True)
    sys.stdin.readline()
    latencies = []
    while not select.select([sys.stdin], [], [], PAUSE)[0]:
        begin = time.perf_counter()
        client.command(b"NOOP")
        latencies.append((time.perf_counter() - begin) * 1000)
    print(json.dumps(latencies), flush=True)


if __name__ == "__main__":
    main()
