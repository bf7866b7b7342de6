"""What the file system does on machines that differ."""

import os
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from daptinmail.db.disk import FileSystem


class CopyTests(SynchronousTestCase):
    """Copies by the kernel, and without it."""

    def setUp(self) -> None:
        self.source = Path(self.mktemp())
        self.source.write_bytes(b"octets" * 1000)

    def test_by_the_kernel(self) -> None:
        """A file is appended to another."""
        target = Path(self.mktemp())
        with target.open("wb") as file:
            file.write(b"first ")
            file.flush()
            self.assertEqual(FileSystem().copy(self.source, file.fileno()), 6000)
        self.assertEqual(target.read_bytes(), b"first " + b"octets" * 1000)

    def test_without_the_kernel(self) -> None:
        """Where the kernel does not copy, as to a pipe or between file systems, the octets go by hand."""
        reading, writing = os.pipe()
        try:
            self.assertEqual(FileSystem().copy(self.source, writing), 6000)
            self.assertEqual(os.read(reading, 10_000), b"octets" * 1000)
        finally:
            os.close(reading)
            os.close(writing)

    def test_other_errors(self) -> None:
        """Any other error is one: a copy to a descriptor that cannot be written says so."""
        reading = os.open(self.source, os.O_RDONLY)
        self.addCleanup(os.close, reading)
        self.assertRaises(OSError, FileSystem().copy, self.source, reading)
