"""The ``twistd daptinmail`` command line -> ``settings.Boot`` -> the service tree."""

import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar

from twisted.application.service import IService
from twisted.internet.endpoints import serverFromString
from twisted.python import usage

from daptinmail import __version__
from daptinmail.errors import ConfigurationError
from daptinmail.mail.address import Address, BadAddress
from daptinmail.settings import DEFAULT_HTTP, Boot

if TYPE_CHECKING:
    from daptinmail.services.offline import Work

DATABASE_SCHEMES = ("sqlite:///", "postgresql://")


class ReindexOptions(usage.Options):
    """Options of ``reindex``: none of its own."""

    longdesc = "Give rows to message files in the Maildir trees that have none, with the UIDs in their names, and end."

    def work(self) -> "Work":
        """What to do."""
        from daptinmail.services.reindex import reindex

        return reindex


class VerifyOptions(usage.Options):
    """Options of ``verify``."""

    longdesc = "Compare rows and message files, say what differs, and end; with 1 if something does. Changes nothing."
    optParameters: ClassVar = [["account", None, None, "Only this account (its login name)."]]
    optFlags: ClassVar = [["deep", None, "Also read every message and compare what is kept about it."]]

    def work(self) -> "Work":
        """What to do."""
        from daptinmail.services.verify import VerifyWork

        return VerifyWork(self["account"], bool(self["deep"]))


class ExchangeOptions(usage.Options):
    """What ``import`` and ``export`` have in common."""

    def parseArgs(self, path: str) -> None:  # type: ignore[override]  # twisted.python.usage counts the arguments
        """One path."""
        self["path"] = Path(path).absolute()

    def postOptions(self) -> None:
        """An account must be named."""
        if not self["account"]:
            raise usage.UsageError("--account: name the login of an account")


class ImportOptions(ExchangeOptions):
    """Options of ``import``."""

    synopsis = "import --account LOGIN [--mailbox NAME] PATH"
    longdesc = (
        "Take the messages of an mbox file, or of a Maildir with its Maildir++ folders, into an account, and end."
    )
    optParameters: ClassVar = [
        ["account", None, None, "The account's login name."],
        ["mailbox", None, "INBOX", "The mailbox to fill; folders of a Maildir go below it."],
    ]

    def work(self) -> "Work":
        """What to do."""
        from daptinmail.services.exchange import ImportWork

        return ImportWork(self["account"], self["mailbox"], self["path"])


class ExportOptions(ExchangeOptions):
    """Options of ``export``."""

    synopsis = "export --account LOGIN [--mailbox NAME] [--format mbox|maildir] PATH"
    longdesc = "Write an account's messages into a new directory PATH, and end."
    optParameters: ClassVar = [
        ["account", None, None, "The account's login name."],
        ["mailbox", None, None, "Only this mailbox."],
        ["format", None, "maildir", "mbox (a file for each mailbox) or maildir (a Maildir++ tree)."],
    ]

    def postOptions(self) -> None:
        """Two formats are known."""
        super().postOptions()
        if self["format"] not in {"mbox", "maildir"}:
            raise usage.UsageError("--format: mbox or maildir")

    def work(self) -> "Work":
        """What to do."""
        from daptinmail.services.exchange import ExportWork

        return ExportWork(self["account"], self["mailbox"], self["format"], self["path"])


class Options(usage.Options):
    """Options of ``twistd daptinmail``."""

    synopsis = "[options]"
    longdesc = "A mail server (SMTP, IMAP, queue, DKIM) that is configured over HTTP."
    optParameters: ClassVar = [
        ["data-dir", None, "./daptinmail-data", "Directory for mail, queue and the default database."],
        [
            "database",
            None,
            None,
            "Database URL: sqlite:///PATH or postgresql://...  [default: SQLite in the data directory]",
        ],
        ["resolver", None, None, "DNS server to ask, HOST:PORT.  [default: the system's]"],
        ["quickstart", None, None, "Set everything up for this mail address, once."],
    ]

    subCommands: ClassVar = [
        ["reindex", None, ReindexOptions, "Rebuild message rows from the Maildir trees."],
        ["verify", None, VerifyOptions, "Compare message rows and files."],
        ["import", None, ImportOptions, "Take in an mbox file or a Maildir."],
        ["export", None, ExportOptions, "Write mbox files or a Maildir."],
    ]

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # twisted.python.usage
        self["http"] = []

    def opt_http(self, endpoint: str) -> None:
        """Serve HTTP on this Twisted endpoint; may be given several times.  [default: loopback 6336 and 8080]"""
        self["http"].append(endpoint)

    def opt_version(self) -> None:
        """Print the version and exit."""
        print(f"daptinmail {__version__}")
        sys.exit(0)

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """Parse, and turn what is wrong into one line and a non-zero exit."""
        try:
            super().parseOptions(options)  # type: ignore[no-untyped-call]  # twisted.python.usage
        except usage.UsageError as error:
            sys.exit(f"twistd daptinmail: {error}")

    def postOptions(self) -> None:
        """Check what can be checked before anything is opened."""
        try:
            self.boot = parse_boot(self)
        except ValueError as error:
            raise usage.UsageError(str(error)) from error


def parse_boot(options: Any) -> Boot:
    """The command line as a value.

    Raises:
        ValueError: an option is malformed; the text names it.
    """
    data_dir = Path(options["data-dir"]).absolute()
    database = options["database"] or f"sqlite:///{data_dir / 'daptinmail.sqlite'}"
    if not database.startswith(DATABASE_SCHEMES):
        raise ValueError("--database: the URL must begin with sqlite:/// or postgresql://")
    return Boot(
        data_dir=data_dir,
        database_url=database,
        http=tuple(_endpoint(text) for text in options["http"] or DEFAULT_HTTP),
        resolver=_resolver(options["resolver"]),
        quickstart=_quickstart(options["quickstart"]),
    )


def _endpoint(text: str) -> str:
    from twisted.internet import reactor  # the endpoint parser wants one; nothing listens yet

    try:
        serverFromString(reactor, text)
    except Exception as error:  # each kind of endpoint has its own; an ssl: one opens files
        raise ValueError(f"--http {text}: not a usable Twisted endpoint ({error})") from error
    return text


def _resolver(text: str | None) -> tuple[str, int] | None:
    if text is None:
        return None
    host, colon, port = text.rpartition(":")
    if not (colon and host and port.isdecimal() and 0 < int(port) < 65536):
        raise ValueError("--resolver: expected HOST:PORT")
    return host.strip("[]"), int(port)


def _quickstart(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return str(Address.parse(text))
    except BadAddress as error:
        raise ValueError(f"--quickstart: {error}") from error


def makeService(options: Options, reactor: Any = None) -> IService:
    """The service tree for ``twistd``; tests hand in a reactor."""
    from daptinmail.services.offline import OfflineCommand
    from daptinmail.services.root import Root

    if reactor is None:
        from twisted.internet import reactor

        sys.excepthook = one_line_for_operators
    if options.subCommand:
        return OfflineCommand(options.boot, reactor, options.subCommand, options.subOptions.work())
    return Root(options.boot, reactor)


def one_line_for_operators(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    """An ``excepthook``: what the operator can mend is one line, everything else a traceback.

    The line goes to the real standard error; twistd has put its log in the place of the other.
    """
    if isinstance(error, ConfigurationError):
        print(f"twistd daptinmail: {error.text}", file=sys.__stderr__)
    else:
        sys.__excepthook__(kind, error, traceback)
