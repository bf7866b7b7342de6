"""The few calls that set daptinmail up."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.request import Request, urlopen

from attrs import define

PATIENCE = 60.0
ADMINISTRATOR = {"name": "Root", "email": "root@example.test", "password": "longpass1", "passwordConfirm": "longpass1"}


@define(eq=False)
class Api:
    """The HTTP API on loopback."""

    port: int
    _token: str = ""

    def become_administrator(self) -> None:
        """Sign up, sign in, become the administrator."""
        self.post("/action/user_account/signup", {"attributes": ADMINISTRATOR})
        answer = self.post("/action/user_account/signin", {"attributes": ADMINISTRATOR})
        kept = next(item for item in answer if item["ResponseType"] == "client.store.set")
        self._token = kept["Attributes"]["value"]
        self.post("/action/world/become_an_administrator", {})

    def create(self, kind: str, attributes: Mapping[str, Any], **to_one: str) -> str:
        """Make a row; its id."""
        related = {name: {"data": {"type": name.removesuffix("_id"), "id": value}} for name, value in to_one.items()}
        document = {"data": {"type": kind, "attributes": attributes, "relationships": related}}
        return str(self.post(f"/api/{kind}", document)["data"]["id"])

    def configure(self, key: str, value: str) -> None:
        """Set one key."""
        self._call(f"/_config/backend/{key}", value.encode())

    def post(self, path: str, document: Any) -> Any:
        """One call; the decoded answer."""
        return json.loads(self._call(path, json.dumps(document).encode()))

    def _call(self, path: str, data: bytes) -> bytes:
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        request = Request(f"http://127.0.0.1:{self.port}{path}", data, headers, method="POST")
        with urlopen(request, timeout=PATIENCE) as response:
            return bytes(response.read())
