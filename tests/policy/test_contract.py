"""The real screening and the one in memory keep the same promises."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.dkim.verifier import Verifier
from daptinmail.policy.screening import Screening
from tests.contracts.screening import ScreeningContract
from tests.support.resolver import MemoryResolver
from tests.support.runtime import SteadyClock, SynchronousBlocking
from tests.support.screening import FixedScreening


class ScreeningTests(ScreeningContract, SynchronousTestCase):
    """``Screening``."""

    def setUp(self) -> None:
        """Over a DNS that knows nothing."""
        verifier = Verifier(SynchronousBlocking(), SteadyClock())
        self.screening = Screening(MemoryResolver(), verifier, Clock(), dict, tuple, lambda: 0.5)


class FixedScreeningTests(ScreeningContract, SynchronousTestCase):
    """``FixedScreening``."""

    def setUp(self) -> None:
        """As tests of the MTA use it."""
        self.screening = FixedScreening(ids=("mx.example.com",))
