"""What a sender asked to be told, handed on to hosts that offer DSN (RFC 3461 §5.2.1)."""

from daptinmail.interfaces.transfer import TransferRequest
from daptinmail.mail.address import Address

_PLAIN = frozenset(map(chr, range(33, 127))) - frozenset("+=")
_PLAIN_UTF8 = _PLAIN - frozenset("\\")
MAX_ORCPT = 500  # octets, RFC 3461 §5.3


def mail_words(request: TransferRequest) -> list[str]:
    """Parameters of MAIL."""
    words = []
    if request.returned_part:
        words.append(f"RET={request.returned_part}")
    if request.envelope_id:
        words.append(f"ENVID={xtext(request.envelope_id)}")
    return words


def recipient_words(request: TransferRequest, recipient: Address) -> list[str]:
    """Parameters of RCPT."""
    words = []
    notify, original = request.notify.get(recipient), request.originals.get(recipient)
    if notify:
        words.append(f"NOTIFY={notify}")
    if original:
        kind, _, address = original.partition(";")
        written = f"{xtext(kind)};{utf8_xtext(address) if kind.lower() == 'utf-8' else xtext(address)}"
        if len(written) <= MAX_ORCPT:
            words.append(f"ORCPT={written}")
    return words


def xtext(text: str) -> str:
    """RFC 3461 §4."""
    octets = text.encode("utf-8", "replace")
    return "".join(chr(one) if chr(one) in _PLAIN else f"+{one:02X}" for one in octets)


def utf8_xtext(text: str) -> str:
    """An international address in US-ASCII (RFC 6533 §3)."""
    return "".join(one if one in _PLAIN_UTF8 else f"\\x{{{ord(one):02X}}}" for one in text)
