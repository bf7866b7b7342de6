"""Searches whose results are kept up to date: RETURN (UPDATE) and CANCELUPDATE (RFC 5267 §4.3)."""

from collections.abc import Iterable, Sequence
from contextlib import suppress

from attrs import define, field

from daptinmail.errors import DaptinmailError, Malformed, NotFound
from daptinmail.imap.answers import Answer, Declined, no, ok
from daptinmail.imap.context_order import InMailbox, Order
from daptinmail.imap.context_program import frozen_program, looks_at_others
from daptinmail.imap.cursor import Cursor
from daptinmail.imap.esearch import esearch
from daptinmail.imap.fetch import fetch, uid_fetch
from daptinmail.imap.limits import CONTEXTS
from daptinmail.imap.search_run import Found, known, program_on
from daptinmail.imap.search_values import Return, Search, SearchKey
from daptinmail.imap.selected import SelectedMailbox
from daptinmail.imap.sequences import format_numbers, parse_sequence_set
from daptinmail.imap.session import Session
from daptinmail.imap.values import Fetch, FetchItem
from daptinmail.interfaces.messages import Change


@define(eq=False)
class Context:
    """One search that is kept up to date. ``order`` holds its results; ``correlators`` go with its tag.

    ``items`` are told of messages that come after ``newest``, the last UID that has been looked at (RFC 5465 §7).
    """

    tag: bytes
    uid: bool
    program: SearchKey
    order: Order
    items: tuple[FetchItem, ...]
    newest: int
    correlators: bytes = b""

    @classmethod
    def of(cls, found: Found, arguments: Search, order: Order | None, uid: bool) -> "Context":
        """What was just found; without ``order`` in that of the mailbox.

        Sequence numbers and ``$`` mean from now on the messages that they mean now (RFC 5267 §4.3).
        """
        program = frozen_program(arguments.program, found.view, found.session.saved)
        results = order or InMailbox(found.universe.uids_of(found.messages))
        fetched = arguments.wanted.fetch if arguments.wanted else ()
        return cls(found.session.tag, uid, program, results, fetched, found.view.uids[-1] if found.view.uids else 0)

    async def follow(self, session: Session, view: SelectedMailbox, changed: Sequence[int]) -> list[bytes]:
        """Look at the messages that changed or came, and at those that are gone; what to tell."""
        program = program_on(session, view)
        universe = program.universe
        if (changed or view.gone) and looks_at_others(self.program):
            among = known(view, universe)
            candidates: Iterable[int] = universe.uids
        else:
            among, candidates = universe.of_uids(changed) & known(view, universe), changed
        matched = set(universe.uids_of(await program.run(self.program, among)))
        removed = [uid for uid in candidates if uid not in matched and uid in self.order]
        removed += [uid for uid in sorted(view.gone) if uid in self.order]
        data = self.order.remove(sorted(set(removed)), self._name(view))
        added = sorted(uid for uid in matched if uid not in self.order)
        await self._fetch(session, view, [uid for uid in added if uid > self.newest])
        self.newest = max(self.newest, view.uids[-1] if view.uids else 0)
        data += await self.order.add(session, view, added, self._name(view)) if added else []
        return [esearch(self.tag, self.uid, [item], self.correlators) for item in data]

    async def _fetch(self, session: Session, view: SelectedMailbox, uids: Sequence[int]) -> None:
        """Tell of messages that came."""
        if not self.items or not uids:
            return
        names = parse_sequence_set(format_numbers(map(self._name(view), uids)))
        with suppress(Declined, NotFound):  # what could not be told of a message is not asked again
            await (uid_fetch if self.uid else fetch)(session, Fetch(names, self.items))

    def _name(self, view: SelectedMailbox) -> "Name":
        return Name(view, self.uid)


@define(eq=False)
class Name:
    """What the client calls messages: by UID, or by number."""

    view: SelectedMailbox
    uid: bool

    def __call__(self, uid: int) -> int:
        """The name of one message."""
        return uid if self.uid else (self.view.index_of(uid) or 0) + 1


@define(eq=False)
class Contexts:
    """All that a session keeps up to date in its selected mailbox."""

    session: Session
    kept: dict[bytes, Context] = field(factory=dict)

    async def tell(self, changes: Sequence[Change]) -> None:
        """Something happened, or may have: after EXISTS and FETCH, before EXPUNGE (RFC 5267 §4.3.3, §4.3.4)."""
        view = self.session.selected
        changed = [change.uid for change in changes]
        if not changed and not view.gone:
            return
        for context in list(self.kept.values()):
            try:
                lines = await context.follow(self.session, view, changed)
            except DaptinmailError:
                del self.kept[context.tag]
                self.session.untagged(_no_update(context.tag))
            else:
                self.session.untagged(*lines)
                await self.session.writer.drain()


def _no_update(tag: bytes) -> bytes:
    return b'NO [NOUPDATE "%b"] These results are not kept up to date' % tag


def contexts_of(session: Session) -> Contexts | None:
    """What the session keeps up to date."""
    return session.updates if isinstance(session.updates, Contexts) else None


def check_tag(session: Session, wanted: Return | None) -> None:
    """Raises ``Malformed`` if the tag names results already (RFC 5267 §4.3)."""
    contexts = contexts_of(session)
    if wanted is not None and wanted.update and contexts is not None and session.tag in contexts.kept:
        raise Malformed("That tag names results that are kept up to date")


def keep_context(session: Session, context: Context) -> None:
    """From now on tell of changes to these results, unless there are too many (RFC 5267 §4.3.1)."""
    contexts = contexts_of(session)
    if contexts is None:
        contexts = session.updates = Contexts(session)
    if len(contexts.kept) >= CONTEXTS:
        session.untagged(_no_update(context.tag))
    else:
        contexts.kept[context.tag] = context


def tags(cursor: Cursor) -> list[bytes]:
    """Arguments of CANCELUPDATE: quoted tags."""
    named: list[bytes] = []
    while cursor.skip(b" ") and not cursor.at_end():
        named.append(cursor.string())
    cursor.end()
    if not named:
        raise Malformed("Expected a tag in quotes")
    return named


async def cancel_update(session: Session, named: list[bytes]) -> Answer:
    """CANCELUPDATE (RFC 5267 §4.3.5)."""
    contexts = contexts_of(session)
    known_tags = contexts.kept if contexts is not None else {}
    unknown = [tag for tag in named if tag not in known_tags]
    for tag in named:
        known_tags.pop(tag, None)
    if unknown:
        raise no(b"No results are kept up to date under such a tag")
    return ok(b"No further updates")
