"""Structured logs: ``twistd --logger=daptinmail.services.logs.json_lines daptinmail`` writes one JSON object a line."""

import sys

from twisted.logger import ILogObserver, jsonFileLogObserver


def json_lines() -> ILogObserver:
    """Every log event with its fields (``connection``, ``trail``, ...) as one line on standard output."""
    return jsonFileLogObserver(sys.stdout, recordSeparator="")
