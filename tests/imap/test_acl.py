"""Every command and every right (RFC 4314 §4): what lets it pass, and what is said if that is missing."""

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.imap.commands import AUTHENTICATED, SELECTED
from daptinmail.interfaces.sharing import RIGHTS, Grant, GrantMode
from tests.imap.session import MESSAGE, Server

BOX = '"Other Users/ann@example.com/Shared"'
NEW = '"Other Users/ann@example.com/Shared/New"'

BY_NAME: dict[str, tuple[str, str]] = {
    "SELECT": (f"SELECT {BOX}", "r"),
    "EXAMINE": (f"EXAMINE {BOX}", "r"),
    "STATUS": (f"STATUS {BOX} (MESSAGES)", "r"),
    "CREATE": (f"CREATE {NEW}", "k"),
    "DELETE": (f"DELETE {BOX}", "x"),
    "RENAME": (f"RENAME {BOX} {NEW}", "x"),
    "SUBSCRIBE": (f"SUBSCRIBE {BOX}", "l"),
    "APPEND": (f"APPEND {BOX} {{3+}}\r\nabc", "i"),
    "SETMETADATA shared": (f'SETMETADATA {BOX} (/shared/comment "x")', "lw"),
    "GETQUOTAROOT": (f"GETQUOTAROOT {BOX}", "r"),
    "GETACL": (f"GETACL {BOX}", "a"),
    "SETACL": (f"SETACL {BOX} anyone l", "a"),
    "DELETEACL": (f"DELETEACL {BOX} anyone", "a"),
    "LISTRIGHTS": (f"LISTRIGHTS {BOX} anyone", "a"),
    "COPY": (f"COPY 1 {BOX}", "i"),
    "UID COPY": (f"UID COPY 1 {BOX}", "i"),
    "MOVE": (f"MOVE 1 {BOX}", "i"),
    "UID MOVE": (f"UID MOVE 1 {BOX}", "i"),
    "REPLACE": (f"REPLACE 1 {BOX} {{3+}}\r\nabc", "i"),
    "UID REPLACE": (f"UID REPLACE 1 {BOX} {{3+}}\r\nabc", "i"),
}
"""Commands that name a mailbox, and the rights on it that they need. INBOX of one's own is selected."""

WHEN_SELECTED: dict[str, tuple[str, str]] = {
    "STORE seen": (r"STORE 1 +FLAGS (\Seen)", "s"),
    "STORE": (r"STORE 1 +FLAGS (\Flagged)", "w"),
    "STORE keyword": (r"STORE 1 +FLAGS (keyword)", "w"),
    "STORE deleted": (r"STORE 1 +FLAGS (\Deleted)", "t"),
    "UID STORE": (r"UID STORE 1 -FLAGS (\Deleted)", "t"),
    "EXPUNGE": ("EXPUNGE", "e"),
    "UID EXPUNGE": ("UID EXPUNGE 1", "e"),
    "MOVE": ("MOVE 1 INBOX", "te"),
    "UID MOVE": ("UID MOVE 1 INBOX", "te"),
    "REPLACE": ("REPLACE 1 INBOX {3+}\r\nabc", "te"),
    "UID REPLACE": ("UID REPLACE 1 INBOX {3+}\r\nabc", "te"),
}
"""Commands that change the selected mailbox of somebody else, and the rights on it that they need."""

HARMLESS = {
    *("ENABLE", "NAMESPACE", "LIST", "LSUB", "UNSUBSCRIBE", "IDLE", "NOTIFY", "GETQUOTA", "SETQUOTA", "MYRIGHTS"),
    *("CHECK", "CLOSE", "UNSELECT", "FETCH", "UID FETCH", "SEARCH", "UID SEARCH", "SORT", "UID SORT", "THREAD"),
    *("UID THREAD", "COMPRESS", "CANCELUPDATE", "UNAUTHENTICATE"),
}
"""Commands that name no mailbox of somebody else, show what the rights allow, or only look at the selected one."""

ANNOTATING = {
    "GETMETADATA": f"GETMETADATA {BOX} /shared/comment",
    "SETMETADATA": f'SETMETADATA {BOX} (/private/comment "x")',
}
"""Commands for which, besides right ``l``, one of several is enough."""

ESEARCH = {"ESEARCH"}
"""It looks into mailboxes that it finds by right ``r``; its own conversations show that."""


