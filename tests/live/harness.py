"""Starts ``twistd daptinmail`` for the live tests and talks to it; waits on output, never on the clock."""

import contextlib
import json
import os
import queue
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from twisted.trial.unittest import SkipTest

REPOSITORY = Path(__file__).resolve().parents[2]
PATIENCE = 60.0  # seconds until a silent process counts as broken
TWISTD = [sys.executable, "-P", str(Path(__file__).with_name("run_twistd.py"))]


def free_port() -> int:
    """A port below the ephemeral range that nobody listens on; test processes side by side look in different places."""
    begin = 20000 + os.getpid() * 97 % 110 * 100
    for port in range(begin, begin + 1000):
        with socket.socket() as sock, contextlib.suppress(OSError):
            sock.bind(("0.0.0.0", port))
            if port not in _given:
                _given.add(port)
                return port
    raise RuntimeError("no free port")


_given: set[int] = set()


def missing(*programs: str) -> str | None:
    """A reason to skip when a client is not installed."""
    absent = [program for program in programs if shutil.which(program) is None]
    return f"needs {', '.join(absent)}" if absent else None


def need(*programs: str) -> None:
    """Skip the test when a client is not installed."""
    reason = missing(*programs)
    if reason:
        raise SkipTest(reason)


def run(*command: str, text: str | bytes = b"", prefix: Sequence[str] = (), check: bool = True) -> str:
    """Run a client to its end and answer what it printed."""
    data = text.encode() if isinstance(text, str) else text
    done = subprocess.run(
        [*prefix, *command], input=data, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE, check=False
    )
    output = done.stdout.decode("utf-8", "replace")
    if check and done.returncode:
        raise AssertionError(f"{command} exited {done.returncode}:\n{output}")
    return output


