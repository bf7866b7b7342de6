"""``twistd -n daptinmail verify``: says how rows and message files differ."""

from attrs import define

from daptinmail.services.build import Parts
from daptinmail.services.offline import Say, accounts
from daptinmail.store.verify import Finding, Progress, Verify


@define(eq=False)
class VerifyWork:
    """Over every account, or one; ends with 1 if something differs."""

    username: str | None
    deep: bool

    async def __call__(self, parts: Parts, say: Say) -> bool:
        """Run."""
        found = await accounts(parts, self.username)
        differences = 0
        for number, (identifier, username) in enumerate(found, 1):
            name = f"{number}/{len(found)} {username}"

            def report(finding: Finding, name: str = name) -> None:
                nonlocal differences
                differences += 1
                say(f"{name}: {finding}")

            def progress(done: Progress, name: str = name) -> None:
                say(f"{name}: {done.mailboxes}/{done.of} mailboxes, {done.messages} messages")

            ground, tree = parts.ground, parts.domain.store.parts.messages.tree
            await Verify(ground.storage, ground.blocking, tree, report, progress, self.deep).account(identifier)
        say(f"done: {differences} differences")
        return differences == 0
