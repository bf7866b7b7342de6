"""Promises of ``daptinmail.db.permissions``, as users of the API meet them."""

from uuid import UUID

from daptinmail.errors import Forbidden, Invalid, NotFound
from daptinmail.interfaces.directory import Viewer
from daptinmail.interfaces.records import Draft, Query, Record
from tests.db.records_case import ADMINISTRATOR, GUEST, RecordsCase

GUEST_READ, OWNER_UPDATE, OWNER_DELETE, OWNER_REFER = 2, 1024, 2048, 8192
GROUP_READ, GROUP_UPDATE = 32768, 131072


class Permitting(RecordsCase):
    """Who may do what to a row."""

    def setUp(self) -> None:
        super().setUp()
        self.group = self.make("usergroup", {"name": "staff"})
        self.jo = self.user("jo")
        self.member = self.user("member", self.group)
        self.row = self.server()

    def allow(self, permission: int, owner: Viewer | None = None, group: bool = False) -> None:
        """Set the row's permission, owner and group."""
        to_one = {"user_account_id": owner.reference} if owner else {}
        self.result(
            self.records.patch("mail_server", self.row.reference, {"permission": permission}, to_one, ADMINISTRATOR)
        )
        if group:
            self.relate("mail_server", self.row, "usergroup_id", self.group)

    def relate(self, kind: str, row: Record, name: str, *targets: Record, viewer: Viewer = ADMINISTRATOR) -> None:
        """Add to a relationship."""
        references = [target.reference for target in targets]
        self.result(self.records.relate(kind, row.reference, name, references, False, viewer))

    def get(self, viewer: Viewer) -> Record:
        """The row, as the viewer gets it."""
        return self.result(self.records.get("mail_server", self.row.reference, viewer))

    def listed(self, viewer: Viewer) -> int:
        """How many servers the viewer's list has; its total agrees."""
        page = self.result(self.records.list("mail_server", Query(), viewer))
        self.assertEqual(len(page.records), page.total)
        return page.total

    def test_administrators_may_do_everything(self) -> None:
        """Permission 0 does not lock administrators out."""
        self.allow(0)
        self.assertEqual(self.get(ADMINISTRATOR).attributes["permission"], 0)
        self.assertEqual(self.listed(ADMINISTRATOR), 1)

    def test_what_may_not_be_known_is_not_there(self) -> None:
        """Without peek the row does not exist for the viewer; with it, it is forbidden."""
        self.refused(self.records.get("mail_server", self.row.reference, GUEST), Forbidden)
        self.allow(0)
        for viewer in (GUEST, self.jo, self.member):
            self.refused(self.records.get("mail_server", self.row.reference, viewer), NotFound)
            self.assertEqual(self.listed(viewer), 0)

    def test_guests_read_what_everybody_may(self) -> None:
        """Guest-read opens a row to all."""
        self.allow(GUEST_READ)
        for viewer in (GUEST, self.jo):
            self.assertEqual(self.get(viewer).reference, self.row.reference)
            self.assertEqual(self.listed(viewer), 1)

    def test_owners_read_and_no_more(self) -> None:
        """With the default permission an owner reads the row and changes nothing."""
        self.allow(561441, self.jo)
        self.assertEqual((self.listed(self.jo), self.listed(self.member), self.listed(GUEST)), (1, 0, 0))
        self.refused(self.records.patch("mail_server", self.row.reference, {}, {}, self.jo), Forbidden)
        self.refused(self.records.delete("mail_server", self.row.reference, self.jo), Forbidden)

    def test_owner_bits(self) -> None:
        """An owner with the bits updates and deletes."""
        self.allow(256 | OWNER_UPDATE | OWNER_DELETE, self.jo)
        self.result(self.records.patch("mail_server", self.row.reference, {"max_size": 5}, {}, self.jo))
        self.result(self.records.delete("mail_server", self.row.reference, self.jo))

    def test_groups(self) -> None:
        """Members of a row's group have the group's bits; others do not."""
        self.allow(GROUP_READ | GROUP_UPDATE, group=True)
        self.assertEqual((self.listed(self.member), self.listed(self.jo), self.listed(GUEST)), (1, 0, 0))
        self.result(self.records.patch("mail_server", self.row.reference, {"max_size": 5}, {}, self.member))

    def test_groups_are_by_type(self) -> None:
        """The group link of a row says nothing about the row of another type with the same id."""
        certificate = self.make("certificate", {"hostname": "a.test"})
        self.allow(GROUP_READ, group=True)
        self.refused(self.records.get("certificate", certificate.reference, self.member), Forbidden)
        self.assertEqual(self.result(self.records.list("certificate", Query(), self.member)).total, 0)

    def test_update_is_no_takeover(self) -> None:
        """A group's right to update a row does not let a member take its ownership or open it to others."""
        self.allow(GROUP_READ | GROUP_UPDATE, group=True)
        reference = self.row.reference
        self.refused(self.records.patch("mail_server", reference, {"permission": 2097151}, {}, self.member), Forbidden)
        mine: dict[str, UUID | None] = {"user_account_id": self.member.reference}
        self.refused(self.records.patch("mail_server", reference, {}, mine, self.member), Forbidden)

    def test_only_administrators_create(self) -> None:
        """Guests and users make no rows."""
        for viewer in (GUEST, self.jo):
            self.refused(self.records.create(Draft("mail_server", {"hostname": "b.test"}), viewer), Forbidden)

    def test_nobody_joins_administrators_alone(self) -> None:
        """Owning one's user row with every bit, and a group open to all, still gives no membership."""
        administrators = self.make("usergroup", {"name": "administrators"})
        assert self.jo.reference is not None
        for kind, reference in (("user_account", self.jo.reference), ("usergroup", administrators.reference)):
            self.result(self.records.patch(kind, reference, {"permission": 2097151}, {}, ADMINISTRATOR))
        targets = [administrators.reference]
        self.refused(
            self.records.relate("user_account", self.jo.reference, "usergroup_id", targets, False, self.jo), Forbidden
        )
        self.refused(
            self.records.unrelate("user_account", self.jo.reference, "usergroup_id", targets, self.jo), Forbidden
        )

    def test_refer_is_needed_for_a_target(self) -> None:
        """A row may point only at rows that its writer may refer to."""
        account = self.account(self.row)
        other = self.server("mail.b.test")
        self.result(
            self.records.patch(
                "mail_account",
                account.reference,
                {"permission": 256 | OWNER_UPDATE},
                {"user_account_id": self.jo.reference},
                ADMINISTRATOR,
            )
        )
        move = {"mail_server_id": other.reference}
        self.refused(self.records.patch("mail_account", account.reference, {}, move, self.jo), Forbidden)
        self.result(self.records.patch("mail_server", other.reference, {"permission": 0}, {}, ADMINISTRATOR))
        error = self.refused(self.records.patch("mail_account", account.reference, {}, move, self.jo), Invalid)
        self.assertEqual(error.fields, {"mail_server_id": "no such mail_server"})
        self.result(self.records.patch("mail_server", other.reference, {"permission": 64}, {}, ADMINISTRATOR))
        self.result(self.records.patch("mail_account", account.reference, {}, move, self.jo))

    def test_related_rows_are_filtered_too(self) -> None:
        """A readable server does not open its accounts."""
        self.account(self.row)
        self.allow(GUEST_READ)
        page = self.result(self.records.related("mail_server", self.row.reference, "mail_account_id", Query(), GUEST))
        self.assertEqual((page.total, page.records), (0, []))