class Process:
    """A child process whose lines can be waited for."""

    def __init__(self, command: Sequence[str], stdin: int = subprocess.DEVNULL):
        self.lines: list[str] = []
        self._fresh: queue.Queue[str | None] = queue.Queue()
        self.child = subprocess.Popen(
            command,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            cwd=REPOSITORY,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.child.stdout is not None
        for line in self.child.stdout:
            self._fresh.put(line.decode("utf-8", "replace").rstrip("\n"))
        self._fresh.put(None)

    def wait_for(self, part: str) -> str:
        """The next line that contains ``part``.

        Raises:
            AssertionError: the process ended or fell silent first.
        """
        while True:
            try:
                line = self._fresh.get(timeout=PATIENCE)
            except queue.Empty:
                raise AssertionError(f"no {part!r} in:\n" + "\n".join(self.lines)) from None
            if line is None:
                self._fresh.put(None)
                raise AssertionError(f"ended without {part!r}:\n" + "\n".join(self.lines))
            self.lines.append(line)
            if part in line:
                return line

    def kill(self) -> None:
        """Pull the plug."""
        self.child.send_signal(signal.SIGKILL)
        self.child.wait(PATIENCE)

    def stop(self) -> int:
        """Ask it to end; its exit code."""
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
        try:
            return self.child.wait(PATIENCE)
        finally:
            if self.child.poll() is None:
                self.kill()
            if self.child.stdout is not None:
                self.child.stdout.close()


class Server:
    """One instance with a data directory; ``prefix`` runs it elsewhere, for instance in a network namespace."""

    def __init__(self, data_dir: Path, *options: str, http: Sequence[str] | None = None, prefix: Sequence[str] = ()):
        self.data_dir = data_dir
        self.port = free_port()
        self.endpoints = [f"tcp:{self.port}:interface=127.0.0.1"] if http is None else list(http)
        self.command = [
            *prefix,
            *TWISTD,
            "-n",
            "--pidfile=",
            "daptinmail",
            "--data-dir",
            str(data_dir),
            *(word for endpoint in self.endpoints for word in ("--http", endpoint)),
            *options,
        ]
        self.prefix = list(prefix)
        self.token = ""
        self.process: Process | None = None

    def start(self) -> Process:
        """Run it until the API answers."""
        self.process = Process(self.command)
        self.process.wait_for("HTTP API on")
        return self.process

    def stop(self) -> None:
        """End it in order."""
        if self.process is not None and self.process.child.poll() is None:
            self.process.child.send_signal(signal.SIGTERM)
            self.process.wait_for("Server Shut Down.")
            self.process.stop()

    def kill(self) -> None:
        """Pull the plug."""
        assert self.process is not None
        self.process.kill()

    def call(self, method: str, path: str, body: Any = None, raw: bytes | None = None) -> tuple[int, Any]:
        """One API call with the token; status and decoded answer."""
        data = raw if raw is not None else (None if body is None else json.dumps(body).encode())
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        url = f"http://127.0.0.1:{self.port}{path}"
        if self.prefix:
            return self._curl(method, url, data or b"", headers)
        request = Request(url, data, headers, method=method)
        try:
            with urlopen(request, timeout=PATIENCE) as response:
                return response.status, decode(response.read())
        except HTTPError as error:
            with error:
                return error.code, decode(error.read())

    def _curl(self, method: str, url: str, data: bytes, headers: Mapping[str, str]) -> tuple[int, Any]:
        """A call from inside the server's network."""
        words = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
        command = ("curl", "-sS", "-X", method, *words, "--data-binary", "@-", "-w", "\n%{http_code}", url)
        body, _, status = run(*command, text=data, prefix=self.prefix).rpartition("\n")
        return int(status), decode(body.encode())

    def become_administrator(self) -> None:
        """Sign up, sign in, become the administrator; keep the token."""
        person = {"name": "Root", "email": "root@dept.test", "password": "longpass1", "passwordConfirm": "longpass1"}
        self.call("POST", "/action/user_account/signup", {"attributes": person})
        self.sign_in("root@dept.test", "longpass1")
        self.call("POST", "/action/world/become_an_administrator", {})

    def sign_in(self, email: str, password: str) -> None:
        """Keep a token for later calls."""
        status, answer = self.call(
            "POST", "/action/user_account/signin", {"attributes": {"email": email, "password": password}}
        )
        assert status == 200, answer
        self.token = next(item for item in answer if item["ResponseType"] == "client.store.set")["Attributes"]["value"]

    def create(self, kind: str, attributes: Mapping[str, Any], **to_one: str) -> str:
        """Make a row; its id."""
        relationships = {
            name: {"data": {"type": name.removesuffix("_id"), "id": value}} for name, value in to_one.items()
        }
        document = {"data": {"type": kind, "attributes": attributes, "relationships": relationships}}
        status, answer = self.call("POST", f"/api/{kind}", document)
        assert status == 201, answer
        return str(answer["data"]["id"])

    def list(self, kind: str, parameters: str = "page[size]=200") -> list[Mapping[str, Any]]:
        """The attributes of all rows of a type."""
        status, answer = self.call("GET", f"/api/{kind}?{parameters}".replace("[", "%5B").replace("]", "%5D"))
        assert status == 200, answer
        return [item["attributes"] for item in answer["data"]]

    def configure(self, key: str, value: str) -> None:
        """Set one configuration key."""
        status, _ = self.call("POST", f"/_config/backend/{key}", raw=value.encode())
        assert status == 200

    def restart(self) -> Any:
        """The restart action."""
        status, answer = self.call("POST", "/action/world/restart_daptin", {"attributes": {}})
        assert status == 200, answer
        return answer


def decode(data: bytes) -> Any:
    """JSON if it is JSON, else text."""
    try:
        return json.loads(data)
    except ValueError:
        return data.decode("utf-8", "replace")


@contextlib.contextmanager
def network_namespace() -> Iterator[list[str]]:
    """A command prefix that runs in a network of its own, where every port is free. Raises OSError if not permitted."""
    holder = subprocess.Popen(
        ["unshare", "--net", "sh", "-c", "ip link set lo up && echo ready && exec cat"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert holder.stdout is not None
        if holder.stdout.readline().strip() != b"ready":
            raise OSError("network namespaces are not permitted here")
        yield ["nsenter", "--net", "--target", str(holder.pid)]
    finally:
        holder.kill()
        holder.communicate()
