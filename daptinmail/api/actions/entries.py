"""The entries an action answers with: Daptin's names for what its dashboard should do."""

from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import Any

from attrs import frozen

from daptinmail.interfaces.control import ListenerReport


@frozen
class Entry:
    """One member of an action's answer."""

    response_type: str
    attributes: Mapping[str, Any] | None

    def json(self) -> dict[str, Any]:
        """As it goes on the wire."""
        attributes = None if self.attributes is None else dict(self.attributes)
        return {"ResponseType": self.response_type, "Attributes": attributes}


def notify(message: str, title: str = "Success", kind: str = "success", *, typed: bool = False) -> Entry:
    """A message to the user. ``typed`` ones carry ``__type``, as Daptin's declared notifications do."""
    mark = {"__type": "client.notify"} if typed else {}
    return Entry("client.notify", {**mark, "message": message, "title": title, "type": kind})


def redirect(location: str, delay: int, *, typed: bool = False) -> Entry:
    """Go to ``location`` after ``delay`` milliseconds."""
    mark = {"__type": "client.redirect"} if typed else {}
    return Entry("client.redirect", {**mark, "delay": delay, "location": location, "window": "self"})


def store(key: str, value: str) -> Entry:
    """Keep a value in the client's storage."""
    return Entry("client.store.set", {"key": key, "value": value})


def cookie(key: str, value: str) -> Entry:
    """Keep a value as a cookie."""
    return Entry("client.cookie.set", {"key": key, "value": value})


def download(name: str, content: str, message: str) -> Entry:
    """Save a file."""
    return Entry(
        "client.file.download",
        {
            "__type": "client.file.download",
            "content": b64encode(content.encode()).decode("ascii"),
            "name": name,
            "contentType": "application/x-x509-ca-cert",
            "message": message,
        },
    )


def failures(reports: Iterable[ListenerReport]) -> list[Entry]:
    """One notification for each listener that could not be served."""
    return [
        notify(f"{report.name} on {report.interface}: {report.message}", "failed", "error")
        for report in reports
        if report.action == "failed"
    ]
