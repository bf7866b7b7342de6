"""``ITlsContexts``: which certificate a handshake gets."""

from collections.abc import Callable

from attrs import define, field
from OpenSSL import SSL
from twisted.internet.defer import DeferredLock
from twisted.logger import Logger
from zope.interface import implementer

from daptinmail.certificates.keyring import Keyring, Served
from daptinmail.interfaces.runtime import IBlocking
from daptinmail.interfaces.tls import ITlsContexts
from daptinmail.net.tls import ask_for_certificate, certificate_context, front_context

log = Logger()

Protocols = tuple[bytes, ...]


@implementer(ITlsContexts)
@define(eq=False)
class TlsContexts:
    """Fronts live as long as their listeners; behind them the contexts are replaced when certificates change.

    Call ``reload`` once before listeners start. ``asks_clients`` tells if fronts made from now on ask clients for a
    certificate.
    """

    keyring: Keyring
    blocking: IBlocking
    asks_clients: Callable[[], bool] = lambda: False
    _served: list[Served] = field(init=False, factory=list)
    _fronts: dict[tuple[str, Protocols, bool], SSL.Context] = field(init=False, factory=dict)
    _reading: DeferredLock = field(init=False, factory=DeferredLock)
    _contexts: dict[tuple[Served, Protocols], SSL.Context | None] = field(init=False, factory=dict)

    def front(self, hostname: str, protocols: tuple[bytes, ...]) -> SSL.Context:
        """The same context for the same arguments."""
        key = (hostname, protocols, self.asks_clients())
        if key not in self._fronts:
            front = front_context(lambda name: self._select(name, hostname, protocols), protocols)
            if self.asks_clients():
                ask_for_certificate(front)
            self._fronts[key] = front
        return self._fronts[key]

    async def ensure(self, hostname: str) -> None:
        """Make a certificate if there is none, and serve it from the next handshake on."""
        await self.keyring.ensure(hostname)
        await self.reload()

    async def reload(self) -> None:
        """Read all certificates again. Contexts of certificates that did not change stay, with their sessions."""
        # One at a time, so that what was read last is what is served.
        await self._reading.acquire()
        try:
            await self._read()
        finally:
            self._reading.release()

    async def _read(self) -> None:
        served = await self.keyring.served()
        wanted = {protocols for _, protocols, _ in self._fronts}
        missing = [(one, protocols) for one in served for protocols in wanted if (one, protocols) not in self._contexts]
        made = await self.blocking.run(lambda: {key: _context(*key) for key in missing})
        self._contexts = {key: made_one for key, made_one in {**self._contexts, **made}.items() if key[0] in served}
        self._served = served

    def _select(self, name: str | None, hostname: str, protocols: Protocols) -> SSL.Context | None:
        for wanted in (name, hostname):
            for served in self._covering(wanted):
                context = self._context_of(served, protocols)
                if context is not None:
                    return context
        return None

    def _context_of(self, served: Served, protocols: Protocols) -> SSL.Context | None:
        key = (served, protocols)
        if key not in self._contexts:
            # A listener newer than the last reload; it costs a millisecond, once.
            self._contexts[key] = _context(served, protocols)
        return self._contexts[key]

    def _covering(self, name: str | None) -> list[Served]:
        """Certificates for a name, best first: of that name alone, in a list, by wildcard (RFC 6125 §6.4.3)."""
        if not name:
            return []
        wildcard = "*." + name.partition(".")[2]
        exact = [served for served in self._served if name in served.hostnames]
        exact.sort(key=lambda served: len(served.hostnames))
        return exact + [served for served in self._served if wildcard in served.hostnames and served not in exact]


def _context(served: Served, protocols: Protocols) -> SSL.Context | None:
    try:
        return certificate_context(served.certificates_pem, served.private_key_pem, protocols)
    except (ValueError, SSL.Error) as error:
        log.error("certificate for {names} cannot be used: {error}", names=served.hostnames, error=error)
        return None
