"""The types of the API: one table that serves routes, validation and documents.

Names, defaults and requirements are Daptin's; where ours differ ``docs/api.md`` says so.
"""

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any

from attrs import field, frozen


class Form(Enum):
    """What values of an attribute look like in JSON."""

    TEXT = "text"
    EMAIL = "email"
    SECRET = "secret"  # noqa: S105 - the name of a form
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    TIME = "time"
    BASE64 = "base64"
    UUID = "uuid"


@frozen
class Attribute:
    """One attribute.

    ``max_length`` counts characters, or decoded octets for base64. ``required`` counts on create. A ``read_only``
    attribute may be sent and is ignored. A ``write_only`` one is shown as ``masked``, whatever is stored, and sent
    back empty changes nothing. ``label`` attributes are searched by ``filter``. ``computed`` has no column.
    """

    name: str
    form: Form = Form.TEXT
    max_length: int | None = None
    default: Any = None
    required: bool = False
    read_only: bool = False
    write_only: bool = False
    masked: str | None = None
    unique: bool = False
    label: bool = False
    nullable: bool = False
    computed: bool = False
    minimum: int | None = None
    maximum: int | None = None

    @property
    def sortable(self) -> bool:
        """True if lists may be sorted and restricted by it."""
        return not self.computed and not self.write_only


@frozen
class Relationship:
    """One relationship; ``many`` when to-many. A ``required`` one must be given on create."""

    name: str
    target: str
    many: bool = False
    required: bool = False


@frozen
class Kind:
    """One type. ``attributes`` and ``relationships`` are by name, in the order of the description.

    ``hidden`` are columns that the API never shows.
    """

    name: str
    attributes: Mapping[str, Attribute]
    relationships: Mapping[str, Relationship]
    hidden: frozenset[str] = field(default=frozenset())

    @property
    def to_one(self) -> Iterator[Relationship]:
        """Relationships with one other end."""
        return (relationship for relationship in self.relationships.values() if not relationship.many)

    def sortable(self, name: str) -> bool:
        """True if ``name`` may stand in ``sort`` and ``query``."""
        if name in self.attributes:
            return self.attributes[name].sortable
        return name in self.relationships and not self.relationships[name].many


STANDARD_HIDDEN = frozenset({"id", "version"})


def _standard() -> tuple[Attribute, ...]:
    return (
        Attribute("created_at", Form.TIME, read_only=True),
        Attribute("updated_at", Form.TIME, read_only=True, nullable=True),
        Attribute("reference_id", Form.UUID, read_only=True),
        Attribute("permission", Form.INTEGER, minimum=0),
    )


def _kind(name: str, *members: Attribute | Relationship, hidden: tuple[str, ...] = ()) -> Kind:
    own = [member for member in members if isinstance(member, Attribute)]
    links = [
        Relationship("user_account_id", "user_account"),
        Relationship("usergroup_id", "usergroup", many=True),
        *(member for member in members if isinstance(member, Relationship)),
    ]
    return Kind(
        name,
        {attribute.name: attribute for attribute in (*own, *_standard())},
        {link.name: link for link in links},
        STANDARD_HIDDEN | set(hidden),
    )


def _text(name: str, length: int | None = None, **options: Any) -> Attribute:
    return Attribute(name, Form.TEXT, max_length=length, **options)


def _flag(name: str, default: bool, **options: Any) -> Attribute:
    return Attribute(name, Form.BOOLEAN, default=default, **options)


def _whole(name: str, default: int | None = None, **options: Any) -> Attribute:
    return Attribute(name, Form.INTEGER, default=default, **options)


def _time(name: str, **options: Any) -> Attribute:
    return Attribute(name, Form.TIME, nullable=True, **options)


def _shown(name: str, length: int | None = None) -> Attribute:
    return _text(name, length, read_only=True)


MAX_PASSWORD = 1000
MAX_QUOTA = 2**53 - 1  # what JSON numbers hold exactly
MAX_PEM = 65_536
MAX_MAIL = 48 * 1024 * 1024
MAX_TARGETS = 20_000

USER_ACCOUNT = _kind(
    "user_account",
    _text("name", 80, required=True, label=True),
    Attribute("email", Form.EMAIL, max_length=80, required=True, unique=True, label=True),
    Attribute("password", Form.SECRET, max_length=MAX_PASSWORD, required=True, write_only=True, masked=""),
    _flag("confirmed", False),
    hidden=("auth_version",),
)

USERGROUP = _kind("usergroup", _text("name", 80, required=True, unique=True, label=True))

MAIL_SERVER = _kind(
    "mail_server",
    _text("hostname", 100, required=True, unique=True, label=True),
    _flag("is_enabled", False),
    _text("listen_interface", 100, default="0.0.0.0:465"),
    _whole("max_size", 10000, minimum=0),
    _whole("max_clients", 20, minimum=1),
    _flag("xclient_on", False),
    _flag("always_on_tls", True),
    _flag("authentication_required", True),
    _text("status", 20, default="pending", read_only=True),
    _text("status_message", default="", read_only=True),
    Relationship("mail_account_id", "mail_account", many=True),
    Relationship("outbox_id", "outbox", many=True),
)

