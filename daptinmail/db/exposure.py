"""Which columns of each type the API shows, and which of them it lets be written. All others do not exist for it."""

from collections.abc import Mapping

from attrs import frozen

STANDARD = ("created_at", "updated_at", "reference_id", "permission", "user_account_id")
_SET_BY_SERVER = frozenset({"created_at", "updated_at", "reference_id"})
ONLY_PATCHED = frozenset({"permission", "user_account_id"})
"""Ignored on create (compat 2.3)."""


@frozen
class Exposure:
    """The columns of one type.

    ``plain`` are shown as they are and may be searched; ``masked`` are shown as "" and can only be written;
    ``write_only`` are never shown; ``read_only`` (among ``plain``) are set by the server alone.
    """

    plain: tuple[str, ...]
    masked: tuple[str, ...] = ()
    write_only: tuple[str, ...] = ()
    read_only: frozenset[str] = frozenset()

    @property
    def visible(self) -> tuple[str, ...]:
        """Columns that may be shown, sorted by and searched."""
        return STANDARD + self.plain

    @property
    def writable(self) -> frozenset[str]:
        """Columns that a request may set."""
        return frozenset((*STANDARD, *self.plain, *self.masked, *self.write_only)) - self.read_only - _SET_BY_SERVER


EXPOSURES: Mapping[str, Exposure] = {
    "mail_server": Exposure(
        (
            "hostname",
            "is_enabled",
            "listen_interface",
            "max_size",
            "max_clients",
            "xclient_on",
            "always_on_tls",
            "authentication_required",
            "status",
            "status_message",
        ),
        read_only=frozenset({"status", "status_message"}),
    ),
    "mail_account": Exposure(
        ("username", "mail_server_id", "certificate_fingerprint", "quota_bytes", "quota_messages"), masked=("password",)
    ),
    "mail_box": Exposure(
        (
            "name",
            "subscribed",
            "uidvalidity",
            "nextuid",
            "attributes",
            "flags",
            "permanent_flags",
            "mail_account_id",
            "special_use",
        ),
        read_only=frozenset({"uidvalidity", "nextuid", "special_use"}),
    ),
    "mail": Exposure(
        (
            "message_id",
            "mail_id",
            "from_address",
            "internal_date",
            "to_address",
            "reply_to_address",
            "sender_address",
            "subject",
            "content_type",
            "recipient",
            "has_attachment",
            "ip_addr",
            "return_path",
            "is_tls",
            "seen",
            "recent",
            "deleted",
            "spam_score",
            "spam",
            "hash",
            "size",
            "flags",
            "uid",
            "mail_box_id",
            "trail",
        ),
        read_only=frozenset({"mail_id", "hash", "size", "uid", "trail", "has_attachment", "content_type"}),
    ),
    "outbox": Exposure(
        (
            "from_address",
            "to_address",
            "to_host",
            "sent",
            "retry_count",
            "last_error",
            "next_retry_at",
            "mail_server_id",
            "state",
            "trail",
            "size",
            "sent_at",
            "remote",
        ),
        read_only=frozenset({"state", "trail", "size", "sent_at", "remote"}),
    ),
    "suppression": Exposure(("address", "reason", "remote", "trail"), read_only=frozenset({"remote", "trail"})),
    "mail_alias": Exposure(("address", "targets", "is_enabled")),
    "mail_app_password": Exposure(
        ("name", "protocols", "expires_at", "last_used_at", "mail_account_id"),
        read_only=frozenset({"last_used_at"}),
    ),
    "certificate": Exposure(
        (
            "hostname",
            "issuer",
            "generated_at",
            "certificate_pem",
            "root_certificate",
            "public_key_pem",
            "expires_at",
        ),
        write_only=("private_key_pem",),
        read_only=frozenset({"generated_at", "expires_at"}),
    ),
    "user_account": Exposure(("name", "email", "confirmed"), masked=("password",)),
    "usergroup": Exposure(("name",)),
}

UNIQUE_NAMES: Mapping[str, str] = {
    "address_domain": "username",
    "address_local": "username",
    "directory": "name",
    "reference_id": "id",
}
"""What a clash in a column is called in an error, where the column is not shown or has another name."""
