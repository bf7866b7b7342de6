"""``python -m bench --messages 10000 --peers dovecot,pymap``."""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench import machine
from bench.crowd import at_once
from bench.filling import fill
from bench.goals import OURS
from bench.measures.all import chosen
from bench.measures.measure import Measure
from bench.peers.choice import PEERS, make
from bench.profiling import profile
from bench.report import Run, as_json, table
from bench.site import Site
from bench.turns import Results, take_turns


def arguments() -> argparse.Namespace:
    """What was asked on the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="daptinmail beside other mail servers")
    parser.add_argument("--messages", type=int, default=10_000, help="in the large mailbox (10000)")
    parser.add_argument("--peers", default="dovecot", help=f"of {', '.join(sorted(PEERS.keys() - {OURS}))}")
    parser.add_argument("--files", action="store_true", help="put Maildir files there instead of APPEND; quicker")
    parser.add_argument("--only", default="", help="measurements whose names begin so, separated by commas")
    parser.add_argument("--sessions", type=int, default=1000, help="idle sessions whose memory is measured (1000)")
    parser.add_argument("--directory", type=Path, help="below which data are made; default the system's temporary one")
    parser.add_argument("--profile", type=Path, help="write where daptinmail's time goes to this directory (py-spy)")
    parser.add_argument("--keep", action="store_true", help="leave the data where they are")
    parser.add_argument("--json", type=Path, help="write every sample to this file")
    options = parser.parse_args()
    if options.profile and shutil.which("py-spy") is None:
        parser.error("--profile needs py-spy: pip install py-spy")
    return options


def say(text: str) -> None:
    """Progress."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def main() -> None:
    """Start, fill, measure, report, stop, remove."""
    options = arguments()
    names = [OURS, *(name for name in options.peers.split(",") if name and name != OURS)]
    directory = Path(tempfile.mkdtemp(prefix="bench-", dir=options.directory))
    sites = [Site(make(name, directory), options.messages, options.sessions) for name in names]
    try:
        asked = [site for site in sites if site.messages <= site.peer.maximum]
        run = measure(asked, directory, options)
        print(table(run))
        if options.profile:
            _profile(chosen(options.only), asked[0], options.profile)
    finally:
        for site in sites:
            site.part()
            site.peer.stop()
        if not options.keep:
            shutil.rmtree(directory)


def measure(sites: Sequence[Site], directory: Path, options: argparse.Namespace) -> Run:
    """Fill all sites at once, then take turns."""
    say(f"data in {directory}")
    before = machine.describe(directory)
    versions = {site.peer.name: site.peer.version() for site in sites}
    at_once(lambda index: _prepare(sites[index], options.files), len(sites))

    def run_of(results: Results) -> Run:
        results.busy = results.busy or machine.busy()
        return Run({**before, "load at the end": machine.load()}, versions, sites[0].messages, results)

    def keep(results: Results) -> None:
        if options.json:
            options.json.write_text(as_json(run_of(results)))

    return run_of(take_turns(chosen(options.only), sites, say, keep))


def _profile(measures: Sequence[Measure], site: Site, directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for one in measures:
        if one.repeatable:
            say(f"{one.name}: profile")
            profile(one, site, directory)


def _prepare(site: Site, as_files: bool) -> None:
    site.peer.start()
    begin = time.monotonic()
    fill(site.peer, site.messages, as_files)
    filled = time.monotonic()
    site.peer.process.settle()
    rest = time.monotonic()
    say(f"{site.peer.name}: filled in {filled - begin:.0f} s, at rest {rest - filled:.0f} s later")


if __name__ == "__main__":
    main()
