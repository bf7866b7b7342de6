"""Hold, release, try now, drop: one row of the queue, or all that waits for a destination."""

from daptinmail.api.actions.entries import Entry, notify
from daptinmail.api.actions.invocation import Domain, Invocation, Unacceptable
from daptinmail.interfaces.transfer import Command, QueueCommand
from daptinmail.settings import is_true

DONE = {
    Command.HOLD: "held",
    Command.RELEASE: "released",
    Command.RETRY: "to be tried now",
    Command.DROP: "dropped",
}


async def hold(domain: Domain, call: Invocation) -> list[Entry]:
    """Nothing is tried until it is released."""
    return await _command(domain, call, Command.HOLD)


async def release(domain: Domain, call: Invocation) -> list[Entry]:
    """What was held is tried again, at once; the time that it was held does not count."""
    return await _command(domain, call, Command.RELEASE)


async def retry(domain: Domain, call: Invocation) -> list[Entry]:
    """What waits for its next try is tried at once, also where a destination rests."""
    return await _command(domain, call, Command.RETRY)


async def drop(domain: Domain, call: Invocation) -> list[Entry]:
    """It is not tried any more; with ``notify`` the sender is told."""
    return await _command(domain, call, Command.DROP)


async def _command(domain: Domain, call: Invocation, command: Command) -> list[Entry]:
    reference, host = call.reference("outbox_id"), call.text("to_host").strip()
    if (reference is None) == (not host):
        raise Unacceptable("no reference id", "outbox_id or to_host, one of both")
    wanted = call.attributes.get("notify")
    tells = wanted if isinstance(wanted, bool) else is_true(call.text("notify"))
    asked = QueueCommand(command, reference, host, tells)
    count = await domain.queue.command(asked, call.viewer)
    recipients = "1 recipient is" if count == 1 else f"{count} recipients are"
    return [notify(f"{recipients} {DONE[command]}")]
