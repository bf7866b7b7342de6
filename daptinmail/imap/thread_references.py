"""THREAD REFERENCES, step by step as RFC 5256 §3 has them. Runs in a pool thread; nothing recurses."""

from collections.abc import Callable, Sequence

from attrs import define, field, frozen

from daptinmail.imap.thread_forest import Forest
from daptinmail.imap.thread_merge import merge_by_subject

LOOP_STEPS = 20_000_000
"""Steps to ancestors that one threading may take in search of loops. Only mail made for it needs more: then links
that cannot be proved harmless are not made."""

NO_PARENT = -1


@frozen
class Threadable:
    """What threading knows of a message: ids without angle brackets, when it was sent, its base subject."""

    message_id: bytes
    references: Sequence[bytes]
    sent: int
    subject: str
    reply: bool


def by_references(messages: Sequence[Threadable], loop_steps: int = LOOP_STEPS) -> Forest:
    """Messages in mailbox order -> their threads."""
    links = Links(len(messages), loop_steps)
    for number, message in enumerate(messages):
        links.name(number, message.message_id)
    for number, message in enumerate(messages):
        links.refer(number, message.references)
    forest = prune(links)
    sent = SentOrder(forest, messages)
    sent.sort_roots()
    merge_by_subject(forest, messages)
    sent.sort_all()
    return forest


@define(eq=False)
class Links:
    """Step 1: who is whose parent. Nodes from ``messages`` on are dummies, ids that no message has."""

    messages: int
    _steps: int
    parents: list[int] = field(init=False)
    children: list[dict[int, None]] = field(init=False)  # in the order of linking
    _nodes: dict[bytes, int] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        self.parents = [NO_PARENT] * self.messages
        self.children = [{} for _ in range(self.messages)]

    def name(self, node: int, message_id: bytes) -> None:
        """A message has an id; of several with the same one, the first has it."""
        if message_id:
            self._nodes.setdefault(message_id, node)

    def refer(self, node: int, references: Sequence[bytes]) -> None:
        """Steps 1.A and 1.B for one message."""
        previous = NO_PARENT
        for reference in references:
            current = self._node(reference)
            if previous != NO_PARENT and self.parents[current] == NO_PARENT:
                self._link(previous, current)
            previous = current
        if self.parents[node] != previous:
            self._unlink(node)
            if previous != NO_PARENT:
                self._link(previous, node)

    def _node(self, message_id: bytes) -> int:
        node = self._nodes.get(message_id)
        if node is None:
            node = self._nodes[message_id] = len(self.parents)
            self.parents.append(NO_PARENT)
            self.children.append({})
        return node

    def _unlink(self, child: int) -> None:
        parent, self.parents[child] = self.parents[child], NO_PARENT
        if parent != NO_PARENT:
            del self.children[parent][child]

    def _link(self, parent: int, child: int) -> None:
        if not self._loops(parent, child):
            self.parents[child] = parent
            self.children[parent][child] = None

    def _loops(self, parent: int, child: int) -> bool:
        """True if ``child`` is an ancestor of ``parent``, or is it."""
        if parent == child:
            return True
        if not self.children[child]:
            return False
        parents, node, steps = self.parents, parent, self._steps
        while node != NO_PARENT and node != child and steps:  # noqa: PLR1714 - the innermost loop
            node = parents[node]
            steps -= 1
        self._steps = steps
        return node != NO_PARENT


def prune(links: Links) -> Forest:
    """Steps 2 and 3: dummies give way to their children, but keep several of them together under the root."""
    kept: list[list[int]] = [[] for _ in links.parents]
    for node in _children_first([node for node, parent in enumerate(links.parents) if parent == NO_PARENT], links):
        kept[node] = _spliced(links.children[node], kept, links.messages)
    roots: list[int] = []
    for node, parent in enumerate(links.parents):
        if parent == NO_PARENT:
            stays = node < links.messages or len(kept[node]) > 1
            roots += [node] if stays else kept[node]
    return Forest(links.messages, roots, kept)


def _spliced(children: dict[int, None], kept: list[list[int]], messages: int) -> list[int]:
    spliced: list[int] = []
    for child in children:
        if child < messages:
            spliced.append(child)
        else:
            spliced += kept[child]
    return spliced


def _children_first(roots: Sequence[int], links: Links) -> list[int]:
    """All nodes, each after its descendants."""
    order = list(roots)
    for node in order:  # it grows while it is read
        order.extend(links.children[node])
    order.reverse()
    return order


@define(eq=False)
class SentOrder:
    """Steps 4 and 6: siblings by sent date, then as they stand in the mailbox; a dummy counts as its first child."""

    forest: Forest
    messages: Sequence[Threadable]

    def sort_roots(self) -> None:
        """Step 4."""
        forest = self.forest
        key = self._key()
        for root in forest.roots:
            if forest.is_dummy(root):
                forest.children[root].sort(key=key)
        forest.roots.sort(key=key)

    def sort_all(self) -> None:
        """Step 6."""
        forest, key = self.forest, self._key()
        for siblings in forest.children:
            if len(siblings) > 1:
                siblings.sort(key=key)
        forest.roots.sort(key=key)

    def _key(self) -> Callable[[int], tuple[int, int]]:
        forest, messages = self.forest, self.messages

        def key(node: int) -> tuple[int, int]:
            first = forest.children[node][0] if forest.is_dummy(node) else node
            return messages[first].sent, first

        return key
