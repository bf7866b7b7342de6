"""THREAD REFERENCES beside a slow reading of RFC 5256 §3."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from attrs import define, field
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.imap.thread_forest import format_forest
from daptinmail.imap.thread_references import Threadable, by_references


@define(eq=False)
class Node:
    """A container of the reference: a message or a dummy."""

    number: int | None
    message: Threadable | None
    parent: Node | None = None
    children: list[Node] = field(factory=list)

    def is_below(self, other: Node) -> bool:
        """True if ``other`` is this node or an ancestor of it."""
        return self is other or (self.parent is not None and self.parent.is_below(other))

    def adopt(self, child: Node) -> None:
        """Become the parent, unless that makes a loop."""
        if not self.is_below(child):
            child.parent = self
            self.children.append(child)

    def leave(self) -> None:
        """Have no parent."""
        if self.parent is not None:
            self.parent.children.remove(self)
            self.parent = None

    @property
    def shown(self) -> Node:
        """Itself, or the first child of a dummy."""
        return self if self.message is not None else self.children[0]

    @property
    def order(self) -> tuple[int, int]:
        """What siblings are sorted by."""
        shown = self.shown
        assert shown.message is not None
        return shown.message.sent, shown.number or 0

    @property
    def subject(self) -> str:
        """The thread subject."""
        assert self.shown.message is not None
        return self.shown.message.subject

    @property
    def reply(self) -> bool:
        """True for a reply that is no dummy."""
        return self.message is not None and self.message.reply


def _linked(messages: Sequence[Threadable]) -> list[Node]:
    """Steps 1 and 2."""
    nodes = [Node(number, message) for number, message in enumerate(messages)]
    table: dict[bytes, Node] = {}
    every = list(nodes)
    for node, message in zip(nodes, messages, strict=True):
        if message.message_id:
            table.setdefault(message.message_id, node)

    def find(reference: bytes) -> Node:
        if reference not in table:
            table[reference] = Node(None, None)
            every.append(table[reference])
        return table[reference]

    for node, message in zip(nodes, messages, strict=True):
        chain = [find(reference) for reference in message.references]
        for parent, child in pairwise(chain):
            if child.parent is None:
                parent.adopt(child)
        node.leave()
        if chain:
            chain[-1].adopt(node)
    return [node for node in every if node.parent is None]


def _pruned(nodes: Sequence[Node], root: bool) -> list[Node]:
    """Step 3."""
    kept: list[Node] = []
    for node in nodes:
        node.children = _pruned(node.children, root=False)
        if node.message is not None or (root and len(node.children) > 1):
            kept.append(node)
        else:
            kept += node.children
    return kept


def _merged(roots: list[Node]) -> list[Node]:
    """Step 5."""
    table: dict[str, Node] = {}
    for root in roots:
        if root.subject:
            other = table.setdefault(root.subject, root)
            if other.message is not None and (root.message is None or (other.reply and not root.reply)):
                table[root.subject] = root
    result = list(roots)
    for root in roots:
        if not root.subject or table[root.subject] is root:
            continue
        other = table[root.subject]
        result.remove(root)
        if other.message is None:
            other.children += root.children if root.message is None else [root]
        elif root.reply and not other.reply:
            other.children.append(root)
        else:
            dummy = Node(None, None, children=[root, other])
            result[result.index(other)] = dummy
            table[root.subject] = dummy
    return result


def _sorted(nodes: list[Node]) -> list[Node]:
    """Step 6."""
    for node in nodes:
        node.children = _sorted(node.children)
    return sorted(nodes, key=lambda node: node.order)


def _written(node: Node) -> str:
    own = "" if node.number is None else str(node.number + 1)
    if not node.children:
        return own
    if len(node.children) == 1:
        return f"{own} {_written(node.children[0])}".strip()
    return f"{own} {''.join(f'({_written(child)})' for child in node.children)}".strip()


def reference(messages: Sequence[Threadable]) -> str:
    """All six steps."""
    roots = _pruned(_linked(messages), root=True)
    for root in roots:
        if root.message is None:
            root.children.sort(key=lambda node: node.order)
    roots.sort(key=lambda node: node.order)
    return "".join(f"({_written(root)})" for root in _sorted(_merged(roots)))


def threads(messages: Sequence[Threadable]) -> str:
    """What the server says."""
    return format_forest(by_references(messages), range(1, len(messages) + 1)).decode()


def message(own: str, references: str = "", sent: int = 0, subject: str = "", reply: bool = False) -> Threadable:
    """One message."""
    return Threadable(own.encode(), references.encode().split(), sent, subject, reply)


IDS = st.sampled_from([b"", *(b"%c" % letter for letter in b"abcdefgh")])
MESSAGES = st.lists(
    st.builds(
        Threadable,
        message_id=IDS,
        references=st.lists(IDS.filter(bool), max_size=5),
        sent=st.integers(0, 5),
        subject=st.sampled_from(["", "X", "Y", "Z"]),
        reply=st.booleans(),
    ),
    max_size=12,
)


class ReferencesTests(SynchronousTestCase):
    """Threads by hand, and beside the reference."""

    @settings(max_examples=400, deadline=None)
    @given(MESSAGES)
    def test_as_the_reference(self, messages: list[Threadable]) -> None:
        """Whatever mail says of itself, the threads are those of a plain reading of the RFC."""
        self.assertEqual(threads(messages), reference(messages))

    def test_chain(self) -> None:
        """Answers stand below what they answer."""
        mail = [message("a"), message("b", "a", 1), message("c", "a b", 2)]
        self.assertEqual(threads(mail), "(1 2 3)")

    def test_siblings(self) -> None:
        """Two answers to one message are siblings, the earlier one first."""
        mail = [message("a"), message("b", "a", 2), message("c", "a", 1)]
        self.assertEqual(threads(mail), "(1 (3)(2))")

    def test_absent_parent(self) -> None:
        """Answers to a message that is not there keep together; a single one stands alone."""
        self.assertEqual(threads([message("b", "a"), message("c", "a")]), "((1)(2))")
        self.assertEqual(threads([message("b", "a")]), "(1)")

    def test_loop(self) -> None:
        """Messages that claim to answer each other end nowhere."""
        self.assertEqual(threads([message("a", "b"), message("b", "a", 1)]), "(2 1)")
        self.assertEqual(threads([message("a", "a")]), "(1)")

    def test_same_id(self) -> None:
        """Of two messages with one id the first is answered."""
        self.assertEqual(threads([message("a"), message("a", "", 1), message("b", "a", 2)]), "(1 3)(2)")

    def test_truncated_references(self) -> None:
        """What a message says of its own parent overrides what others say of it."""
        mail = [message("c", "a b"), message("b", "x", 1), message("x", "", 2)]
        self.assertEqual(threads(mail), "(3 2 1)")

    def test_same_subject(self) -> None:
        """An answer without references is found by its subject; two beginnings with one subject are siblings."""
        mail = [message("a", "", 0, "X"), message("b", "", 1, "X", reply=True)]
        self.assertEqual(threads(mail), "(1 2)")
        self.assertEqual(threads([message("a", "", 0, "X"), message("b", "", 1, "X")]), "((1)(2))")
        self.assertEqual(threads([message("a"), message("b", "", 1)]), "(1)(2)")

    def test_order(self) -> None:
        """Threads stand by their first message's date; what was sent at one moment stands as in the mailbox."""
        self.assertEqual(threads([message("a", "", 2), message("b", "", 1), message("c", "", 2)]), "(2)(1)(3)")

    def test_long_chain(self) -> None:
        """A thread of many thousand messages needs no stack, in whichever order they came."""
        chain = [message(f"m{number}", f"m{number - 1}", number) for number in range(20000)]
        chain[0] = message("m0")
        self.assertEqual(threads(chain), f"({' '.join(map(str, range(1, 20001)))})")
        self.assertEqual(threads(chain[::-1]), f"({' '.join(map(str, range(20000, 0, -1)))})")

    def test_deep_and_hostile(self) -> None:
        """Mail made to cost much time in the search of loops costs a bounded time, and every message is shown."""
        chain = [message(f"m{number}", f"m{number - 1}") for number in range(200)]
        leaves = [message(f"leaf{number}", f"top{number}") for number in range(100)]
        tops = [message(f"top{number}", "m199") for number in range(100)]
        forest = by_references([*chain, *leaves, *tops], loop_steps=1000)
        said = format_forest(forest, range(1, 401)).decode()
        numbers = said.replace("(", " ").replace(")", " ").split()
        self.assertEqual(sorted(map(int, numbers)), list(range(1, 401)))
