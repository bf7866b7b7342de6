"""The envelope of a message: what SMTP carries beside the content (RFC 5321 §2.3.1)."""

from attrs import frozen

from daptinmail.mail.address import Address


@frozen
class MailParameters:
    """Parameters of MAIL, checked for form by the wire (RFC 5321 §4.1.1.11).

    ``size`` in octets or ``None`` (RFC 1870), ``body`` "7BIT" or "8BITMIME" (RFC 6152), ``auth`` the
    AUTH= mailbox as sent (RFC 4954 §5).
    """

    size: int | None = None
    body: str = "7BIT"
    smtputf8: bool = False
    auth: str | None = None


@frozen
class Envelope:
    """``return_path`` is ``None`` for the null path ``<>``."""

    return_path: Address | None
    recipients: tuple[Address, ...] = ()
    parameters: MailParameters = MailParameters()
