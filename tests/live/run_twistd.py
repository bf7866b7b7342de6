"""``twistd``, whose lines are counted when coverage is measured: it dies of its signal, before Python's exit does."""

import contextlib

from twisted.scripts.twistd import run

with contextlib.suppress(ImportError):
    from coverage import Coverage

    measured = Coverage.current()
    if measured is not None:
        from twisted.internet import reactor

        reactor.addSystemEventTrigger("after", "shutdown", measured.save)

run()
