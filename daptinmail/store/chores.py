"""What the store does by itself: names follow flags, images are packed, folders listened to are watched, and so on."""

from attrs import define, field
from twisted.internet.interfaces import IReactorTime

from daptinmail.errors import NotFound, Unavailable
from daptinmail.interfaces.runtime import IBlocking
from daptinmail.store.images import Images
from daptinmail.store.listeners import Listeners
from daptinmail.store.pruning import Pruning
from daptinmail.store.renaming import Renaming
from daptinmail.store.rounds import Rounds
from daptinmail.store.scan import Scan
from daptinmail.store.watch import Watch

LOOK = 3.0
"""Seconds between two looks at the folders of mailboxes that somebody listens to."""

PRUNE = 12 * 3600.0
"""Seconds between two rounds of forgetting old expunges."""

FIRST_PRUNE = 600.0


@define(eq=False)
class Chores:
    """Between ``start`` and ``stop``."""

    renaming: Renaming
    images: Images
    pruning: Pruning
    scan: Scan
    watch: Watch
    listeners: Listeners
    blocking: IBlocking
    _rounds: tuple[Rounds, ...] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._rounds = (
            Rounds("looking at folders", self.look, LOOK, LOOK),
            Rounds("forgetting old expunges", self.pruning.run, PRUNE, FIRST_PRUNE),
        )

    def start(self, timers: IReactorTime) -> None:
        """Begin."""
        self.renaming.start(timers)
        self.images.start(timers)
        for rounds in self._rounds:
            rounds.start(timers)

    async def stop(self) -> None:
        """End, after what is due, within a bound; before storage stops."""
        for rounds in self._rounds:
            await rounds.stop()
        await self.renaming.stop()
        await self.images.stop()

    async def look(self) -> None:
        """See whether other programs changed folders that somebody listens to, who then hears of it."""
        listened = self.listeners.mailboxes()
        if not listened:
            return
        for mailbox_id in await self.blocking.run(self.watch.changed_among, listened):
            try:
                await self.scan.run(mailbox_id)
            except (NotFound, Unavailable):
                continue
