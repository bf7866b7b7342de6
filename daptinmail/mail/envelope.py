"""The envelope of a message: what SMTP carries beside the content (RFC 5321 §2.3.1)."""

from collections.abc import Mapping

from attrs import field, frozen

from daptinmail.mail.address import Address


@frozen
class MailParameters:
    """Parameters of MAIL, checked for form by the wire (RFC 5321 §4.1.1.11).

    ``size`` in octets or ``None`` (RFC 1870), ``body`` "7BIT" or "8BITMIME" (RFC 6152), ``auth`` the
    AUTH= mailbox as sent (RFC 4954 §5). ``ret`` "FULL" or "HDRS", ``envid`` decoded (RFC 3461 §4.3, §4.4).
    """

    size: int | None = None
    body: str = "7BIT"
    smtputf8: bool = False
    auth: str | None = None
    ret: str | None = None
    envid: str | None = None


@frozen
class RecipientParameters:
    """Parameters of RCPT, checked for form by the wire.

    ``notify``: "NEVER", or some of SUCCESS, FAILURE and DELAY with commas (RFC 3461 §4.1); ``orcpt``: ``type;address``,
    the address decoded (§4.2).
    """

    notify: str | None = None
    orcpt: str | None = None


@frozen
class Envelope:
    """``return_path`` is ``None`` for the null path ``<>``; ``dsn`` has those recipients whose RCPT had parameters."""

    return_path: Address | None
    recipients: tuple[Address, ...] = ()
    parameters: MailParameters = MailParameters()
    dsn: Mapping[Address, RecipientParameters] = field(factory=dict)

    @property
    def notify(self) -> dict[Address, str]:
        """NOTIFY by recipient."""
        return {one: asked.notify for one, asked in self.dsn.items() if asked.notify is not None}

    @property
    def originals(self) -> dict[Address, str]:
        """ORCPT by recipient."""
        return {one: asked.orcpt for one, asked in self.dsn.items() if asked.orcpt is not None}
