"""Threads as a forest, and how THREAD writes it (RFC 5256 §4)."""

from collections.abc import Sequence

from attrs import define


@define
class Forest:
    """Nodes by number, those from ``messages`` on being dummies: what several siblings had as parent.

    ``children[node]`` are in order, and so are ``roots``.
    """

    messages: int
    roots: list[int]
    children: list[list[int]]

    def is_dummy(self, node: int) -> bool:
        """True if no message stands behind the node."""
        return node >= self.messages


def format_forest(forest: Forest, numbers: Sequence[int]) -> bytes:
    """``(2)(3 6 (4 23)(44 7 96))``: ``numbers[node]`` is what the message of a node is called.

    Without recursion: chains are as long as people answer each other.
    """
    pieces: list[str] = []
    waiting: list[int | None] = list(reversed(forest.roots))  # None: a list ends
    while waiting:
        node = waiting.pop()
        if node is None:
            pieces.append(")")
            continue
        pieces.append("(")
        waiting.append(None)
        if not forest.is_dummy(node):
            pieces.append(str(numbers[node]))
        children = forest.children[node]
        while len(children) == 1:
            node = children[0]
            pieces.append(f" {numbers[node]}" if pieces[-1] != "(" else str(numbers[node]))
            children = forest.children[node]
        if children:
            if pieces[-1] != "(":
                pieces.append(" ")
            waiting.extend(reversed(children))
    return "".join(pieces).encode("ascii")
