"""What every ``IResolver`` promises."""

from typing import Any

from twisted.internet.defer import Deferred
from zope.interface.verify import verifyObject

from daptinmail.errors import NotFound, Unavailable
from daptinmail.interfaces.transfer import IResolver, MailExchanger, ServiceTarget


class ResolverContract:
    """Mix in with ``SynchronousTestCase``.

    ``resolver`` knows x.example (MX 10 mx.x.example, CAA), mx.x.example (192.0.2.1 and its name, no MX), null.example
    (the null MX) and _imaps._tcp.x.example (SRV); failing.example cannot be asked; no other name exists.
    """

    resolver: Any

    def ask(self: Any, work: Any) -> Any:
        """What a call answers."""
        return self.successResultOf(Deferred.fromCoroutine(work))

    def test_interface(self: Any) -> None:
        """It is a resolver."""
        self.assertTrue(verifyObject(IResolver, self.resolver))

    def test_records(self: Any) -> None:
        """Records are what DNS says; a name without such a record gives an empty list."""
        self.assertEqual(self.ask(self.resolver.mail_exchangers("x.example")), [MailExchanger(10, "mx.x.example")])
        self.assertEqual(self.ask(self.resolver.mail_exchangers("mx.x.example")), [])
        self.assertEqual(self.ask(self.resolver.mail_exchangers("null.example")), [MailExchanger(0, "")])
        self.assertEqual(self.ask(self.resolver.addresses("mx.x.example")), ["192.0.2.1"])
        self.assertEqual(self.ask(self.resolver.addresses("x.example")), [])
        self.assertEqual(self.ask(self.resolver.texts("x.example")), [])

    def test_other_records(self: Any) -> None:
        """The name of an address, the place of a service, who may issue certificates."""
        self.assertEqual(self.ask(self.resolver.reverse_names("192.0.2.1")), ["mx.x.example"])
        self.failureResultOf(Deferred.fromCoroutine(self.resolver.reverse_names("2001:db8::1")), NotFound)
        target = ServiceTarget(0, 1, 993, "imap.x.example")
        self.assertEqual(self.ask(self.resolver.services("_imaps._tcp.x.example")), [target])
        self.assertEqual(self.ask(self.resolver.issuers("x.example")), ['0 issue "ca.example; a=b"'])
        self.assertEqual(self.ask(self.resolver.issuers("mx.x.example")), [])

    def test_failures(self: Any) -> None:
        """A name that does not exist, and one that cannot be asked, are two errors."""
        for name, kind in (("no.example", NotFound), ("failing.example", Unavailable)):
            resolver = self.resolver
            texts = (resolver.texts, resolver.services, resolver.issuers)
            for ask in (resolver.mail_exchangers, resolver.addresses, *texts):
                self.failureResultOf(Deferred.fromCoroutine(ask(name)), kind)
