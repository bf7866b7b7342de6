"""What the fields of users, mail servers and mail accounts may hold."""

import re
from typing import Any

from daptinmail.accounts.addresses import account_address
from daptinmail.accounts.passwords import MAX_PASSWORD
from daptinmail.errors import Invalid
from daptinmail.interfaces.credentials import SERVICES
from daptinmail.mail.address import Address, BadAddress
from daptinmail.mail.hostname import parse_hostname
from daptinmail.settings import parse_interface

MIN_PASSWORD = 8  # characters
MAX_NAME = 80  # characters, also of the e-mail address
MAX_LOGIN = 100  # characters of a user name or a host name
MAX_NUMBER = 2**31 - 1


def check_name(name: str) -> str:
    """The name without blanks around it.

    Raises:
        Invalid: empty, too long, or with control characters.
    """
    name = name.strip()
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        raise Invalid(fields={"name": f"must have 1 to {MAX_NAME} printable characters"})
    return name


def check_email(email: str) -> str:
    """The e-mail address in lower case.

    Raises:
        Invalid: not an address, or too long.
    """
    try:
        address = Address.parse(email.strip().lower())
    except BadAddress:
        raise Invalid(fields={"email": "must be an e-mail address"}) from None
    if len(str(address)) > MAX_NAME:
        raise Invalid(fields={"email": f"must not be longer than {MAX_NAME} characters"})
    return str(address)


def check_password(password: str) -> None:
    """See that a new password of a user may be used.

    Raises:
        Invalid: shorter than 8 characters, or longer than 1024 octets.
    """
    if len(password) < MIN_PASSWORD or len(password.encode("utf-8", "replace")) > MAX_PASSWORD:
        raise Invalid(
            fields={"password": f"must have at least {MIN_PASSWORD} characters, at most {MAX_PASSWORD} octets"}
        )


def check_hostname(value: Any) -> str:
    """The host name of a server, lower case.

    Raises:
        Invalid: names ``hostname``.
    """
    try:
        hostname = parse_hostname(str(value or ""))
    except ValueError as error:
        raise Invalid(fields={"hostname": str(error)}) from None
    if len(hostname) > MAX_LOGIN:
        raise Invalid(fields={"hostname": f"is longer than {MAX_LOGIN} characters"})
    return hostname


def check_interface(value: Any) -> str:
    """A listen interface as it is stored.

    Raises:
        Invalid: names ``listen_interface``.
    """
    text = str(value or "").strip()
    try:
        parse_interface(text)
    except ValueError as error:
        raise Invalid(fields={"listen_interface": str(error)}) from None
    return text


def check_number(name: str, value: Any, least: int) -> int:
    """A whole number, perhaps as text, of ``least`` or more.

    Raises:
        Invalid: names ``name``.
    """
    try:
        number = int(str(value))
    except (TypeError, ValueError):
        raise Invalid(fields={name: "must be a number"}) from None
    if not least <= number <= MAX_NUMBER:
        raise Invalid(fields={name: f"must be {least} at least and {MAX_NUMBER} at most"})
    return number


def check_fingerprint(value: Any) -> str | None:
    """A certificate's SHA-256 fingerprint as it is stored; OpenSSL's form with colons is welcome. Empty for none.

    Raises:
        Invalid: names ``certificate_fingerprint``.
    """
    text = str(value or "").strip().lower()
    text = text.removeprefix("sha256 fingerprint=").replace(":", "").replace(" ", "")
    if text and not re.fullmatch("[0-9a-f]{64}", text):
        raise Invalid(fields={"certificate_fingerprint": "must be a SHA-256 fingerprint, 64 hexadecimal digits"})
    return text or None


def check_protocols(value: Any) -> str:
    """What an app password may be used for: imap, smtp or both, separated by commas.

    Raises:
        Invalid: names ``protocols``.
    """
    names = {name.strip() for name in str(value or "").lower().split(",")}
    if not names <= set(SERVICES):
        raise Invalid(fields={"protocols": f"must be one or more of {', '.join(SERVICES)}"})
    return ",".join(sorted(names))


def check_username(value: Any) -> str:
    """The login name of a mail account.

    Raises:
        Invalid: names ``username``.
    """
    username = str(value or "")
    if not username or username != username.strip() or not username.isprintable():
        raise Invalid(fields={"username": "must be printable, without blanks around it"})
    if len(username) > MAX_LOGIN:
        raise Invalid(fields={"username": f"is longer than {MAX_LOGIN} characters"})
    # Not yet known which server; any host name shows whether the name can be an address.
    account_address(username, "example.com")
    return username
