"""Many connections at once, each in a thread."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def at_once(work: Callable[[int], T], count: int, threads: int | None = None) -> list[T]:
    """``work(0)`` to ``work(count - 1)``, ``threads`` of them at a time; the first failure is raised."""
    with ThreadPoolExecutor(threads or count) as pool:
        return list(pool.map(work, range(count)))
