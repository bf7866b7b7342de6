"""Wires the checks of received mail."""

import random
from collections.abc import Callable
from typing import Any

from daptinmail.dkim.verifier import Verifier
from daptinmail.interfaces.runtime import IBlocking, IClock
from daptinmail.interfaces.transfer import IResolver
from daptinmail.policy.screening import Screening
from daptinmail.settings import Live


def make_screening(
    reactor: Any, resolver: IResolver, blocking: IBlocking, clock: IClock, live: Callable[[], Live]
) -> Screening:
    """A screening by the configuration in force."""
    return Screening(
        resolver=resolver,
        verifier=Verifier(blocking, clock),
        timers=reactor,
        config=lambda: live().config,
        hostnames=lambda: tuple(server.hostname for server in live().servers),
        sample=random.SystemRandom().random,
    )
