"""``twistd -n daptinmail import`` and ``export``: messages of other programs, and for them."""

from pathlib import Path

from attrs import define, field

from daptinmail.services.build import Parts
from daptinmail.services.offline import Say, accounts
from daptinmail.store.exporting import Export, Exported
from daptinmail.store.importing import Import, Imported

STEP = 1000
"""Messages after which progress is shown."""


def amount(done: Imported | Exported) -> str:
    """How much that is."""
    return f"{done.messages} messages, {done.octets / 1_000_000:.1f} MB"


@define(eq=False)
class Progress:
    """Shows how far it is, every ``STEP`` messages."""

    say: Say
    _told: int = field(default=0, init=False)

    def __call__(self, mailbox: str, done: Imported | Exported) -> None:
        """So much is done, lately in ``mailbox``."""
        if done.messages >= self._told + STEP:
            self._told = done.messages
            self.say(f"{mailbox}: {amount(done)}")


@define(eq=False)
class ImportWork:
    """Takes an mbox file or a Maildir into one account; ends with 1 if something was passed over."""

    username: str
    mailbox: str
    path: Path

    async def __call__(self, parts: Parts, say: Say) -> bool:
        """Run."""
        [(account_id, _)] = await accounts(parts, self.username)
        ground = parts.ground
        work = Import(parts.domain.store, ground.blocking, ground.identifiers, account_id, Progress(say))
        is_directory = await ground.blocking.run(self.path.is_dir)
        await (work.maildir if is_directory else work.mbox)(self.path, self.mailbox)
        for what in work.done.skipped:
            say(f"passed over {what}")
        say(f"done: {amount(work.done)}, {len(work.done.skipped)} passed over")
        return not work.done.skipped


@define(eq=False)
class ExportWork:
    """Writes one account's messages below ``path``. ``form`` is ``mbox`` or ``maildir``."""

    username: str
    mailbox: str | None
    form: str
    path: Path

    async def __call__(self, parts: Parts, say: Say) -> bool:
        """Run."""
        [(account_id, _)] = await accounts(parts, self.username)
        work = Export(parts.domain.store, parts.ground.blocking, account_id, self.path, Progress(say))
        names = None if self.mailbox is None else [self.mailbox]
        await (work.mbox if self.form == "mbox" else work.maildir)(names)
        say(f"done: {amount(work.done)}")
        return True
