"""What sessions on one mailbox must be told, worked out without the server: for ``test_model``."""

from attrs import define, evolve, field, frozen

SYSTEM = ("\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft")
Flags = frozenset[str]


def flags_text(flags: Flags, recent: bool = False) -> str:
    """System flags in their order, keywords by name."""
    ordered = [flag for flag in SYSTEM if flag in flags] + sorted(flags - set(SYSTEM))
    return "FLAGS (" + " ".join([*ordered, *["\\Recent"] * recent]) + ")"


def set_text(numbers: list[int]) -> str:
    """``1:3,5``."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(f"{low}" if low == high else f"{low}:{high}" for low, high in runs)


@frozen
class Post:
    """A message: its flags, and the modseq since when it has them."""

    flags: Flags
    modseq: int


@define(eq=False)
class World:
    """The mailbox as it is. Modseqs are numbered by the store; ``number`` puts them in."""

    posts: dict[int, Post] = field(factory=dict)
    uidnext: int = 1
    first_recent: int = 1
    highest: int = 0
    _fresh: set[int] = field(factory=set)

    def add(self, flags: Flags = frozenset()) -> int:
        """A message comes."""
        uid = self.uidnext
        self.posts[uid] = Post(flags, 0)
        self._fresh.add(uid)
        self.uidnext += 1
        return uid

    def store(self, uids: list[int], sign: str, flags: Flags) -> None:
        """Flags change."""
        for uid in uids:
            before = self.posts[uid].flags
            after = before | flags if sign == "+" else before - flags if sign == "-" else flags
            if after != before:
                self.posts[uid] = Post(after, 0)
                self._fresh.add(uid)

    def remove(self, uids: list[int]) -> None:
        """Messages go."""
        for uid in uids:
            del self.posts[uid]

    def number(self, modseqs: dict[int, int], highest: int) -> None:
        """The store's numbers: new ones where something changed, above all before; the old ones elsewhere."""
        assert modseqs.keys() == self.posts.keys(), (modseqs, self.posts)
        for uid, post in self.posts.items():
            if uid in self._fresh:
                assert self.highest < modseqs[uid] <= highest, (uid, modseqs, self.highest)
                self.posts[uid] = evolve(post, modseq=modseqs[uid])
            else:
                assert post.modseq == modseqs[uid], (uid, post, modseqs)
        assert highest >= self.highest
        self.highest = highest
        self._fresh.clear()


