"""The benchmark runs: every measurement once, against this server alone, on a few messages. Nothing is timed here."""

import shutil
import tempfile
from pathlib import Path

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from bench.filling import fill
from bench.goals import OURS
from bench.measures.all import chosen
from bench.peers.choice import make
from bench.site import Site
from bench.turns import take_turns

FEW = 60


class BenchTests(SynchronousTestCase):
    """A benchmark that no longer runs is found here."""

    def test_runs(self) -> None:
        """Every answer is complete, and nothing fails."""
        directory = Path(tempfile.mkdtemp(prefix="daptinmail-bench-"))
        self.addCleanup(shutil.rmtree, directory)
        site = Site(make(OURS, directory), FEW, sessions=3)
        self.addCleanup(site.peer.stop)
        self.addCleanup(site.part)
        site.peer.start()
        fill(site.peer, FEW)
        names = "select,fetch,search,store,catchup,memory,copy,move,expunge"
        results = take_turns([evolve(one, turns=1) for one in chosen(names)], [site], lambda text: None)
        self.assertEqual(results.failures, {})
        self.assertGreater(len(results.samples), len(names.split(",")))
