"""What the fields of a user may hold."""

from daptinmail.accounts.passwords import MAX_PASSWORD
from daptinmail.errors import Invalid
from daptinmail.mail.address import Address, BadAddress

MIN_PASSWORD = 8  # characters
MAX_NAME = 80  # characters, also of the e-mail address


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
