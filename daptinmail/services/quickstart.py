"""The first set-up in one command: administrator, mail server, account, certificate, IMAP.

The credentials are written to ``quickstart.json`` before the first row is made and the administrator is made last, so
that an interrupted quickstart goes on where it stopped and a finished one changes nothing.
"""

import contextlib
import json
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from attrs import define, evolve, field, frozen

from daptinmail.errors import AlreadyExists, ConfigurationError
from daptinmail.interfaces.control import IConfiguration, IControl
from daptinmail.interfaces.directory import IUsers, Viewer
from daptinmail.interfaces.records import Condition, Draft, IRecords, Query
from daptinmail.interfaces.runtime import IBlocking
from daptinmail.mail.address import Address
from daptinmail.services.datadir import write_private
from daptinmail.services.sockets import BoundSockets
from daptinmail.settings import Boot, Interface

FILE_NAME = "quickstart.json"
MAX_SIZE = 50 * 1024 * 1024
MAX_CLIENTS = 200
SUBMISSION_PORTS = (465, 10465, 20465, 20466, 20467)
IMAP_PORTS = (993, 10993, 20993, 20994, 20995)


@frozen
class Ports:
    """The two addresses that quickstart will listen on."""

    smtp: Interface
    imap: Interface


@frozen
class Plan:
    """What quickstart sets up; the content of ``quickstart.json``."""

    address: str
    password: str = field(repr=False)
    administrator_password: str = field(repr=False)
    ports: Ports
    http: tuple[str, ...]

    @property
    def hostname(self) -> str:
        """Host name of the mail server."""
        return f"mail.{Address.parse(self.address).domain}"

    def as_json(self) -> dict[str, Any]:
        """The documented shape of ``quickstart.json``."""
        return {
            "address": self.address,
            "password": self.password,
            "administrator": {"email": self.address, "password": self.administrator_password},
            "smtp": {"host": "127.0.0.1", "port": self.ports.smtp.port, "tls": "implicit"},
            "imap": {"host": "127.0.0.1", "port": self.ports.imap.port, "tls": "implicit"},
            "http": list(self.http),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Plan":
        """The plan that an earlier run wrote.

        Raises:
            KeyError, TypeError: not such a document.
        """
        return cls(
            document["address"],
            document["password"],
            document["administrator"]["password"],
            Ports(Interface("0.0.0.0", document["smtp"]["port"]), Interface("0.0.0.0", document["imap"]["port"])),
            tuple(document["http"]),
        )


def read_plan(path: Path) -> Plan:
    """What an interrupted run wrote. Blocking.

    Raises:
        ConfigurationError: it cannot be understood.
    """
    try:
        return Plan.from_json(json.loads(path.read_text()))
    except (ValueError, LookupError, TypeError) as error:
        raise ConfigurationError(f"{path} is damaged; remove it to set up anew") from error


def choose_ports(boot: Boot, sockets: BoundSockets) -> Ports | None:
    """Bind the ports of a first quickstart while privileges last; ``None`` if an earlier run has chosen."""
    if (boot.data_dir / FILE_NAME).exists():
        return None
    smtp = sockets.bind_first(Interface("0.0.0.0", port) for port in SUBMISSION_PORTS)
    imap = sockets.bind_first(Interface("0.0.0.0", port) for port in IMAP_PORTS)
    if smtp is None or imap is None:
        raise OSError("no free port for SMTP and IMAP")
    return Ports(smtp, imap)


@define(eq=False)
class Quickstart:
    """Carries a plan out; ``say`` takes each line that the operator should read."""

    _boot: Boot
    _users: IUsers
    _records: IRecords
    _configuration: IConfiguration
    _control: IControl
    _blocking: IBlocking
    _say: Callable[[str], None]
    _new_password: Callable[[], str] = field(default=lambda: secrets.token_urlsafe(15))

    async def run(self, address: str, ports: Ports | None, http: tuple[str, ...]) -> None:
        """Set everything up unless that is done already."""
        if await self._users.has_administrator():
            self._say(f"quickstart: already set up, nothing changed; see {self._boot.data_dir / FILE_NAME}")
            return
        plan = await self._blocking.run(self._load_or_write, address, ports, http)
        await self._make(plan)
        for line in summary(plan, self._boot.data_dir / FILE_NAME):
            self._say(line)

    def _load_or_write(self, address: str, ports: Ports | None, http: tuple[str, ...]) -> Plan:
        path = self._boot.data_dir / FILE_NAME
        if path.exists():
            return read_plan(path)
        assert ports is not None  # chosen whenever the file is missing
        plan = Plan(address, self._new_password(), self._new_password(), ports, http)
        write_private(path, json.dumps(plan.as_json(), indent=2))
        return plan

    async def _make(self, plan: Plan) -> None:
        self._say("quickstart: 1/5 administrator")
        await self._sign_up(plan)
        token = await self._users.sign_in(plan.address, plan.administrator_password, "127.0.0.1")
        viewer = await self._users.viewer(token, "127.0.0.1")
        installer = evolve(viewer, is_administrator=True)
        self._say("quickstart: 2/5 mail server, certificate")
        server = await self._make_once(
            "mail_server",
            "hostname",
            {
                "hostname": plan.hostname,
                "is_enabled": True,
                "listen_interface": str(plan.ports.smtp),
                "max_size": MAX_SIZE,
                "max_clients": MAX_CLIENTS,
                "always_on_tls": True,
                "authentication_required": True,
            },
            installer,
        )
        self._say("quickstart: 3/5 mail account, DKIM key")
        account = {"username": plan.address, "password": plan.password}
        await self._make_once("mail_account", "username", account, installer, {"mail_server_id": server})
        self._say("quickstart: 4/5 IMAP, outbound delivery on hold")
        for key, value in self._settings(plan).items():
            await self._configuration.set(key, value)
        await self._users.become_administrator(viewer, None, True)
        self._say("quickstart: 5/5 listeners")
        for report in await self._control.reconcile():
            self._say(f"  {report.interface} {report.name}: {report.action} {report.message}".rstrip())

    def _settings(self, plan: Plan) -> dict[str, str]:
        return {
            "hostname": plan.hostname,
            "imps.enabled": "true",
            "imap.enabled": "true",
            "imap.listen_interface": str(plan.ports.imap),
            "imap.hostname": plan.hostname,
            "mail.outbound.hold": "true",
        }

    async def _sign_up(self, plan: Plan) -> None:
        """Unless an earlier run did."""
        with contextlib.suppress(AlreadyExists):
            await self._users.sign_up("Administrator", plan.address, plan.administrator_password)

    async def _make_once(
        self, kind: str, key: str, attributes: dict[str, Any], viewer: Viewer, to_one: Mapping[str, Any] | None = None
    ) -> Any:
        """The reference of the row with this key, made unless an earlier run made it."""
        query = Query(conditions=(Condition(key, "is", attributes[key]),))
        found = (await self._records.list(kind, query, viewer)).records
        if found:
            return found[0].reference
        return (await self._records.create(Draft(kind, attributes, to_one or {}), viewer)).reference


def summary(plan: Plan, path: Path) -> list[str]:
    """What the operator needs to know, with three commands to paste."""
    smtp, imap = plan.ports.smtp.port, plan.ports.imap.port
    user = f"-sS --insecure --user '{plan.address}:{plan.password}'"
    return [
        "",
        f"daptinmail is ready.  HTTP API: {'  '.join(plan.http)}",
        f"  administrator  {plan.address}  password {plan.administrator_password}",
        f"  mail account   {plan.address}  password {plan.password}",
        f"  SMTP (submission)  {plan.hostname} or this machine's address, port {smtp}, SSL/TLS, normal password",
        f"  IMAP               {plan.hostname} or this machine's address, port {imap}, SSL/TLS, normal password",
        "  The certificate is self-signed: accept it in the client, or import one of your own.",
        "  Outbound delivery is on hold: mail to other domains waits in the outbox until you",
        "  set mail.outbound.hold to false.",
        f"  These credentials are shown once; they also stand in {path} (only its owner can read it).",
        "",
        "Send a message, see it arrive, read it:",
        "",
        f"  printf 'From: <{plan.address}>\\r\\nTo: <{plan.address}>\\r\\nSubject: Hello\\r\\n\\r\\nIt works.\\r\\n' |"
        f" curl {user} smtps://127.0.0.1:{smtp} --mail-from '{plan.address}' --mail-rcpt '{plan.address}' -T -",
        f"  curl {user} imaps://127.0.0.1:{imap}/INBOX -X 'FETCH 1:* (FLAGS ENVELOPE)'",
        f"  curl {user} 'imaps://127.0.0.1:{imap}/INBOX;MAILINDEX=1'",
        "",
    ]
