"""A keyring over rows in memory whose new keys are all the shared one."""

from daptinmail.certificates.keyring import Keyring
from daptinmail.db.configuration import Configuration
from tests.support.certificates import shared_key
from tests.support.runtime import CountingIdentifiers, SteadyClock, SynchronousBlocking
from tests.support.storage import MemoryStorage


def memory_keyring(storage: MemoryStorage, clock: SteadyClock) -> Keyring:
    """One over the rows of ``storage``."""
    return Keyring(
        storage=storage,
        clock=clock,
        identifiers=CountingIdentifiers(),
        blocking=SynchronousBlocking(),
        configuration=Configuration(storage, clock),
        new_key=shared_key,
    )
