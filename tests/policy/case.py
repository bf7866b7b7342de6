"""A case with a zone of its own."""

from collections.abc import Coroutine
from ipaddress import ip_address
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.interfaces.transfer import MailExchanger
from tests.support.resolver import MemoryResolver

T = TypeVar("T")


class ZoneCase(SynchronousTestCase):
    """``txt``, ``host``, ``mx`` and ``ptr`` write records down."""

    def setUp(self) -> None:
        """An empty DNS."""
        self.resolver = MemoryResolver()

    def txt(self, name: str, *texts: str) -> None:
        """TXT records."""
        self.resolver.strings[name] = [text.encode() for text in texts]

    def host(self, name: str, *addresses: str) -> None:
        """A and AAAA records; none make the name exist without any."""
        self.resolver.hosts[name] = list(addresses)

    def mx(self, name: str, *hosts: str) -> None:
        """MX records."""
        self.resolver.exchangers[name] = [MailExchanger(10, host) for host in hosts]

    def ptr(self, address: str, *names: str) -> None:
        """PTR records."""
        self.resolver.reverse[ip_address(address).reverse_pointer] = list(names)

    def result(self, work: Coroutine[Any, Any, T]) -> T:
        """What a call answers, at once."""
        return self.successResultOf(Deferred.fromCoroutine(work))
