"""``twistd -n daptinmail reindex``: gives rows to message files that have none; the text index is made anew."""

from daptinmail.services.build import Parts
from daptinmail.services.offline import Say, accounts


async def reindex(parts: Parts, say: Say) -> bool:
    """Over every account, showing progress."""
    found = await accounts(parts)
    for number, (identifier, username) in enumerate(found, 1):
        name = f"{number}/{len(found)} {username}"

        def progress(done: int, total: int, name: str = name) -> None:
            say(f"{name}: {done}/{total} mailboxes")

        say(f"{name}: {await parts.domain.store.reindex(identifier, progress)} messages found")
    await parts.domain.texts.discard()
    return True
