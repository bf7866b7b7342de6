"""The types of the API as the database knows them: tables, label columns, relations."""

from collections.abc import Mapping

from attrs import frozen
from sqlalchemy import Table

from daptinmail.db import schema

OWNER = "user_account_id"
GROUPS = "usergroup_id"
"""The to-many relationship of every type, through ``record_usergroup``."""


@frozen
class ToOne:
    """A foreign key: the relationship has the column's name."""

    name: str
    target: str


@frozen
class ToMany:
    """A foreign key seen from its other end: rows of ``target`` whose ``column`` points here."""

    name: str
    target: str
    column: str


@frozen
class Kind:
    """One type. ``labels`` are searched by ``filter``; ``required`` must be given by whoever makes a row."""

    name: str
    table: Table
    labels: tuple[str, ...]
    required: tuple[str, ...] = ()
    to_one: Mapping[str, ToOne] = {}
    to_many: Mapping[str, ToMany] = {}


def _kind(
    table: Table,
    labels: tuple[str, ...],
    required: tuple[str, ...] = (),
    one: tuple[ToOne, ...] = (),
    many: tuple[ToMany, ...] = (),
) -> Kind:
    to_one = {relation.name: relation for relation in (ToOne(OWNER, "user_account"), *one)}
    return Kind(table.name, table, labels, required, to_one, {relation.name: relation for relation in many})


_ALL = (
    _kind(
        schema.mail_server,
        ("hostname",),
        ("hostname",),
        many=(
            ToMany("mail_account_id", "mail_account", "mail_server_id"),
            ToMany("outbox_id", "outbox", "mail_server_id"),
        ),
    ),
    _kind(
        schema.mail_account,
        ("username",),
        ("username", "mail_server_id"),
        one=(ToOne("mail_server_id", "mail_server"),),
        many=(
            ToMany("mail_box_id", "mail_box", "mail_account_id"),
            ToMany("mail_app_password_id", "mail_app_password", "mail_account_id"),
        ),
    ),
    _kind(
        schema.mail_box,
        ("name",),
        ("name", "mail_account_id"),
        one=(ToOne("mail_account_id", "mail_account"),),
        many=(ToMany("mail_id", "mail", "mail_box_id"),),
    ),
    _kind(
        schema.mail,
        ("message_id", "subject", "from_address", "to_address"),
        ("mail_box_id",),
        one=(ToOne("mail_box_id", "mail_box"),),
    ),
    _kind(
        schema.outbox,
        ("from_address", "to_address", "to_host"),
        one=(ToOne("mail_server_id", "mail_server"),),
    ),
    _kind(schema.suppression, ("address", "reason"), ("address",)),
    _kind(schema.mail_alias, ("address", "targets"), ("address", "targets")),
    _kind(
        schema.mail_app_password,
        ("name",),
        ("name", "mail_account_id"),
        one=(ToOne("mail_account_id", "mail_account"),),
    ),
    _kind(schema.certificate, ("hostname",), ("hostname",)),
    _kind(schema.user_account, ("name", "email"), ("name", "email")),
    _kind(schema.usergroup, ("name",), ("name",)),
)

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _ALL}
