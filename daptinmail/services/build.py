"""``Boot`` and a reactor -> every part, wired. Each function builds one storey on the ones below it."""

import secrets
import socket
import sys
from typing import Any

from attrs import define, field, frozen
from twisted.internet.interfaces import IProtocolFactory
from twisted.logger import Logger

from daptinmail.accounts.aliases import AliasRules
from daptinmail.accounts.app_password_rules import AppPasswordRules
from daptinmail.accounts.routing import Routing
from daptinmail.accounts.rules import MailAccountRules, MailServerRules, UserAccountRules, UsergroupRules
from daptinmail.agents.confirming import Confirming
from daptinmail.agents.content import ContentReader
from daptinmail.agents.forwarding import Forwarding
from daptinmail.agents.mda import Mda
from daptinmail.agents.msa import Msa
from daptinmail.agents.mta import Mta
from daptinmail.agents.reception import Reception
from daptinmail.agents.returns import Returns
from daptinmail.agents.sending import Sending
from daptinmail.api.app import Api
from daptinmail.api.site import make_site
from daptinmail.certificates.certificates import Certificates
from daptinmail.certificates.contexts import TlsContexts
from daptinmail.certificates.dkim_keys import DkimKeys
from daptinmail.certificates.keyring import Keyring
from daptinmail.certificates.rules import CertificateRules
from daptinmail.db.configuration import Configuration
from daptinmail.db.engine import open_engine
from daptinmail.db.migrate import migrate
from daptinmail.db.records import Records
from daptinmail.db.repeats import Repeats
from daptinmail.db.storage import Storage
from daptinmail.dkim.sealer import Sealer
from daptinmail.dkim.signer import Signer
from daptinmail.domains.doctor import Domains
from daptinmail.events.log import EventLog
from daptinmail.interfaces.records import IRecordRules
from daptinmail.net.dns import Resolver
from daptinmail.net.runtime import RandomIdentifiers, SystemClock
from daptinmail.net.threads import WarmThreads
from daptinmail.queue.caps import OutgoingCaps
from daptinmail.queue.rules import OutboxRules
from daptinmail.queue.runner import Queue
from daptinmail.queue.standing import Standings
from daptinmail.queue.suppression import SuppressionRules, Suppressions
from daptinmail.services.control import Control, LiveConfiguration
from daptinmail.services.datadir import DataDirectory
from daptinmail.services.edges import Edges
from daptinmail.services.listeners import Listeners
from daptinmail.services.live import CurrentLive, wants_client_certificates
from daptinmail.services.logins import Logins, make_logins
from daptinmail.services.quickstart import Ports, Quickstart
from daptinmail.services.screening import make_screening
from daptinmail.services.sockets import BoundSockets
from daptinmail.services.textindex import TextIndexing, make_text_index
from daptinmail.services.upkeep import Upkeep
from daptinmail.settings import Boot, Live, OutboundSettings
from daptinmail.smtp.client_connect import TcpConnect
from daptinmail.smtp.transfer import Transfer
from daptinmail.store.messagestore import MessageStore
from daptinmail.store.rules import MailBoxRules, MailRules
from daptinmail.store.spool import Spool

log = Logger()

THREADS = 8


@frozen
class Ground:
    """What everything stands on."""

    boot: Boot
    reactor: Any
    clock: SystemClock
    identifiers: RandomIdentifiers
    blocking: WarmThreads
    storage: Storage
    events: EventLog
    configuration: Configuration
    live: CurrentLive

    async def stop(self) -> None:
        """Let the last writes reach the disk, then end the threads."""
        await self.storage.stop()
        self.blocking.stop()


@frozen
class Domain:
    """Who exists, where messages live, what certifies us."""

    logins: Logins
    store: MessageStore
    texts: TextIndexing
    spool: Spool
    keyring: Keyring
    contexts: TlsContexts
    certificates: Certificates
    setup_code: str = field(repr=False)


@frozen
class Mail:
    """The roles that move messages."""

    resolver: Resolver
    dkim_keys: DkimKeys
    queue: Queue
    msa: Msa
    reception: Reception