class RightsTests(SynchronousTestCase):
    """Ben's commands on a mailbox of Ann."""

    def played(self, rights: str, commands: str, select: str = "") -> str:
        """The tagged answer of the last command, with these rights on a mailbox that holds a message."""
        server = Server()
        server.add_account("ben@example.com")

        async def share() -> None:
            box = await server.store.create(server.account.id, "Shared")
            grant = Grant("ben@example.com", frozenset(rights))
            await server.store.rights.grant(box.id, grant, GrantMode.REPLACE)

        self.successResultOf(Deferred.fromCoroutine(share()))
        server.put(MESSAGE, mailbox="Shared")
        client = server.connect().run("S: * OK ...\nC: in LOGIN ben@example.com password\nS* in OK ...")
        client.send(b"p1 APPEND INBOX {3+}\r\nabc\r\n")
        client.run(f"S* p1 OK ...\nC: p2 SELECT {select or 'INBOX'}\nS* p2 OK ...")
        client.send(b"x %b\r\n" % commands.encode())
        return client.lines()[-1]

    def test_with_the_rights(self) -> None:
        """The rights that a command needs are enough."""
        for name, (command, needed) in BY_NAME.items():
            answer = self.played("l" + needed + ("k" if name == "RENAME" else ""), command)
            self.assertTrue(answer.startswith("x OK") or "[CANNOT]" in answer, (name, answer))
        for name, (command, needed) in WHEN_SELECTED.items():
            answer = self.played("lr" + needed, command, BOX)
            self.assertTrue(answer.startswith("x OK"), (name, answer))

    def test_without_one(self) -> None:
        """Each right that is missing is reason enough to refuse, with NOPERM for whoever knows of the mailbox."""
        for name, (command, needed) in BY_NAME.items():
            for missing in set(needed) - {"l"}:
                answer = self.played(RIGHTS.replace(missing, ""), command)
                self.assertTrue(answer.startswith("x NO [NOPERM]"), (name, missing, answer))
        for name, (command, needed) in WHEN_SELECTED.items():
            for missing in needed:
                answer = self.played(RIGHTS.replace(missing, ""), command, BOX)
                self.assertTrue(answer.startswith("x NO [NOPERM]"), (name, missing, answer))

    def test_annotations(self) -> None:
        """Annotations are for whoever may look the mailbox up and has any right of use (RFC 5464 §3.3)."""
        for command in ANNOTATING.values():
            for right in "rswip":
                self.assertTrue(self.played("l" + right, command).startswith("x OK"), (command, right))
            self.assertTrue(self.played("lkxtea", command).startswith("x NO [NOPERM]"), command)
            self.assertEqual(self.played("r", command), self.played("", command))

    def test_secret(self) -> None:
        """Security: without right ``l`` the answer is that of a mailbox that does not exist, word for word."""
        for name, (command, needed) in BY_NAME.items():
            for rights in ("", "".join(right for right in RIGHTS if right not in needed and right != "l")):
                answer = self.played(rights, command)
                never = self.played("", command.replace("Shared", "Nothing"))
                self.assertEqual(answer, never, (name, rights))
                self.assertTrue(answer.startswith("x NO [NONEXISTENT] "), (name, answer))

    def test_nothing_was_forgotten(self) -> None:
        """Every command that there is stands in one of the tables."""
        known = {name.partition(" seen")[0] for name in (*BY_NAME, *WHEN_SELECTED, *ANNOTATING)} | HARMLESS | ESEARCH
        there = {name.decode() for name in (*AUTHENTICATED, *SELECTED)}
        self.assertEqual(there - known, set())

    def test_close_without_right_e(self) -> None:
        """CLOSE expunges nothing if that is not permitted, without a word."""
        server = Server()
        server.add_account("ben@example.com")
        server.put(MESSAGE, frozenset({rb"\Deleted"}))
        client = server.login()
        client.run("C: 1 SETACL INBOX ben@example.com lrtws\nS: 1 OK ...")
        ben = server.connect().run("S: * OK ...\nC: in LOGIN ben@example.com password\nS* in OK ...")
        ben.run('C: 1 SELECT "Other Users/ann@example.com/INBOX"\nS* 1 OK [READ-WRITE] ...\nC: 2 CLOSE\nS: 2 OK ...')
        client.run('C: 2 STATUS INBOX (MESSAGES)\nS: * STATUS "INBOX" (MESSAGES 1)\nS: 2 OK ...')
