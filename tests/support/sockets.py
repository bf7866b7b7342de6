"""Listening sockets that are never opened."""

from typing import Any

from attrs import define, field

from daptinmail.settings import Interface


class FakeSocket:
    """A bound socket."""

    family = 2

    def fileno(self) -> int:
        """No real descriptor."""
        return -1

    def close(self) -> None:
        """Nothing to close."""

    def __enter__(self) -> "FakeSocket":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@define
class FakeBind:
    """Binds everything but what is ``taken``."""

    taken: set[int] = field(factory=set)

    def __call__(self, interface: Interface) -> Any:
        """A socket, or the operating system's complaint."""
        if interface.port in self.taken:
            raise OSError(98, "Address already in use")
        return FakeSocket()