@define(eq=False)
class Parts:
    """The assembled application; ``site`` serves HTTP."""

    ground: Ground
    domain: Domain
    mail: Mail
    listeners: Listeners
    control: Control
    quickstart: Quickstart
    upkeep: Upkeep
    site: IProtocolFactory

    def start(self) -> None:
        """Start the threads."""
        self.ground.storage.start()

    async def open(self, quickstart: str | None, ports: Ports | None, http: tuple[str, ...]) -> None:
        """Everything that needs the reactor: certificates, quickstart, listeners, the queue."""
        await self.ground.blocking.run(self.domain.spool.clear)
        await self.ground.blocking.run(self.domain.store.clear)
        await self.domain.contexts.reload()
        await self.control.reconcile()
        if quickstart is not None:
            await self.quickstart.run(quickstart, ports, http)
        elif not await self.domain.logins.users.has_administrator():
            log.info(
                "no administrator yet: sign up, sign in, become one from this machine or with the set-up code {code}",
                code=self.domain.setup_code,
            )
        await self.mail.queue.start()
        await self.domain.texts.open()
        self.domain.store.start(self.ground.reactor)
        self.upkeep.start()

    async def stop(self) -> None:
        """Listeners and sessions first, then the queue, then storage."""
        self.upkeep.stop()
        await self.listeners.stop()
        await self.listeners.drain(self.ground.reactor)
        await self.mail.queue.stop()
        await self.domain.store.stop()
        await self.domain.texts.stop()
        await self.ground.stop()


def start_on(boot: Boot, reactor: Any, sockets: BoundSockets) -> tuple[DataDirectory, Parts]:
    """Take the data directory and start everything on it that needs no reactor. Blocking.

    Raises:
        ConfigurationError: the directory or the database cannot be used; neither is held then.
    """
    directory = DataDirectory.open(boot)
    try:
        parts = assemble(boot, reactor, sockets)
    except BaseException:
        directory.unmake()
        raise
    parts.start()
    return directory, parts


def assemble(boot: Boot, reactor: Any, sockets: BoundSockets) -> Parts:
    """Open the database and build everything on it. Blocking; starts nothing.

    Raises:
        ConfigurationError: the database cannot be used, or is newer than the code.
    """
    ground = _ground(boot, reactor)
    domain = _domain(ground)
    mail = _mail(ground, domain)
    edges = Edges(
        reactor,
        mail.reception,
        domain.store,
        domain.spool,
        domain.logins.portal,
        ground.blocking,
        ground.identifiers,
        domain.contexts,
    )
    listeners = Listeners(reactor, sockets, edges)
    domain.logins.revocations.followers.append(listeners)
    control = Control(boot, ground.live, ground.storage, ground.events, domain.contexts, ground.blocking, listeners)
    configuration = LiveConfiguration(ground.configuration, ground.live, mail.queue.wake)
    records = Records(ground.storage, ground.clock, ground.identifiers, _rules(ground, domain, mail))
    api = Api(
        records=records,
        users=domain.logins.users,
        configuration=configuration,
        control=control,
        certificates=domain.certificates,
        queue=mail.queue,
        store=domain.store,
        events=ground.events,
        directory=domain.logins.directory,
        sending=_sending(ground, domain, mail),
        repeats=Repeats(ground.storage, ground.identifiers),
        domains=Domains(domain.logins.directory, mail.dkim_keys, mail.resolver, lambda: ground.live.value),
        dkim_keys=mail.dkim_keys,
        clock=ground.clock,
        identifiers=ground.identifiers,
    )
    quickstart = Quickstart(boot, domain.logins.users, records, configuration, control, ground.blocking, print_line)
    upkeep = Upkeep(reactor, ground.live, domain.contexts, mail.dkim_keys)
    return Parts(ground, domain, mail, listeners, control, quickstart, upkeep, make_site(api.resource(), reactor))


def _ground(boot: Boot, reactor: Any) -> Ground:
    engine = open_engine(boot.database_url)
    try:
        migrate(engine)
    except BaseException:
        engine.dispose()
        raise
    clock = SystemClock()
    blocking = WarmThreads(reactor, THREADS, "blocking")
    storage = Storage(engine, clock, reactor, blocking, journal=boot.data_dir / "journal")
    for directory in (boot.mail_dir, boot.spool_dir, boot.queue_dir):
        directory.mkdir(mode=0o700, exist_ok=True)
    return Ground(
        boot=boot,
        reactor=reactor,
        clock=clock,
        identifiers=RandomIdentifiers(clock),
        blocking=blocking,
        storage=storage,
        events=EventLog(storage, clock),
        configuration=Configuration(storage, clock),
        live=CurrentLive(storage, socket.gethostname()),
    )


