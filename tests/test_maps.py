"""The map of each package."""

import re
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import daptinmail

ROOT = Path(daptinmail.__file__).parent
SCRIPTS = {"versions"}  # numbered, and found by Alembic


class MapsTests(SynchronousTestCase):
    """``__init__`` docstrings."""

    def test_every_module_is_on_the_map(self) -> None:
        """Whoever opens a package finds each of its modules named in the docstring, with what it is for."""
        for init in ROOT.rglob("__init__.py"):
            package = init.parent
            modules = {path.stem for path in package.glob("*.py")} - {"__init__"}
            modules |= {path.parent.name for path in package.glob("*/__init__.py")}
            named = set(re.findall(r"``(\w+)``", init.read_text()))
            if package.name not in SCRIPTS:
                self.assertEqual(modules - named, set(), package.name)
