"""Mailbox names and directories: reversible, apart, and never outside the tree."""

from pathlib import Path

from hypothesis import assume, given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.errors import Invalid
from daptinmail.mail.address import Address
from daptinmail.store.names import (
    MAX_DIRECTORY,
    account_directory,
    directory_name,
    in_order,
    name_of_directory,
    normal_name,
    parents,
)

ROOT = Path("/mail")
texts = st.text(max_size=60)
parts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=64)


class NameTests(SynchronousTestCase):
    """Names as users and disks see them."""

    def test_examples(self) -> None:
        """Other Maildir++ tools understand the directories (RFC 3501 §5.1.3)."""
        for name, directory in {
            "INBOX": "",
            "Sent": ".Sent",
            "Work/2026": ".Work.2026",
            "INBOX/below": ".INBOX.below",
            "Entwürfe": ".Entw&APw-rfe",
            "日本語": ".&ZeVnLIqe-",
            "R&D": ".R&-D",
            "a.b": ".a&AC4-b",
            "😀": ".&2D3eAA-",
        }.items():
            self.assertEqual(directory_name(name), directory)
            self.assertEqual(name_of_directory(directory), name)

    def test_directories_that_are_no_names(self) -> None:
        """A directory that we would write in another way is left alone."""
        for directory in (".a..b", ".", "..", ".&AGE-", ".&x", ".&ZZ-", ".a\x00", ".Inbox", ".&2AA-"):
            self.assertIsNone(name_of_directory(directory))

    @given(texts)
    def test_reversible_and_inside(self, text: str) -> None:
        """Whatever a client calls a mailbox, its directory is inside the account's and leads back to the name."""
        try:
            name = normal_name(text)
        except Invalid:
            return
        directory = directory_name(name)
        self.assertEqual(normal_name(name), name)
        self.assertEqual(name_of_directory(directory), name)
        self.assertLessEqual(len(directory.encode()), MAX_DIRECTORY)
        self.assertTrue(directory.isascii())
        self.assertNotIn("/", directory)
        self.assertNotIn(directory, {".", ".."})

    @given(texts, texts)
    def test_apart(self, one: str, other: str) -> None:
        """Two names never share a directory."""
        try:
            one, other = normal_name(one), normal_name(other)
        except Invalid:
            return
        assume(one != other)
        self.assertNotEqual(directory_name(one), directory_name(other))

    @given(parts, parts)
    def test_accounts_inside(self, local: str, domain: str) -> None:
        """Whatever an address is, its directory is two levels below the root (path traversal)."""
        directory = account_directory(Address(local, domain))
        path = Path(ROOT, directory)
        self.assertEqual(Path(*path.parts[:2]), ROOT)
        self.assertEqual(len(path.parts), 4)
        for part in directory.split("/"):
            self.assertTrue(part)
            self.assertFalse(part.startswith("."))
            self.assertLessEqual(len(part.encode()), MAX_DIRECTORY)
            self.assertTrue(part.isascii() and part.isprintable())

    @given(st.text("abcAB./%\x00ä\\", min_size=1, max_size=8), st.text("abcAB./%\x00ä\\", min_size=1, max_size=8))
    def test_accounts_apart(self, one: str, other: str) -> None:
        """Two addresses never share a directory, unless they differ in case only."""
        assume(one.lower() != other.lower())
        directories = {account_directory(Address(local, "example.test")) for local in (one, other)}
        self.assertEqual(len(directories), 2)

    def test_domain_in_both_forms(self) -> None:
        """A domain as U-label and as A-label is one domain."""
        self.assertEqual(
            account_directory(Address("a", "bücher.example")), account_directory(Address("A", "xn--bcher-kva.example"))
        )

    def test_parents_and_order(self) -> None:
        """Parents come outermost first; INBOX sorts first."""
        self.assertEqual(parents("a/b/c"), ["a", "a/b"])
        self.assertEqual(sorted(["b", "INBOX", "A"], key=in_order), ["INBOX", "A", "b"])
