"""Structured logs."""

import io
import json
from contextlib import redirect_stdout

from twisted.logger import Logger
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.services.logs import json_lines


class JsonLinesTests(SynchronousTestCase):
    """For those who read logs by program."""

    def test_one_object_a_line(self) -> None:
        """Each event is one line of JSON with its fields under their own names, whatever they hold."""
        written = io.StringIO()
        with redirect_stdout(written):
            log = Logger(observer=json_lines())
            log.info("[{connection}] {trail}: received from {sender}", connection="c1", trail="f00f", sender="<>")
            log.info("[{connection}] two\nlines", connection="c2")
        first, second = (json.loads(line) for line in written.getvalue().splitlines())
        self.assertEqual((first["connection"], first["trail"], first["sender"]), ("c1", "f00f", "<>"))
        self.assertEqual((second["connection"], second["log_level"]["name"]), ("c2", "info"))
