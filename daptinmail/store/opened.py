"""One message file opened for reading."""

import os
from pathlib import Path

from attrs import define

from daptinmail.interfaces.messages import Opened


@define(eq=False)
class OpenFile:
    """A descriptor that is closed once. Any thread, one at a time."""

    descriptor: int | None
    size: int

    def read(self, offset: int, size: int) -> bytes:
        """Up to ``size`` octets from ``offset``; fewer only at the end. Blocking."""
        if self.descriptor is None:
            raise ValueError("the message is closed")
        pieces, size = [], min(size, self.size - offset)  # os.read allocates what it is asked for
        while size > 0:
            piece = os.pread(self.descriptor, size, offset)
            if not piece:
                break
            pieces.append(piece)
            offset, size = offset + len(piece), size - len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def close(self) -> None:
        """Give the descriptor back."""
        if self.descriptor is not None:
            descriptor, self.descriptor = self.descriptor, None
            os.close(descriptor)

    def __del__(self) -> None:
        self.close()


def open_file(path: Path | str) -> Opened:
    """Open a message file. Blocking; raises ``FileNotFoundError``. Symbolic links are not followed."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    file = OpenFile(descriptor, os.fstat(descriptor).st_size)
    return Opened(file.size, file.read, file.close)
