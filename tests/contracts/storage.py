"""What every provider of ``IStorage`` promises. The mixin gives the tests; a test case gives the provider."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from daptinmail.db.schema import config, mail_server
from daptinmail.errors import AlreadyExists, Unavailable
from daptinmail.interfaces.storage import Content, FileNames, IStorage, ITransaction
from tests.support.runtime import START

if TYPE_CHECKING:
    Mixin = SynchronousTestCase
else:
    Mixin = object

Work = Callable[[ITransaction], Any]


def put(name: str, value: str = "v") -> Work:
    """Work that writes one row."""

    def work(transaction: ITransaction) -> str:
        transaction.connection.execute(config.insert().values(name=name, value=value, created_at=transaction.now))
        return name

    return work


def small(octets: bytes = b"Subject: hello\r\n\r\n") -> Content:
    """A content in memory."""
    return Content(body_size=len(octets), body=octets)


def placing(content: Content, target: Path) -> Work:
    """Work that writes one file."""
    return lambda transaction: transaction.place(content, target)


class StorageContract(Mixin):
    """The promises. A provider's case sets these up in ``setUp``."""

    storage: IStorage
    directory: Path

    def settled(self, waiting: Any) -> Any:
        """The result of a Deferred, or its ``Failure``."""
        raise NotImplementedError

    def write(self, work: Work) -> Any:
        """The result of a write, or its ``Failure``."""
        return self.settled(self.storage.write(work))

    def names(self) -> list[str]:
        """The rows that a reader sees."""
        result: list[str] = self.settled(
            self.storage.read(lambda connection: list(connection.scalars(sa.select(config.c.name).order_by("name"))))
        )
        return result

    def files(self) -> list[str]:
        """Everything on disk below the directory."""
        return sorted(str(path.relative_to(self.directory)) for path in self.directory.rglob("*"))

    def assert_failed(self, result: Any, kind: type[BaseException]) -> None:
        """The write failed with this error."""
        self.assertIsInstance(result, Failure)
        self.assertIsInstance(result.value, kind)

    def test_interface(self) -> None:
        """The provider has all that the interface says."""
        verifyObject(IStorage, self.storage)

        def work(transaction: ITransaction) -> bool:
            return bool(verifyObject(ITransaction, transaction))

        self.assertIs(self.write(work), True)

    def test_written_rows_are_read(self) -> None:
        """What a write reported done is seen by the next read."""
        self.assertEqual(self.write(put("a")), "a")
        self.assertEqual(self.names(), ["a"])

    def test_time_of_a_unit(self) -> None:
        """``now`` is the clock's time, and reads back equal."""
        self.write(put("a"))
        stored = self.settled(self.storage.read(lambda connection: connection.scalar(sa.select(config.c.created_at))))
        self.assertEqual(stored, START)

    def test_a_failed_unit_leaves_nothing(self) -> None:
        """An error in the work comes to the waiter; no row and no file of the unit remains."""

        def work(transaction: ITransaction) -> None:
            put("a")(transaction)
            transaction.make_directory(self.directory / "fresh" / "deep")
            transaction.place(small(), self.directory / "fresh" / "m")
            transaction.link(self.directory / "fresh" / "m", self.directory / "fresh" / "n")
            raise AlreadyExists("no")

        self.assert_failed(self.write(work), AlreadyExists)
        self.assertEqual((self.names(), self.files()), ([], []))

    def test_place(self) -> None:
        """Content arrives octet by octet with its prefix in front; only the owner may read it."""
        self.write(lambda t: t.place(small(b"body\r\n").with_prefix(b"Trace: 1\r\n"), self.directory / "m"))
        self.assertEqual((self.directory / "m").read_bytes(), b"Trace: 1\r\nbody\r\n")
        self.assertEqual((self.directory / "m").stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.files(), ["m"])

    def test_place_spooled(self) -> None:
        """Spooled content is the same as content in memory, and its spool file can go afterwards."""
        spool = self.directory / "spool"
        for prefix in (b"", b"Trace: 1\r\n"):
            spool.write_bytes(b"x" * 3_000_000)
            content = Content(body_size=3_000_000, path=spool, prefix=prefix)
            target = self.directory / f"m{len(prefix)}"
            self.write(placing(content, target))
            spool.unlink()
            self.assertEqual(target.read_bytes(), prefix + b"x" * 3_000_000)

    def test_place_never_replaces(self) -> None:
        """A name that is taken, even by a symbolic link, is left as it is."""
        (self.directory / "m").symlink_to("elsewhere")
        self.assert_failed(self.write(lambda t: t.place(small(), self.directory / "m")), Unavailable)
        self.assertEqual(self.files(), ["m"])

    def test_place_in_a_maildir(self) -> None:
        """Content for ``cur`` comes by way of ``tmp``, which is empty afterwards."""

        def work(transaction: ITransaction) -> None:
            for name in ("cur", "new", "tmp"):
                transaction.make_directory(self.directory / name)
            transaction.place(small(), self.directory / "cur" / "m")

        self.write(work)
        self.assertEqual(self.files(), ["cur", "cur/m", "new", "tmp"])

    def test_link_of_a_placed_file(self) -> None:
        """One content can be delivered to several places in one unit, as one file."""

        def work(transaction: ITransaction) -> None:
            transaction.place(small(), self.directory / "m")
            transaction.link(self.directory / "m", self.directory / "n")

        self.write(work)
        self.assertTrue((self.directory / "m").samefile(self.directory / "n"))
        self.write(lambda t: t.link(self.directory / "n", self.directory / "o"))
        self.assertEqual(self.files(), ["m", "n", "o"])

    def test_rename(self) -> None:
        """Files and directories are renamed, also ones placed just before; a failed unit renames them back."""

        def work(transaction: ITransaction) -> None:
            transaction.make_directory(self.directory / "a")
            transaction.place(small(), self.directory / "a" / "m")
            transaction.rename(self.directory / "a" / "m", self.directory / "a" / "m2")
            transaction.rename(self.directory / "a", self.directory / "b")
            transaction.rename(self.directory / "b" / "m2", self.directory / "b" / "m3")

        self.write(work)
        self.assertEqual(self.files(), ["b", "b/m3"])

        def failing(transaction: ITransaction) -> None:
            transaction.rename(self.directory / "b" / "m3", self.directory / "b" / "m4")
            transaction.rename(self.directory / "b", self.directory / "c")
            transaction.place(small(), self.directory / "c" / "n")
            raise AlreadyExists

        self.assert_failed(self.write(failing), AlreadyExists)
        self.assertEqual(self.files(), ["b", "b/m3"])

    def test_rename_never_replaces(self) -> None:
        """Renaming onto an existing name fails and both stay."""
        for name in "ab":
            (self.directory / name).write_text(name)
        self.assert_failed(self.write(lambda t: t.rename(self.directory / "a", self.directory / "b")), Unavailable)
        self.assertEqual((self.directory / "b").read_text(), "b")

    def many(self, *pairs: tuple[str, str]) -> FileNames:
        """Names for files of the directory ``a`` in the directory ``b``."""
        return FileNames(self.directory / "a", self.directory / "b", pairs)

    def two_directories(self) -> None:
        """``a`` with two files, and ``b`` without."""
        for name in "ab":
            (self.directory / name).mkdir()
        for name in ("m", "n"):
            (self.directory / "a" / name).write_text(name)

    def test_many_links(self) -> None:
        """Many files get second names at once; which of them are not there is told. A failed unit leaves none."""
        self.two_directories()
        some = self.many(("m", "m2"), ("gone", "gone2"), ("n", "n2"))

        def failing(transaction: ITransaction) -> None:
            transaction.link_all(some)
            raise AlreadyExists

        self.assert_failed(self.write(failing), AlreadyExists)
        self.assertEqual(self.files(), ["a", "a/m", "a/n", "b"])
        self.assertEqual(self.write(lambda t: t.link_all(some)), [1])
        self.assertEqual(self.files(), ["a", "a/m", "a/n", "b", "b/m2", "b/n2"])
        self.assertTrue((self.directory / "a" / "m").samefile(self.directory / "b" / "m2"))

    def test_many_renames(self) -> None:
        """Many files are renamed at once, in the same way."""
        self.two_directories()
        some = self.many(("gone", "gone2"), ("m", "m2"), ("n", "n2"))

        def failing(transaction: ITransaction) -> None:
            transaction.rename_all(some)
            raise AlreadyExists

        self.assert_failed(self.write(failing), AlreadyExists)
        self.assertEqual(self.files(), ["a", "a/m", "a/n", "b"])
        self.assertEqual(self.write(lambda t: t.rename_all(some)), [0])
        self.assertEqual(self.files(), ["a", "b", "b/m2", "b/n2"])

    def test_many_placed_just_before(self) -> None:
        """Files that the same unit placed are among them."""
        self.two_directories()

        def work(transaction: ITransaction) -> list[list[int]]:
            transaction.place(small(), self.directory / "a" / "o")
            linked = transaction.link_all(self.many(("gone", "gone1"), ("m", "m1"), ("o", "o1")))
            return [linked, transaction.rename_all(self.many(("gone", "gone2"), ("m", "m2"), ("o", "o2")))]

        self.assertEqual(self.write(work), [[0], [0]])
        self.assertEqual(self.files(), ["a", "a/n", "b", "b/m1", "b/m2", "b/o1", "b/o2"])

    def test_many_never_replace(self) -> None:
        """If one of the names is taken nothing is renamed, and nothing linked."""
        self.two_directories()
        (self.directory / "b" / "n").write_text("other")
        self.assert_failed(self.write(lambda t: t.rename_all(self.many(("m", "m"), ("n", "n")))), Unavailable)
        self.assert_failed(self.write(lambda t: t.link_all(self.many(("m", "m"), ("n", "n")))), Unavailable)
        self.assertEqual(self.files(), ["a", "a/m", "a/n", "b", "b/n"])
        self.assertEqual((self.directory / "b" / "n").read_text(), "other")

    def test_many_in_no_directory(self) -> None:
        """Without the directory nothing is done."""
        self.two_directories()
        nowhere = FileNames(self.directory / "a", self.directory / "nowhere", [("m", "m")])
        self.assert_failed(self.write(lambda t: t.rename_all(nowhere)), Unavailable)
        self.assertEqual(self.files(), ["a", "a/m", "a/n", "b"])

    def test_remove_later(self) -> None:
        """Files are there until the waiter is told, and gone when the next unit begins."""
        self.two_directories()

        def work(transaction: ITransaction) -> bool:
            transaction.remove_later(self.directory / "a", ["m", "gone", "n"])
            return (self.directory / "a" / "m").exists()

        self.assertIs(self.write(work), True)
        self.assertEqual(self.write(lambda transaction: self.files()), ["a", "b"])

    def test_remove(self) -> None:
        """Files and empty directories go after the commit, missing ones too; a failed unit removes nothing."""
        (self.directory / "d").mkdir()
        (self.directory / "d" / "m").write_text("x")

        def failing(transaction: ITransaction) -> None:
            transaction.remove(self.directory / "d" / "m")
            raise AlreadyExists

        def work(transaction: ITransaction) -> bool:
            transaction.remove(self.directory / "d" / "m")
            transaction.remove(self.directory / "d")
            transaction.remove(self.directory / "nothing")
            return (self.directory / "d" / "m").exists()

        self.write(failing)
        self.assertEqual(self.files(), ["d", "d/m"])
        self.assertIs(self.write(work), True)
        self.assertEqual(self.files(), [])

    def test_after_commit(self) -> None:
        """Callbacks come in order, after the commit, before the waiter; one that fails hurts nobody."""
        seen: list[Any] = []

        def work(transaction: ITransaction) -> str:
            put("a")(transaction)
            transaction.after_commit(lambda: seen.append("first"))
            transaction.after_commit(lambda: seen.append(1 / 0))
            transaction.after_commit(lambda: seen.append("second"))
            return "result"

        waiting = self.storage.write(work)
        assert isinstance(waiting, Deferred)
        self.settled(waiting.addCallback(seen.append))
        self.assertEqual(seen, ["first", "second", "result"])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_failed_units_call_nobody_back(self) -> None:
        """No listener hears of what did not happen."""
        seen: list[str] = []

        def work(transaction: ITransaction) -> None:
            transaction.after_commit(lambda: seen.append("called"))
            raise AlreadyExists

        self.write(work)
        self.assertEqual(seen, [])

    def test_foreign_keys_hold(self) -> None:
        """The database refuses a reference to a row that does not exist."""
        statement = mail_server.insert().values(
            hostname="a.test", reference_id=UUID(int=1), created_at=START, user_account_id=99
        )
        self.assert_failed(self.write(lambda t: t.connection.execute(statement)), sa.exc.IntegrityError)

    def test_a_full_disk_is_unavailable(self) -> None:
        """What the disk does wrong is a temporary failure, and its cause stays in the log."""

        def work(transaction: ITransaction) -> None:
            put("a")(transaction)
            raise OSError(28, "No space left on device", "/secret/place")

        result = self.write(work)
        self.assert_failed(result, Unavailable)
        self.assertNotIn("secret", str(result.value))
        self.assertEqual(self.names(), [])
