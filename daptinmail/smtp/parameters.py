"""The arguments of MAIL and RCPT (RFC 5321 §4.1.1.2, §4.1.1.3, §4.1.2; RFC 6531 §3.3). Pure."""

import re
from collections.abc import Callable, Mapping

from attrs import frozen

from daptinmail.errors import Malformed, Refused
from daptinmail.mail.address import Address, BadAddress
from daptinmail.mail.envelope import MailParameters
from daptinmail.mail.reply import Reply

# Path = "<" [ A-d-l ":" ] Mailbox ">"; a quoted local part may hold ">" and spaces.
_PATH = re.compile(rb' *<((?:"(?:[^"\\]|\\.)*"|[^"<> ])*)>(?: +(.*))?', re.DOTALL)
_ROUTE = re.compile(r"@[^@,: ]+(?:,@[^@,: ]+)*:")
_PARAMETER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([!-<>-~\u0080-\U0010ffff]+))?")
_SIZE = re.compile(r"[0-9]{1,20}")
_XTEXT = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})+")


@frozen
class Path:
    """What stood after FROM: or TO:. ``address`` is ``None`` for the null path."""

    address: Address | None
    parameters: Mapping[str, str | None]


def unknown_parameter(what: str) -> Refused:
    """RFC 5321 §4.1.1.11."""
    return Refused(Reply(555, "5.5.4", f"{what} not supported"))


def parse_mail(argument: bytes) -> tuple[Address | None, MailParameters]:
    """Read the argument of MAIL.

    Raises:
        Malformed: not the grammar, or a parameter given twice.
        Refused: an unknown parameter, or a path that needs SMTPUTF8.
    """
    path = _parse_path(b"FROM:", argument, "5.1.7", allow_null=True)
    parameters = _mail_parameters(path.parameters)
    _require_smtputf8(path.address, parameters.smtputf8)
    return path.address, parameters


def parse_rcpt(argument: bytes, hostname: str, smtputf8: bool) -> Address:
    """Read the argument of RCPT. ``Postmaster`` alone is the postmaster of ``hostname`` (RFC 5321 §4.5.1).

    A source route is dropped, as RFC 5321 appendix C allows: only the final address counts.

    Raises:
        Malformed, Refused: as ``parse_mail``.
    """
    if re.fullmatch(rb" *<postmaster>", argument[3:], re.IGNORECASE) and argument[:3].upper() == b"TO:":
        return Address("postmaster", hostname.lower())
    path = _parse_path(b"TO:", argument, "5.1.3", allow_null=False)
    for name in path.parameters:
        raise unknown_parameter(f"RCPT parameter {name}")
    if path.address is None:
        raise Refused(Reply(501, "5.1.3", "Empty recipient"))
    _require_smtputf8(path.address, smtputf8)
    return path.address


def _parse_path(keyword: bytes, argument: bytes, status: str, allow_null: bool) -> Path:
    if argument[: len(keyword)].upper() != keyword:
        raise Malformed(f"Expected {keyword.decode()}<address>")
    match = _PATH.fullmatch(argument, len(keyword))
    if match is None:
        raise Refused(Reply(501, status, "Bad address syntax, expected <address>"))
    mailbox, rest = _text(match[1]), _text(match[2] or b"")
    if not mailbox:
        if not allow_null:
            raise Refused(Reply(501, status, "Empty address"))
        return Path(None, _split(rest))
    route = _ROUTE.match(mailbox)
    try:
        address = Address.parse(mailbox[route.end() :] if route else mailbox)
    except BadAddress as error:
        raise Refused(Reply(501, status, str(error))) from error
    return Path(address, _split(rest))


def _text(octets: bytes) -> str:
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(Reply(553, "5.6.7", "Address is not valid UTF-8")) from error


def _split(text: str) -> dict[str, str | None]:
    parameters: dict[str, str | None] = {}
    for word in text.split():
        match = _PARAMETER.fullmatch(word)
        if match is None:
            raise Malformed("Bad parameter syntax")
        name = match[1].upper()
        if name in parameters:
            raise Malformed(f"Parameter {name} given twice")
        parameters[name] = match[2]
    return parameters


def _size(value: str | None) -> int:
    if value is None or not _SIZE.fullmatch(value):
        raise Malformed("SIZE needs a number of octets")  # RFC 1870 §6
    return int(value)


def _body(value: str | None) -> str:
    body = (value or "").upper()
    if body not in {"7BIT", "8BITMIME"}:  # RFC 6152 §2; BINARYMIME needs CHUNKING (RFC 3030 §3)
        raise unknown_parameter(f"BODY={body}" if body.isascii() else "That BODY")
    return body


def _smtputf8(value: str | None) -> bool:
    if value is not None:
        raise Malformed("SMTPUTF8 takes no value")  # RFC 6531 §3.4
    return True


def _auth(value: str | None) -> str:
    if value is None or not (value == "<>" or _XTEXT.fullmatch(value)):
        raise Malformed("AUTH needs a mailbox in xtext, or <>")  # RFC 4954 §5
    return value


_KNOWN: dict[str, Callable[[str | None], object]] = {
    "SIZE": _size,
    "BODY": _body,
    "SMTPUTF8": _smtputf8,
    "AUTH": _auth,
}


def _mail_parameters(given: Mapping[str, str | None]) -> MailParameters:
    values = {}
    for name, value in given.items():
        if name not in _KNOWN:
            raise unknown_parameter(f"MAIL parameter {name}")
        values[name.lower()] = _KNOWN[name](value)
    return MailParameters(**values)  # type: ignore[arg-type]  # each reader answers its field's type


def _require_smtputf8(address: Address | None, smtputf8: bool) -> None:
    if address is not None and not address.is_ascii and not smtputf8:
        raise Refused(Reply(553, "5.6.7", "This address needs SMTPUTF8"))  # RFC 6531 §3.5
