"""Who may log in, and with what: wires everything that knows passwords, tokens and certificates."""

from attrs import field, frozen
from twisted.cred.portal import Portal

from daptinmail.accounts.app_passwords import AppPasswords
from daptinmail.accounts.attempts import Attempts
from daptinmail.accounts.checker import make_portal
from daptinmail.accounts.directory import Directory
from daptinmail.accounts.passwords import Passwords
from daptinmail.accounts.proofs import Proofs
from daptinmail.accounts.revocations import Revocations
from daptinmail.accounts.secret import ServerSecret
from daptinmail.accounts.throttle import Throttle
from daptinmail.accounts.users import Users
from daptinmail.db.configuration import Configuration
from daptinmail.events.log import EventLog
from daptinmail.interfaces.runtime import IBlocking, IClock, IIdentifiers
from daptinmail.interfaces.storage import IStorage
from daptinmail.services.live import CurrentLive, authorities


@frozen
class Logins:
    """The parts that others build on. Append to ``revocations.followers`` whoever keeps sessions."""

    passwords: Passwords
    users: Users
    directory: Directory
    app_passwords: AppPasswords
    revocations: Revocations
    portal: Portal = field(repr=False)


def make_logins(
    storage: IStorage,
    clock: IClock,
    identifiers: IIdentifiers,
    blocking: IBlocking,
    configuration: Configuration,
    events: EventLog,
    live: CurrentLive,
    setup_code: str,
) -> Logins:
    """One throttle and one set of revocations for all protocols."""
    passwords, throttle, revocations = Passwords(blocking), Throttle(clock), Revocations()
    secret = ServerSecret(configuration)
    app_passwords = AppPasswords(storage, clock, secret)
    users = Users(storage, passwords, throttle, clock, identifiers, configuration, events, setup_code)
    directory = Directory(storage, passwords, throttle, clock, events, revocations, app_passwords)
    proofs = Proofs(
        storage=storage,
        attempts=Attempts(throttle, events),
        secret=secret,
        revocations=revocations,
        users=users,
        blocking=blocking,
        clock=clock,
        authorities=lambda: authorities(live.value),
        scram_iterations=passwords.scram_iterations,
    )
    return Logins(passwords, users, directory, app_passwords, revocations, make_portal(directory, proofs))
