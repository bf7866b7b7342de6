"""The other side of outbound mail, in a process of its own: a DNS server and mail hosts on loopback addresses.

``python -m tests.live.peers JSON``: ``records`` for the DNS stub; ``sinks`` maps loopback addresses to replies;
``port`` is theirs. Each line on standard output is a JSON object: first the DNS address, then every message that
arrives. A JSON object on standard input replaces the replies of the sinks it names.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from twisted.internet.stdio import StandardIO
from twisted.protocols.basic import LineOnlyReceiver

from tests.live.harness import Process
from tests.support.dnsstub import DnsStub
from tests.support.sink import Sink, SunkMessage


class PrintingSink(Sink):
    """Says each message it takes."""

    def take(self, message: SunkMessage) -> None:
        """One more message."""
        super().take(message)
        say(
            message=message.content.decode("latin-1"),
            sender=message.sender,
            recipients=message.recipients,
            tls=message.tls,
            helo=message.helo,
        )


class Commands(LineOnlyReceiver):
    """Replaces replies while it runs."""

    delimiter = b"\n"

    def __init__(self, sinks: Mapping[str, Sink]) -> None:
        self._sinks = sinks

    def lineReceived(self, line: bytes) -> None:
        for address, replies in json.loads(line).items():
            self._sinks[address].replies = replies
        say(done=True)


def say(**values: Any) -> None:
    """One line for the test."""
    print(json.dumps(values), flush=True)


def main() -> None:
    """Serve until killed."""
    from twisted.internet import reactor

    plan = json.loads(sys.argv[1])
    stub = DnsStub(plan["records"])
    context = None
    if plan.get("tls"):
        context = self_signed()
    sinks = {address: PrintingSink(context=context, replies=replies) for address, replies in plan["sinks"].items()}
    for address, sink in sinks.items():
        sink.listen(reactor, plan["port"], address)
    StandardIO(Commands(sinks))
    say(dns=":".join(map(str, stub.listen(reactor))))
    reactor.run()


def self_signed() -> Any:
    """A certificate nobody would trust."""
    import tempfile

    from twisted.internet.ssl import DefaultOpenSSLContextFactory

    key, certificate = (tempfile.mktemp(suffix=".pem") for _ in range(2))
    subject = ("-subj", "/CN=other.invalid", "-days", "2")
    files = ("-keyout", key, "-out", certificate)
    command = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *subject, *files)
    subprocess.run(command, check=True, capture_output=True)
    return DefaultOpenSSLContextFactory(key, certificate)


class Peers:
    """The test's handle on the process."""

    def __init__(self, records: Mapping[str, Any], sinks: Mapping[str, Any], port: int, tls: bool = False) -> None:
        plan = json.dumps({"records": records, "sinks": sinks, "port": port, "tls": tls})
        self.process = Process([sys.executable, "-m", "tests.live.peers", plan], stdin=subprocess.PIPE)
        self.dns = json.loads(self.process.wait_for('"dns"'))["dns"]

    def set_replies(self, address: str, replies: Mapping[str, str]) -> None:
        """Behave otherwise from now on."""
        assert self.process.child.stdin is not None
        self.process.child.stdin.write(json.dumps({address: replies}).encode() + b"\n")
        self.process.child.stdin.flush()
        self.process.wait_for('"done"')

    def next_message(self) -> Mapping[str, Any]:
        """The next message that a sink took."""
        found: Mapping[str, Any] = json.loads(self.process.wait_for('"message"'))
        return found

    def stop(self) -> None:
        """End it."""
        self.process.stop()
        if self.process.child.stdin is not None:
            self.process.child.stdin.close()


if __name__ == "__main__":
    main()
