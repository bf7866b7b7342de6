"""Other Maildir programs work on the same tree: what they do shows, and nothing is lost."""

import os
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select, text
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.db.schema import event, mail, tombstone
from daptinmail.errors import AlreadyExists, NotFound, Unavailable
from daptinmail.interfaces.messages import FlagMode, IMessageStore
from daptinmail.interfaces.storage import ITransaction
from tests.contracts.message_store_base import ARRIVAL, DELETED, FLAGGED, SEEN, Listening, StoreCase, content
from tests.support.stored import Stored

MAIL = b"From: b@example.test\r\nSubject: foreign\r\n\r\ntext\r\n"


class ForeignProgramTests(StoreCase, SynchronousTestCase):
    """A reader with a local Maildir client beside IMAP."""

    def setUp(self) -> None:
        self.begin(Stored.in_memory())

    def begin(self, stored: Stored) -> None:
        """Open an account."""
        self.stored = stored
        self.clock = self.stored.clock
        self.account = self.stored.now(lambda t: self.stored.open_account(t, "a@example.test"))
        self.root = self.stored.mail_dir / "example.test" / "a"
        self.use(self.stored.store)

    def use(self, store: IMessageStore) -> None:
        """Go on with this store."""
        self.store = store

    def restart(self) -> None:
        """A new process on the same disk."""
        self.stored.restart()
        self.use(self.stored.store)

    def place(self, name: str, octets: bytes = MAIL, folder: str = "") -> Path:
        """Put a file where a foreign program would."""
        path = self.root / folder / name
        path.write_bytes(octets)
        self.age(path.parent)
        return path

    def age(self, directory: Path) -> None:
        """Make sure that a directory's time differs: clocks of file systems are coarse."""
        now = directory.stat().st_mtime_ns
        os.utime(directory, ns=(now + 1_000_000, now + 1_000_000))

    def file(self, folder: str = "") -> Path:
        """The only message file in a folder."""
        (path,) = (self.root / folder / "cur").iterdir()
        return path

    def expunge(self, mailbox_id: int) -> None:
        """Expunge, and wait until the files are gone too."""
        self.now(self.store.expunge(mailbox_id))
        self.stored.now(lambda transaction: None)

    def rename(self, name: str) -> None:
        """Rename the only message."""
        path = self.file()
        path.rename(path.with_name(name))
        self.age(path.parent)

    def test_tree(self) -> None:
        """The tree is plain Maildir++: cur, new and tmp in each folder, files that only we can read."""
        self.add("Sent", flags=frozenset({SEEN, FLAGGED}))
        for folder in ("", ".Sent", ".Trash"):
            for place in ("cur", "new", "tmp"):
                self.assertTrue((self.root / folder / place).is_dir())
        self.assertTrue((self.root / ".Sent" / "maildirfolder").exists())
        name, size = self.file(".Sent").name, content().size
        validity = self.box("Sent").uidvalidity
        self.assertRegex(name, rf"^\d+\.M\d+P\d+Q\d+\.mail\.test,S={size},W={size},U=1,V={validity}:2,FS$")
        self.assertEqual(self.file(".Sent").stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.root.stat().st_mode & 0o777, 0o700)

    def test_new_file(self) -> None:
        """A file put into new becomes a message with a UID; who listens hears of it at the next look."""
        self.add()
        ear, inbox = Listening(), self.inbox().id
        self.assertEqual(self.uids(), [1])
        self.store.listen(inbox, ear)
        self.place("new/1234.foreign.host")
        self.assertEqual([c.uid for c in self.now(self.store.changes(inbox, self.inbox().highestmodseq)).changed], [2])
        self.assertEqual(len(ear.heard), 1)
        self.assertEqual(self.octets(2), MAIL)
        self.assertEqual(list((self.root / "new").iterdir()), [])
        self.assertEqual(self.now(self.store.status(inbox)).recent, 2)
        header = MAIL[: MAIL.index(b"text")]
        self.assertEqual(self.now(self.store.columns(inbox, [2], ("header",))), [(2, header)])

    def test_file_in_cur_with_flags(self) -> None:
        """A file in cur keeps its flags and the date of the file."""
        path = self.place("cur/55.x.host:2,RS")
        os.utime(path, (1_000_000_000, 1_000_000_000))
        self.assertEqual(self.flags(self.uids()[0]), {SEEN, rb"\Answered"})
        ((_, date),) = self.now(self.store.columns(self.inbox().id, [1], ("internal_date",)))
        self.assertEqual(date, 1_000_000_000_000)

    def test_line_ends(self) -> None:
        """A file with LF line ends is served with CRLF."""
        self.place("new/1.lf.host", MAIL.replace(b"\r\n", b"\n"))
        self.assertEqual(self.octets(self.uids()[0]), MAIL)
        self.assertEqual(self.octets(1), MAIL)
        self.assertEqual(len(list((self.root / "cur").iterdir())), 1)

    def test_odd_names(self) -> None:
        """Names in other encodings or much too long are taken too; hidden files and links are not."""
        (self.root / "new" / os.fsdecode(b"caf\xe9")).write_bytes(MAIL)
        self.place("cur/" + "x" * 200 + ":2,S")
        self.place("new/.hidden")
        (self.root / "new" / "link").symlink_to("/etc/passwd")
        self.age(self.root / "new")
        self.assertEqual(len(self.uids()), 2)
        self.assertEqual(self.uids(), [1, 2])

    def test_flags_changed_outside(self) -> None:
        """Flags that another program put into a name show; keywords stay."""
        self.add(flags=frozenset({SEEN, b"$Work"}))
        self.uids()
        before = self.inbox().highestmodseq
        self.rename(self.file().name.partition(":")[0] + ":2,F")
        self.assertEqual(self.flags(1), {FLAGGED, b"$Work"})
        self.assertGreater(self.inbox().highestmodseq, before)
        self.assertTrue(self.file().name.endswith(":2,F"))
        self.assertEqual(self.octets(1), content().read())

    def test_renamed_before_open(self) -> None:
        """A message whose file was renamed behind our back can still be opened."""
        self.add()
        self.assertEqual(self.octets(1), content().read())
        self.rename(self.file().name.partition(":")[0] + ":2,S")
        self.assertEqual(self.octets(1), content().read())

    def test_renamed_before_store_copy_move(self) -> None:
        """STORE, COPY and MOVE find a file that was renamed."""
        self.add()
        self.uids()
        inbox = self.inbox().id
        self.rename(self.file().name.partition(":")[0] + ":2,T")
        self.now(self.store.change_flags(inbox, [1], FlagMode.ADD, frozenset({SEEN})))
        self.now(self.stored.store.renaming.run())
        self.assertTrue(self.file().name.endswith(":2,ST"))
        self.assertEqual(self.flags(1), {SEEN, DELETED})
        self.rename(self.file().name.partition(":")[0] + ":2,")
        self.assertEqual(list(self.now(self.store.copy(inbox, [1], self.box("Sent").id)).targets), [1])
        self.now(self.store.move(inbox, [1], self.box("Trash").id))
        self.assertEqual(self.octets(1, "Trash"), content().read())

    def test_file_deleted_outside(self) -> None:
        """A message whose file is gone is expunged from every view, and the event log says so."""
        self.add()
        self.add()
        self.uids()
        inbox, since = self.inbox().id, self.inbox().highestmodseq
        next(path for path in (self.root / "cur").iterdir() if ",U=1," in path.name).unlink()
        self.refused(self.store.open(inbox, 1), NotFound)
        self.assertEqual(self.uids(), [2])
        self.assertEqual(list(self.now(self.store.changes(inbox, since)).expunged), [1])
        kinds = self.stored.read(lambda connection: list(connection.execute(select(event.c.kind)).scalars()))
        self.assertIn("message.vanished", kinds)

    def test_folder_of_another_program(self) -> None:
        """A mailbox created where another program made a folder shows what lies in it; nothing is renamed onto it."""
        for place in ("cur", "new", "tmp"):
            (self.root / ".Lists" / place).mkdir(parents=True)
        self.place("new/9.x.host", folder=".Lists")
        self.refused(self.store.rename(self.account, "Sent", "Lists"), AlreadyExists)
        self.now(self.store.create(self.account, "Lists"))
        self.assertEqual(self.octets(self.uids("Lists")[0], "Lists"), MAIL)
        self.assertIn("Sent", self.names())

    def test_tree_not_mounted(self) -> None:
        """If the whole folder is missing, nothing is expunged: the messages are back when the disk is."""
        self.add()
        self.restart()
        away = self.root.with_name("unmounted")
        self.root.rename(away)
        inbox = self.inbox().id
        self.refused(self.store.snapshot(inbox), Unavailable)
        self.refused(self.store.open(inbox, 1), Unavailable)
        self.refused(self.store.append(inbox, content(), frozenset(), None, ARRIVAL), Unavailable)
        away.rename(self.root)
        self.assertEqual((self.uids(), self.octets(1)), ([1], content().read()))

    def test_leftover_of_expunge(self) -> None:
        """A crash between commit and unlink must not bring an expunged message back."""
        self.add(flags=frozenset({DELETED}))
        path = self.file()
        octets = path.read_bytes()
        self.expunge(self.inbox().id)
        self.assertFalse(path.exists())
        self.place(f"cur/{path.name}", octets)
        self.restart()
        self.assertEqual(self.uids(), [])
        self.assertFalse(path.exists())

    def test_moved_between_folders_by_hand(self) -> None:
        """A file moved to another folder, whose UID was expunged there, is a new message there, not junk."""
        self.add("Sent", flags=frozenset({DELETED}))
        self.expunge(self.box("Sent").id)
        self.add("INBOX", "by hand")
        path = self.file()
        path.rename(self.root / ".Sent" / "cur" / path.name)
        self.assertEqual((self.uids("Sent"), self.uids("INBOX")), ([2], []))
        self.assertEqual(self.octets(2, "Sent"), content("by hand").read())

    def test_own_writes_are_not_scanned(self) -> None:
        """What we do ourselves costs no scan: nothing is adopted twice, modseqs stand still."""
        for _ in range(3):
            self.add()
        self.uids()
        self.now(self.store.change_flags(self.inbox().id, [1], FlagMode.ADD, frozenset({SEEN})))
        before = self.inbox()
        self.assertEqual(self.uids(), [1, 2, 3])
        self.restart()
        self.assertEqual(self.uids(), [1, 2, 3])
        self.assertEqual(self.inbox(), before)

    def test_foreign_write_before_ours(self) -> None:
        """A file that came just before our own write is found."""
        self.add()
        self.uids()
        self.place("cur/77.x.host:2,")
        self.add()
        self.assertEqual(len(self.uids()), 3)

    def test_delete_takes_the_files(self) -> None:
        """A deleted mailbox leaves nothing on disk, and its name can be used again at once."""
        self.now(self.store.create(self.account, "a.b/c"))
        self.add("a.b/c")
        self.assertTrue((self.root / ".a&AC4-b.c" / "cur").is_dir())
        self.now(self.store.delete(self.account, "a.b/c"))
        self.assertEqual([path.name for path in self.root.iterdir() if "&" in path.name], [".a&AC4-b"])
        self.assertEqual(list((self.root / "tmp").iterdir()), [])
        self.now(self.store.create(self.account, "a.b/c"))
        self.assertEqual(self.uids("a.b/c"), [])

    def test_close_account_takes_the_tree(self) -> None:
        """A closed account leaves no file."""
        self.add()
        self.add("Sent")
        self.stored.now(lambda t: self.store.close_account_in(t, self.account))
        self.assertFalse(self.root.exists())

    def test_one_content_on_disk(self) -> None:
        """A copy shares its content with the original on disk."""
        self.add()
        self.now(self.store.copy(self.inbox().id, [1], self.box("Sent").id))
        self.assertEqual(self.file().stat().st_ino, self.file(".Sent").stat().st_ino)

    def test_reindex(self) -> None:
        """Rows that were lost come back from the tree with their UIDs and flags; others are left alone."""
        for text_ in ("one", "two", "three"):
            self.add(text=text_, flags=frozenset({SEEN}))
        self.uids()
        inbox = self.inbox().id
        self.expunge(inbox)

        def lose(transaction: ITransaction) -> None:
            transaction.connection.execute(delete(mail).where(mail.c.uid > 1))
            transaction.connection.execute(text("UPDATE mail_box SET nextuid = 2 WHERE name = 'INBOX'"))

        self.stored.now(lose)
        told: list[tuple[int, int]] = []

        async def run() -> int:
            return await self.stored.store.reindex(self.account, lambda done, total: told.append((done, total)))

        self.restart()
        self.assertEqual(self.now(run()), 2)
        self.assertEqual((self.uids(), self.octets(3)), ([1, 2, 3], content("three").read()))
        self.assertEqual((self.flags(2), self.inbox().uidnext), ({SEEN}, 4))
        self.assertEqual((told[0], told[-1]), ((0, 6), (6, 6)))

    def test_rows_are_those_of_the_api(self) -> None:
        """The row tells what the API shows: addresses, trail, flags."""
        self.now(self.store.append(self.inbox().id, content("Hi"), frozenset({SEEN, b"$x"}), None, ARRIVAL))
        row = self.stored.read(lambda connection: connection.execute(select(mail)).one())
        self.assertEqual((row.subject, row.from_address, row.flags), ("Hi", "a@example.test", r"\Seen,$x"))
        self.assertEqual((row.hash, row.trail, row.return_path), (ARRIVAL.trail.hex, ARRIVAL.trail, "a@example.test"))
        self.assertEqual((row.seen, row.recent, row.deleted), (True, True, False))
        self.now(self.store.snapshot(self.inbox().id, claim_recent=True))
        self.assertEqual(self.stored.read(lambda connection: connection.execute(select(mail.c.recent)).scalar()), False)

    def test_tombstones_of_a_deleted_mailbox(self) -> None:
        """Nothing of a deleted mailbox stays in the database."""
        self.add("Sent", flags=frozenset({DELETED}))
        self.expunge(self.box("Sent").id)
        self.now(self.store.delete(self.account, "Sent"))
        self.assertEqual(self.stored.read(lambda connection: connection.execute(select(tombstone)).all()), [])


class ThreadedForeignProgramTests(ForeignProgramTests):
    """The same over the storage thread."""

    def setUp(self) -> None:
        self.begin(Stored.threaded(Path(self.mktemp()).absolute(), self))

    def settled(self, waiting: "Deferred[Any]") -> Any:
        """Turn the reactor by hand."""
        return self.stored.settle(waiting)