MAIL_ACCOUNT = _kind(
    "mail_account",
    _text("username", 100, required=True, unique=True, label=True),
    Attribute("password", Form.SECRET, max_length=MAX_PASSWORD, required=True, write_only=True, masked=""),
    Attribute("password_md5", Form.SECRET, max_length=MAX_PASSWORD, write_only=True, masked="", computed=True),
    _text("certificate_fingerprint", 100, nullable=True),
    _whole("quota_bytes", nullable=True, minimum=0, maximum=MAX_QUOTA),
    _whole("quota_messages", nullable=True, minimum=0, maximum=MAX_QUOTA),
    Relationship("mail_server_id", "mail_server", required=True),
    Relationship("mail_box_id", "mail_box", many=True),
    Relationship("mail_app_password_id", "mail_app_password", many=True),
    hidden=("scram_sha256", "scram_sha1", "address_local", "address_domain", "directory", "last_uidvalidity"),
)

MAIL_BOX = _kind(
    "mail_box",
    _text("name", 1000, required=True, label=True),
    _flag("subscribed", True),
    _whole("uidvalidity", read_only=True),
    _whole("nextuid", 1, read_only=True),
    _text("attributes", 100, default=""),
    _text("flags", 100, default="\\*"),
    _text("permanent_flags", 100, default="\\*"),
    Attribute("special_use", max_length=40, read_only=True, nullable=True),
    Relationship("mail_account_id", "mail_account", required=True),
    Relationship("mail_id", "mail", many=True),
    hidden=("highestmodseq", "first_recent_uid", "directory", "message_count", "octets", "pruned_modseq"),
)

MAIL = _kind(
    "mail",
    _shown("message_id", 500),
    _shown("mail_id", 100),
    _shown("from_address", 200),
    Attribute("internal_date", Form.TIME),
    _shown("to_address", 200),
    _shown("reply_to_address", 200),
    _shown("sender_address", 200),
    Attribute("subject", max_length=500, read_only=True, label=True),
    Attribute("body", read_only=True, nullable=True, computed=True),
    Attribute("mail", Form.BASE64, max_length=MAX_MAIL, required=True, nullable=True, computed=True),
    _shown("content_type"),
    _shown("recipient", 320),
    _flag("has_attachment", False, read_only=True),
    _shown("ip_addr", 45),
    _shown("return_path", 320),
    _flag("is_tls", False, read_only=True),
    _flag("seen", False),
    _flag("recent", True, read_only=True),
    _flag("deleted", False),
    Attribute("spam_score", Form.NUMBER, default=0.0, read_only=True),
    _flag("spam", False, read_only=True),
    _shown("hash", 100),
    _whole("size", read_only=True),
    _text("flags", default=""),
    _whole("uid", read_only=True),
    Attribute("trail", Form.UUID, read_only=True, nullable=True),
    Relationship("mail_box_id", "mail_box", required=True),
    hidden=("content_id", "name_due", "modseq", "saved_at", "file_name"),
)

OUTBOX = _kind(
    "outbox",
    _text("from_address", 320, required=True, label=True),
    _text("to_address", 320, required=True, label=True),
    _text("to_host", 255),
    Attribute("mail", Form.BASE64, max_length=MAX_MAIL, required=True, nullable=True, computed=True),
    _flag("sent", False),
    _whole("retry_count", 0, minimum=0),
    Attribute("last_error", read_only=True, nullable=True),
    _time("next_retry_at"),
    _text("state", 20, default="queued", read_only=True),
    Attribute("trail", Form.UUID, read_only=True),
    _whole("size", read_only=True),
    _time("sent_at", read_only=True),
    Attribute("remote", max_length=255, read_only=True, nullable=True),
    Relationship("mail_server_id", "mail_server"),
    hidden=(
        *("mail_account_id", "eight_bit", "smtputf8", "binary_mime", "require_tls", "lease_until", "lease_holder"),
        *("is_paused", "tried_since", "tried_at", "report_at"),
        *("notify", "original_recipient", "envelope_id", "returned_part"),
    ),
)

SUPPRESSION = _kind(
    "suppression",
    _text("address", 320, required=True, unique=True, label=True),
    _text("reason", default="", label=True),
    Attribute("remote", max_length=255, read_only=True, nullable=True),
    Attribute("trail", Form.UUID, read_only=True, nullable=True),
)

MAIL_ALIAS = _kind(
    "mail_alias",
    _text("address", 320, required=True, unique=True, label=True),
    _text("targets", MAX_TARGETS, required=True, label=True),
    _flag("is_enabled", True),
    hidden=("address_local", "address_domain"),
)
"""``address`` ``*@domain`` takes what nobody else there takes."""

MAIL_APP_PASSWORD = _kind(
    "mail_app_password",
    _text("name", 80, required=True, label=True),
    _text("protocols", 20, default="imap,smtp"),
    _time("expires_at"),
    _time("last_used_at", read_only=True),
    Attribute("password", Form.SECRET, read_only=True, computed=True),
    Relationship("mail_account_id", "mail_account", required=True),
    hidden=("digest",),
)
"""``password`` is shown once, in the answer to the request that made the row; afterwards it is empty."""

CERTIFICATE = _kind(
    "certificate",
    _text("hostname", 100, required=True, unique=True, label=True),
    _text("issuer", 100, default="self"),
    _time("generated_at", read_only=True),
    _text("certificate_pem", MAX_PEM, nullable=True),
    _text("root_certificate", MAX_PEM, nullable=True),
    Attribute("private_key_pem", max_length=MAX_PEM, write_only=True, nullable=True),
    _text("public_key_pem", MAX_PEM, nullable=True),
    _time("expires_at", read_only=True),
)

KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        USER_ACCOUNT,
        USERGROUP,
        MAIL_SERVER,
        MAIL_ACCOUNT,
        MAIL_BOX,
        MAIL,
        OUTBOX,
        SUPPRESSION,
        MAIL_ALIAS,
        MAIL_APP_PASSWORD,
        CERTIFICATE,
    )
}
"""Every type by name."""
