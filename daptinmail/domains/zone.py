"""Wanted records as a piece of a zone file (RFC 1035 §5.1)."""

from collections.abc import Sequence

from daptinmail.interfaces.domains import NEEDED, WantedRecord
from daptinmail.mail.dkim_record import TTL, zone_line


def zone_snippet(domain: str, records: Sequence[WantedRecord]) -> str:
    """Lines to paste; what belongs elsewhere, or is not known here, is a comment."""
    lines = [f"; What {domain} needs. Lines marked 'advised' may be left out."]
    for weight in dict.fromkeys(record.weight for record in records):
        if weight != NEEDED:
            lines += ["", f"; {weight}"]
        lines += [_line(record) for record in records if record.weight == weight]
    return "\n".join(lines) + "\n"


def _line(record: WantedRecord) -> str:
    if not record.value:
        return f"; {record.name}. {TTL} IN {record.type} <the public address of this machine>"
    if record.type == "TXT":
        return zone_line(record.name, record.value)
    line = f"{record.name}. {TTL} IN {record.type} {record.value}"
    return f"; with the owner of the address: {line}" if record.type == "PTR" else line
