"""``twistd -n daptinmail import`` and ``export``: messages of other programs, and for them."""

from pathlib import Path

from attrs import define

from daptinmail.services.build import Parts
from daptinmail.services.offline import Say, accounts
from daptinmail.store.exporting import Export, Exported
from daptinmail.store.importing import Import, Imported

STEP = 1000
"""Messages after which progress is shown."""


@define(eq=False)
class ImportWork:
    """Takes an mbox file or a Maildir into one account; ends with 1 if something was passed over."""

    username: str
    mailbox: str
    path: Path

    async def __call__(self, parts: Parts, say: Say) -> bool:
        """Run."""
        [(account_id, _)] = await accounts(parts, self.username)
        told = 0

        def progress(mailbox: str, done: Imported) -> None:
            nonlocal told
            if done.messages >= told + STEP:
                told = done.messages
                say(f"{mailbox}: {_amount(done.messages, done.octets)}")

        ground = parts.ground
        work = Import(parts.domain.store, ground.blocking, ground.identifiers, account_id, progress)
        is_directory = await ground.blocking.run(self.path.is_dir)
        await (work.maildir if is_directory else work.mbox)(self.path, self.mailbox)
        for what in work.done.skipped:
            say(f"passed over {what}")
        say(f"done: {_amount(work.done.messages, work.done.octets)}, {len(work.done.skipped)} passed over")
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
        told = 0

        def progress(mailbox: str, done: Exported) -> None:
            nonlocal told
            if done.messages >= told + STEP:
                told = done.messages
                say(f"{mailbox}: {_amount(done.messages, done.octets)}")

        work = Export(parts.domain.store, parts.ground.blocking, account_id, self.path, progress)
        names = None if self.mailbox is None else [self.mailbox]
        await (work.mbox if self.form == "mbox" else work.maildir)(names)
        say(f"done: {_amount(work.done.messages, work.done.octets)}")
        return True


def _amount(messages: int, octets: int) -> str:
    return f"{messages} messages, {octets / 1_000_000:.1f} MB"
