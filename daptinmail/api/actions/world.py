"""Restart (compat 0.6): here it does what it says."""

from twisted.logger import Logger

from daptinmail.api.actions.entries import Entry, failures, notify, redirect
from daptinmail.api.actions.invocation import Domain, Invocation

log = Logger()


async def restart(domain: Domain, call: Invocation) -> list[Entry]:
    """Apply everything that is configured, in this process. Listeners that fail are told after the usual answer."""
    log.info("restart asked for by {who}", who=call.viewer.email)
    reports = await domain.control.reconcile()
    return [notify("Initiating system update."), redirect("/", 5000), *failures(reports)]
