"""When a message goes round in circles (RFC 5321 §6.3)."""

from daptinmail.mail.reply import Reply

MAX_HOPS = 50

TOO_MANY_HOPS = Reply(554, "5.4.6", "Too many hops, this message is going round in circles")


def hops_refusal(received: int) -> Reply | None:
    """The refusal of a message that carries ``received`` Received fields already."""
    return TOO_MANY_HOPS if received > MAX_HOPS else None
