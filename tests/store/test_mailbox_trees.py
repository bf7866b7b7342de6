"""Whatever mailboxes are called, their directories stay inside the account's tree."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.errors import DaptinmailError
from daptinmail.interfaces.messages import Mailbox
from daptinmail.store.names import directory_name
from tests.support.stored import Stored

PIECES = st.sampled_from(
    [
        "..",
        ".",
        "/",
        "a",
        "A",
        "INBOX",
        "inbox",
        "~",
        "\\",
        "%2e",
        "&",
        "\0",
        "\n",
        " ",
        "é",
        "e\u0301",
        "cur",
        "new",
        "tmp",
    ]
)
NAMES = st.one_of(st.lists(PIECES, min_size=1, max_size=6).map("".join), st.text(max_size=20))
ACTIONS = st.lists(st.tuples(st.sampled_from(["create", "delete", "rename", "subscribe"]), NAMES, NAMES), max_size=8)


class TreeTests(SynchronousTestCase):
    """Security: path traversal by mailbox names."""

    @settings(deadline=None, max_examples=60)
    @given(ACTIONS)
    def test_every_mailbox_has_its_directory_and_nothing_lies_elsewhere(
        self, actions: list[tuple[str, str, str]]
    ) -> None:
        """After any commands: one directory for each mailbox, two levels below the mail directory, and no other."""
        stored = Stored.in_memory()
        account = stored.now(lambda transaction: stored.open_account(transaction, "a@example.test"))
        for what, name, other in actions:
            try:
                if what == "create":
                    stored.result(stored.store.create(account, name))
                elif what == "delete":
                    stored.result(stored.store.delete(account, name))
                elif what == "rename":
                    stored.result(stored.store.rename(account, name, other))
                else:
                    stored.result(stored.store.subscribe(account, name, True))
            except DaptinmailError:
                continue
        mailboxes: list[Mailbox] = stored.result(stored.store.mailboxes(account))
        root = stored.mail_dir / "example.test" / "a"
        wanted = {root / directory_name(mailbox.name) for mailbox in mailboxes if mailbox.name != "INBOX"}
        found = {path for path in root.iterdir() if path.name.startswith(".")}
        self.assertEqual(found, wanted)
        self.assertEqual({path.name for path in root.iterdir()} - {path.name for path in found}, {"cur", "new", "tmp"})
        self.assertEqual([path.name for path in stored.mail_dir.iterdir()], ["example.test"])
        self.assertFalse(any(Path(path).is_symlink() for path in stored.mail_dir.rglob("*")))
