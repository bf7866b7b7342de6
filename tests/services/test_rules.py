"""The rules of every type keep what ``IRecordRules`` promises."""

from pathlib import Path

from daptinmail.accounts.rules import MailAccountRules, MailServerRules, UserAccountRules, UsergroupRules
from daptinmail.certificates.rules import CertificateRules
from daptinmail.db.rules import Plain
from daptinmail.queue.rules import OutboxRules
from daptinmail.store.rules import MailBoxRules, MailRules
from tests.contracts import rules as contract
from tests.support.accounts import cheap_passwords
from tests.support.certificates import MemorySigningKeys, MemoryTlsContexts
from tests.support.keyring import memory_keyring
from tests.support.memory_store import MemoryMessageStore
from tests.support.runtime import CountingIdentifiers, SteadyClock, SynchronousBlocking
from tests.support.storage import MemoryStorage
from tests.support.stored import Stored


class PlainTests(contract.RecordRulesContract):
    """A type that only holds columns."""

    rules = Plain()


class UserAccountRulesTests(contract.RecordRulesContract):
    """Users."""

    def setUp(self) -> None:
        self.rules = UserAccountRules(cheap_passwords(), CountingIdentifiers())


class UsergroupRulesTests(contract.RecordRulesContract):
    """Groups."""

    rules = UsergroupRules()


class MailServerRulesTests(contract.RecordRulesContract):
    """Servers."""

    def setUp(self) -> None:
        self.rules = MailServerRules(MemoryTlsContexts())


class MailAccountRulesTests(contract.RecordRulesContract):
    """Accounts."""

    def setUp(self) -> None:
        store = MemoryMessageStore(SteadyClock(), CountingIdentifiers())
        self.rules = MailAccountRules(cheap_passwords(), store, MemorySigningKeys())


class MailBoxRulesTests(contract.RecordRulesContract):
    """Mailboxes."""

    def setUp(self) -> None:
        self.rules = MailBoxRules(Stored.in_memory().store)


class MailRulesTests(contract.RecordRulesContract):
    """Messages."""

    def setUp(self) -> None:
        self.rules = MailRules(Stored.in_memory().store, SynchronousBlocking())


class OutboxRulesTests(contract.RecordRulesContract):
    """The queue's rows."""

    def setUp(self) -> None:
        self.rules = OutboxRules(Path("unused"), SynchronousBlocking(), lambda: None)


class CertificateRulesTests(contract.RecordRulesContract):
    """Certificates."""

    def setUp(self) -> None:
        clock = SteadyClock()
        self.rules = CertificateRules(memory_keyring(MemoryStorage(clock), clock), MemoryTlsContexts())
