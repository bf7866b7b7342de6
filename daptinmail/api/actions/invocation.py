"""One call of an action: its attributes, who calls, and what it may reach."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from attrs import field, frozen

from daptinmail.api.call import FORM, Call, read_json, read_parameters
from daptinmail.api.coercion import Unfit, plain_text, read_uuid
from daptinmail.errors import Malformed
from daptinmail.interfaces.control import IControl
from daptinmail.interfaces.directory import IDirectory, IUsers, Viewer
from daptinmail.interfaces.messages import IMessageStore
from daptinmail.interfaces.records import IRecords
from daptinmail.interfaces.sending import ISending
from daptinmail.interfaces.tls import ICertificates
from daptinmail.interfaces.transfer import IQueue


@frozen
class Domain:
    """What actions may reach."""

    records: IRecords
    users: IUsers
    control: IControl
    certificates: ICertificates
    queue: IQueue
    store: IMessageStore
    directory: IDirectory
    sending: ISending


class Unacceptable(Malformed):
    """Attributes that an action cannot take, in Daptin's words (compat 5.0)."""

    def __init__(self, rule: str, what: str) -> None:
        super().__init__(f"http error (400) {rule} and 0 more errors, {what}")


@frozen
class Invocation:
    """One call. ``from_loopback`` is true only without a proxy in between.

    ``token`` is new for each call, and the same when a call is repeated under its idempotency key.
    """

    attributes: Mapping[str, Any] = field(repr=False)
    viewer: Viewer
    token: UUID
    peer: str = ""
    from_loopback: bool = False

    def text(self, name: str) -> str:
        """An attribute as text, "" if missing.

        Raises:
            Unacceptable: neither text nor a number.
        """
        value = self.attributes.get(name)
        if value is None:
            return ""
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        try:
            return plain_text(value)
        except Unfit as error:
            raise invalid(str(error), name) from error

    def reference(self, name: str) -> UUID | None:
        """An attribute as a UUID, ``None`` if missing or empty.

        Raises:
            Unacceptable: something else.
        """
        value = self.attributes.get(name)
        if value in {None, ""} if isinstance(value, str | None) else False:
            return None
        try:
            return read_uuid(value)
        except Unfit as error:
            raise invalid(str(error), name) from error

    def subject(self, kind: str) -> UUID:
        """The row that an instance action is about: attribute ``<kind>_id``.

        Raises:
            Unacceptable: it is missing.
        """
        reference = self.reference(f"{kind}_id")
        if reference is None:
            raise Unacceptable("no reference id", f"{kind}_id is missing")
        return reference

    def number(self, name: str, default: int, maximum: int) -> int:
        """A whole number from 1; larger ones than ``maximum`` count as ``maximum``.

        Raises:
            Unacceptable: something else.
        """
        text = self.text(name).strip()
        if not text:
            return default
        if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0):
            raise invalid("must be a whole number from 1", name)
        return min(int(text), maximum)


def invalid(rule: str, name: str) -> Unacceptable:
    """The complaint about one attribute."""
    return Unacceptable(rule, f"invalid value for {name}")


def read_attributes(call: Call) -> dict[str, Any]:
    """Attributes from the query string, a form or a JSON body; inner ``attributes`` win.

    curl calls every body a form, so what begins with a brace is read as JSON.

    Raises:
        Malformed.
    """
    query = {name: value for name, value in call.parameters if name != "token"}
    body = call.body.strip()
    if body and not body.startswith(b"{") and call.content_type.lower().startswith(FORM):
        return {**query, **dict(read_parameters(body.decode("utf-8", "replace")))}
    document = read_json(body) if body else {}
    inner = document.get("attributes") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(inner, dict | None):
        raise Malformed("The request body must be a JSON object with attributes")
    outer = {name: value for name, value in document.items() if name != "attributes"}
    return {**query, **outer, **(inner or {})}
