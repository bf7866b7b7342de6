"""The promises of ``IMailboxRights`` and ``IAnnotations``, for any ``IMailboxStore``."""

from attrs import define, field
from zope.interface import implementer

from daptinmail.errors import Invalid, NotFound
from daptinmail.interfaces.annotations import MAX_ENTRIES, Depth, TooMany
from daptinmail.interfaces.mailboxes import IAccountListener, IMailboxStore, MailboxEvent, What
from daptinmail.interfaces.sharing import ALL, Grant, GrantMode
from tests.contracts.message_store_base import DELETED, StoreCase


@implementer(IAccountListener)
@define(eq=False)
class Ear:
    """Writes down what it hears."""

    heard: list[MailboxEvent] = field(factory=list)

    def mailbox_event(self, event: MailboxEvent) -> None:
        """An event."""
        self.heard.append(event)

    def take(self) -> list[tuple[What, str]]:
        """What was heard since."""
        heard, self.heard = self.heard, []
        return [(event.what, event.name) for event in heard]


class SharingContract(StoreCase):
    """Who may do what. ``login`` and ``other_login`` are the names of the two accounts, in one domain."""

    store: IMailboxStore
    login: str
    other_login: str
    stranger: int
    """An account of another domain."""

    def share(self, identifier: str, rights: str, mode: GrantMode = GrantMode.REPLACE, negative: bool = False) -> None:
        """Change an entry of INBOX."""
        grant = Grant(identifier, frozenset(rights), negative)
        self.now(self.store.rights.grant(self.inbox().id, grant, mode))

    def shown(self, account: int) -> dict[str, str]:
        """What an account may look up of others."""
        return {one.name: "".join(sorted(one.rights)) for one in self.now(self.store.rights.shared(account))}

    def test_own_mailboxes(self) -> None:
        """One's own mailbox is found under its name, with all rights, in any case of INBOX."""
        found = self.now(self.store.rights.find(self.account, "inbox"))
        self.assertEqual((found.name, found.rights, found.own), ("INBOX", ALL, True))
        self.refused(self.store.rights.find(self.account, "nope"), NotFound)

    def test_others_mailboxes_are_secret(self) -> None:
        """Without any right a mailbox of somebody else is not there."""
        self.refused(self.store.rights.find(self.neighbour, f"Other Users/{self.login}/INBOX"), NotFound)
        self.refused(self.store.rights.find(self.neighbour, f"Other Users/{self.login}/nope"), NotFound)
        self.assertEqual(self.shown(self.neighbour), {})

    def test_grant(self) -> None:
        """An entry gives what it says, is added to, taken from, and goes when nothing is left."""
        name = f"Other Users/{self.login}/INBOX"
        self.share(self.other_login, "lr")
        self.share(self.other_login, "sw", GrantMode.ADD)
        self.share(self.other_login, "r", GrantMode.REMOVE)
        found = self.now(self.store.rights.find(self.neighbour, name))
        self.assertEqual((found.name, found.rights, found.own), (name, frozenset("lsw"), False))
        self.assertEqual(self.shown(self.neighbour), {name: "lsw"})
        self.assertEqual(
            self.now(self.store.rights.grants(self.inbox().id)), [Grant(self.other_login, frozenset("lsw"))]
        )
        self.now(self.store.rights.revoke(self.inbox().id, self.other_login, False))
        self.assertEqual(self.now(self.store.rights.grants(self.inbox().id)), [])
        self.refused(self.store.rights.find(self.neighbour, name), NotFound)

    def test_negative(self) -> None:
        """What a negative entry names is taken away, whatever gives it."""
        self.share("anyone", "lrs")
        self.share(self.other_login, "rs", negative=True)
        self.assertEqual(list(self.shown(self.neighbour).values()), ["l"])

    def test_anyone_is_of_the_domain(self) -> None:
        """``anyone`` and ``authenticated`` are the accounts of the owner's domain; strangers need their names said."""
        for identifier in ("anyone", "authenticated"):
            self.share(identifier, "lr")
            self.assertEqual(len(self.shown(self.neighbour)), 1)
            self.assertEqual(self.shown(self.stranger), {})
            self.share(identifier, "")
        self.share("stranger@example.org", "l")
        self.assertEqual(len(self.shown(self.stranger)), 1)

    def test_who_cannot_be_granted(self) -> None:
        """The owner's rights cannot be changed, nobody gets rights who does not exist."""
        for identifier in (self.login, "nobody@example.test", "", "owner", str(self.neighbour)):
            with self.assertRaises(Invalid):
                self.share(identifier, "l")

    def test_not_looked_up(self) -> None:
        """Without right ``l`` a mailbox is found by name only."""
        self.share(self.other_login, "r")
        self.assertEqual(self.shown(self.neighbour), {})
        self.assertEqual(
            self.now(self.store.rights.find(self.neighbour, f"Other Users/{self.login}/INBOX")).rights, frozenset("r")
        )

    def test_children_inherit(self) -> None:
        """A new mailbox is shared as the one above it is."""
        self.share(self.other_login, "lk")
        self.now(self.store.create(self.account, "INBOX/a/b"))
        self.assertEqual(
            self.now(self.store.rights.grants(self.box("INBOX/a/b").id)), [Grant(self.other_login, frozenset("lk"))]
        )

    def test_place(self) -> None:
        """A new mailbox goes into one's own tree, or below one of somebody else with the rights on that."""
        place = self.now(self.store.rights.place(self.account, "a/b"))
        self.assertEqual((place.account_id, place.name, place.rights), (self.account, "a/b", ALL))
        self.refused(self.store.rights.place(self.neighbour, f"Other Users/{self.login}/INBOX/x"), NotFound)
        self.share(self.other_login, "lk")
        place = self.now(self.store.rights.place(self.neighbour, f"Other Users/{self.login}/INBOX/x"))
        self.assertEqual((place.account_id, place.name, place.rights), (self.account, "INBOX/x", frozenset("lk")))
        self.refused(self.store.rights.place(self.neighbour, f"Other Users/{self.login}/top"), NotFound)
        self.refused(self.store.rights.place(self.neighbour, "Other Users/nobody@example.test/x"), NotFound)

    def test_annotations(self) -> None:
        """Private entries are one's own, shared ones the mailbox's; ``None`` takes away."""
        inbox, notes = self.inbox().id, self.store.annotations
        values = {"/private/a": b"1", "/shared/a": b"2", "/private/a/b": b"3"}
        self.now(notes.annotate(self.account, inbox, values))
        self.now(notes.annotate(self.neighbour, inbox, {"/private/a": b"4"}))
        found = self.now(notes.annotations(self.account, [inbox], ["/private/a", "/shared"], Depth.ONE))
        self.assertEqual(found, {inbox: values})
        found = self.now(notes.annotations(self.neighbour, [inbox], ["/private/a", "/shared/a"], Depth.INFINITY))
        self.assertEqual(found, {inbox: {"/private/a": b"4", "/shared/a": b"2"}})
        self.now(notes.annotate(self.account, inbox, {"/private/a": None, "/shared/a": b"5"}))
        found = self.now(notes.annotations(self.account, [inbox, None], ["/private/a", "/shared/a"], Depth.ZERO))
        self.assertEqual(found, {inbox: {"/shared/a": b"5"}, None: {}})

    def test_server_annotations(self) -> None:
        """Those of the server are each account's own."""
        notes = self.store.annotations
        self.now(notes.annotate(self.account, None, {"/private/a": b"1"}))
        self.assertEqual(
            self.now(notes.annotations(self.account, [None], ["/private/a"], Depth.ZERO)), {None: {"/private/a": b"1"}}
        )
        self.assertEqual(self.now(notes.annotations(self.neighbour, [None], ["/private/a"], Depth.ZERO)), {None: {}})

    def test_annotations_are_limited(self) -> None:
        """More entries than allowed are refused, all of them."""
        inbox, notes = self.inbox().id, self.store.annotations
        self.now(notes.annotate(self.account, inbox, {f"/private/{number}": b"" for number in range(MAX_ENTRIES)}))
        self.refused(notes.annotate(self.account, inbox, {"/private/0": b"x", "/private/more": b""}), TooMany)
        found = self.now(notes.annotations(self.account, [inbox], ["/private/0", "/private/more"], Depth.ZERO))
        self.assertEqual(found, {inbox: {"/private/0": b""}})
        self.refused(notes.annotate(self.account, 99999, {"/private/0": b"x"}), NotFound)

    def test_statuses(self) -> None:
        """Counts of many mailboxes at once are those of each alone; what is not there is left out."""
        self.add()
        self.add(flags=frozenset({DELETED}))
        self.add("Sent")
        boxes = self.now(self.store.mailboxes(self.account))
        found = self.now(self.store.statuses([*(box.id for box in boxes), 99999]))
        self.assertEqual(found, {box.id: self.now(self.store.status(box.id)) for box in boxes})
        inbox = found[self.inbox().id]
        self.assertEqual((inbox.messages, inbox.deleted, inbox.deleted_size * 2), (2, 1, inbox.size))
        self.assertEqual(self.now(self.store.statuses([])), {})

    def test_events(self) -> None:
        """An account's listener hears what happens to its mailboxes, and nothing of others."""
        ear = Ear()
        self.store.listen_account(self.account, ear)
        self.now(self.store.create(self.account, "a"))
        self.now(self.store.create(self.neighbour, "b"))
        self.assertEqual(ear.take(), [(What.CREATED, "a")])
        self.now(self.store.rename(self.account, "a", "c"))
        self.assertEqual([(one.what, one.name, one.old_name) for one in ear.heard], [(What.RENAMED, "c", "a")])
        ear.take()
        self.now(self.store.subscribe(self.account, "c", True))
        self.add("c")
        self.now(self.store.annotations.annotate(self.account, self.box("c").id, {"/private/a": b"1"}))
        self.now(self.store.delete(self.account, "c"))
        told = ear.take()
        self.assertEqual(
            list(dict.fromkeys(told)),
            [(What.SUBSCRIBED, "c"), (What.MESSAGES, "c"), (What.ANNOTATED, "c"), (What.DELETED, "c")],
        )
        self.store.unlisten_account(self.account, ear)
        self.store.unlisten_account(self.account, ear)
        self.now(self.store.create(self.account, "d"))
        self.assertEqual(ear.take(), [])