def _domain(ground: Ground) -> Domain:
    keyring = Keyring(ground.storage, ground.clock, ground.identifiers, ground.blocking, ground.configuration)
    contexts = TlsContexts(keyring, ground.blocking, lambda: wants_client_certificates(ground.live.value))
    setup_code = secrets.token_urlsafe(12)
    logins = make_logins(
        storage=ground.storage,
        clock=ground.clock,
        identifiers=ground.identifiers,
        blocking=ground.blocking,
        configuration=ground.configuration,
        events=ground.events,
        live=ground.live,
        setup_code=setup_code,
    )
    texts = make_text_index(ground.boot, ground.reactor, ground.storage, ground.blocking)
    store = MessageStore(
        ground.storage,
        ground.boot.mail_dir,
        ground.clock,
        ground.identifiers,
        ground.events,
        ground.blocking,
        index=texts.index,
    )
    texts.keep(store)
    return Domain(
        logins=logins,
        store=store,
        texts=texts,
        spool=Spool(ground.boot.spool_dir, ground.blocking),
        keyring=keyring,
        contexts=contexts,
        certificates=Certificates(keyring, contexts),
        setup_code=setup_code,
    )


def _mail(ground: Ground, domain: Domain) -> Mail:
    def live() -> Live:
        return ground.live.value

    def outbound() -> OutboundSettings:
        return ground.live.value.outbound

    routing = Routing(ground.storage, ground.configuration, ground.clock)
    mda = Mda(routing, domain.store)
    contents = ContentReader(ground.blocking, domain.spool)
    resolver = Resolver.of_system(ground.reactor, ground.boot.resolver)
    transfer = Transfer(resolver, TcpConnect(ground.reactor), ground.reactor, ground.blocking, outbound)
    queue: Queue
    returns = Returns(routing, mda, lambda: queue, ground.events, ground.identifiers)
    queue = Queue(
        storage=ground.storage,
        clock=ground.clock,
        timers=ground.reactor,
        transfer=transfer,
        returns=returns,
        events=ground.events,
        identifiers=ground.identifiers,
        queue_dir=ground.boot.queue_dir,
        live=live,
    )
    screening = make_screening(ground.reactor, resolver, ground.blocking, ground.clock, lambda: ground.live.value)
    dkim_keys = DkimKeys(domain.certificates, domain.logins.directory, resolver, ground.events, live)
    forwarding = Forwarding(routing, Sealer(dkim_keys, ground.blocking, ground.clock), queue)
    confirming = Confirming(mda, returns)
    mta = Mta(mda, ground.storage, ground.events, contents, ground.clock, screening, forwarding, confirming)
    msa = Msa(
        domain.logins.directory,
        mda,
        domain.store,
        queue,
        ground.storage,
        ground.events,
        Signer(dkim_keys, ground.blocking, ground.clock),
        contents,
        ground.clock,
        Suppressions(ground.storage, live),
        OutgoingCaps(ground.storage, ground.clock, live),
        confirming,
    )
    return Mail(resolver, dkim_keys, queue, msa, Reception(mta, msa))


def _sending(ground: Ground, domain: Domain, mail: Mail) -> Sending:
    return Sending(
        msa=mail.msa,
        standings=Standings(ground.storage, mail.queue),
        events=ground.events,
        spool=domain.spool,
        blocking=ground.blocking,
        clock=ground.clock,
        live=lambda: ground.live.value,
    )


def _rules(ground: Ground, domain: Domain, mail: Mail) -> dict[str, IRecordRules]:
    """What each type of the API does beyond holding columns."""
    return {
        "user_account": UserAccountRules(domain.logins.passwords, ground.identifiers),
        "usergroup": UsergroupRules(),
        "mail_server": MailServerRules(domain.contexts),
        "mail_account": MailAccountRules(
            domain.logins.passwords, domain.store, domain.certificates, domain.logins.revocations
        ),
        "mail_app_password": AppPasswordRules(domain.logins.app_passwords, domain.logins.revocations),
        "mail_alias": AliasRules(domain.certificates),
        "mail_box": MailBoxRules(domain.store),
        "mail": MailRules(domain.store, ground.blocking),
        "suppression": SuppressionRules(),
        "outbox": OutboxRules(ground.boot.queue_dir, ground.blocking, mail.queue.wake),
        "certificate": CertificateRules(domain.keyring, domain.contexts),
    }


def print_line(line: str) -> None:
    """Show the operator a line on the terminal, and only there: it may hold a password, which no log may."""
    print(line, file=sys.__stdout__, flush=True)