@define(eq=False)
class Seat:
    """What one session has been told. ``kind``: rev1, rev2, condstore, qresync or uidonly."""

    world: World
    kind: str
    read_only: bool = False
    view: dict[int, Post] = field(factory=dict)
    keywords: set[str] = field(factory=set)
    recent_from: int = 1
    arrived: bool = False

    @property
    def aware(self) -> bool:
        """It keeps modseqs."""
        return self.kind in {"condstore", "qresync"}

    # Opening and leaving

    def select(self, read_only: bool) -> list[str]:
        """What SELECT tells of the messages."""
        world = self.world
        self.read_only, self.view, self.arrived = read_only, dict(world.posts), False
        self.keywords = {flag for post in world.posts.values() for flag in post.flags} - set(SYSTEM)
        self.recent_from = world.uidnext if self.kind == "rev2" else world.first_recent
        if not read_only and self.kind != "rev2":
            world.first_recent = world.uidnext
        if self.kind == "rev2":
            self.recent_from = 1 << 32
        return [f"{len(self.view)} EXISTS", *self._recent()]

    def leave(self) -> None:
        """Messages announced are recent to nobody later."""
        if self.arrived and not self.read_only and self.kind != "rev2":
            self.world.first_recent = self.world.uidnext

    # Lines

    def _recent(self) -> list[str]:
        return [] if self.kind == "rev2" else [f"{sum(uid >= self.recent_from for uid in self.view)} RECENT"]

    def number(self, uid: int) -> int:
        """The sequence number."""
        return sorted(self.view).index(uid) + 1

    def line(self, uid: int, items: list[str]) -> str:
        """A FETCH response."""
        text = " ".join(items)
        return f"{uid} UIDFETCH ({text})" if self.kind == "uidonly" else f"{self.number(uid)} FETCH ({text})"

    def flags_of(self, uid: int) -> str:
        """``FLAGS (...)`` as told."""
        return flags_text(self.view[uid].flags, uid >= self.recent_from)

    def news_of(self, uid: int, with_uid: bool = True, flags: bool = True) -> str:
        """FETCH of what became of a message."""
        items = [f"UID {uid}"] if self.kind != "uidonly" and (with_uid or self.aware) else []
        items += [self.flags_of(uid)] if flags else []
        items += [f"MODSEQ ({self.view[uid].modseq})"] if self.aware else []
        return self.line(uid, items)

    def keyword_lines(self, uids: list[int]) -> list[str]:
        """FLAGS when there is a new keyword."""
        new = {flag for uid in uids for flag in self.view[uid].flags} - set(SYSTEM) - self.keywords
        self.keywords |= new
        return [flags_text(frozenset({*SYSTEM, *self.keywords}))] if new else []

    # What commands tell

    def gone(self) -> list[int]:
        """Expunged, and not told yet."""
        return sorted(set(self.view) - set(self.world.posts))

    def news(self, may_expunge: bool) -> list[str]:
        """Everything that happened."""
        lines: list[str] = []
        newest = max(self.view, default=0)
        came = [uid for uid in sorted(self.world.posts) if uid > newest]
        if came:
            self.view |= {uid: self.world.posts[uid] for uid in came}
            self.arrived = True
            lines += [*self.keyword_lines(came), f"{len(self.view)} EXISTS", *self._recent()]
        changed = []
        for uid in sorted(self.view):
            known, post = self.view[uid], self.world.posts.get(uid)
            if post is not None and post.modseq != known.modseq:
                self.view[uid] = post
                if self.aware or post.flags != known.flags:
                    changed.append(uid)
        lines += self.keyword_lines(changed) + [self.news_of(uid) for uid in changed]
        return lines + (self.expunges() if may_expunge else [])

    def expunges(self) -> list[str]:
        """EXPUNGE or VANISHED."""
        gone = self.gone()
        lines = [f"{self.number(uid)} EXPUNGE" for uid in reversed(gone)]
        for uid in gone:
            del self.view[uid]
        if gone and self.kind in {"qresync", "uidonly"}:
            return [f"VANISHED {set_text(gone)}"]
        return lines

    def fetch(self, uids: list[int], by_uid: bool, since: int | None = None) -> list[str]:
        """FETCH (FLAGS), from what has been told."""
        lines = []
        for uid in uids:
            if since is None or self.view[uid].modseq > since:
                items = [f"UID {uid}"] if by_uid and self.kind != "uidonly" else []
                items += [self.flags_of(uid)]
                items += [f"MODSEQ ({self.view[uid].modseq})"] if since is not None else []
                lines.append(self.line(uid, items))
        return lines

    def stored(
        self, uids: list[int], sign: str, flags: Flags, silent: bool, by_uid: bool, conditional: bool
    ) -> list[str]:
        """What STORE answers for messages that are changed in ``world`` by now."""
        plain, bare = [], []
        for uid in uids:
            known, post = self.view[uid], self.world.posts[uid]
            expected = known.flags | flags if sign == "+" else known.flags - flags if sign == "-" else flags
            self.view[uid] = post
            if not silent or expected != post.flags:
                plain.append(uid)
            elif self.aware and (conditional or post.modseq != known.modseq):
                bare.append(uid)
        lines = self.keyword_lines(uids)
        lines += [self.news_of(uid, with_uid=by_uid) for uid in plain]
        return lines + [self.news_of(uid, flags=False) for uid in bare]
