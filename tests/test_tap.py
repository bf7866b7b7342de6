"""The command line."""

from pathlib import Path

from twisted.application.service import IServiceMaker
from twisted.plugin import getPlugins
from twisted.python.usage import UsageError
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.settings import DEFAULT_HTTP
from daptinmail.tap import Options


class OptionsTests(SynchronousTestCase):
    """``twistd daptinmail`` options become a ``Boot``."""

    def parse(self, *words: str) -> Options:
        """Options from words."""
        options = Options()
        options.parseOptions(words)
        return options

    def test_defaults(self) -> None:
        """Data beside the user, SQLite inside it, HTTP on both loopback ports."""
        boot = self.parse().boot
        self.assertEqual(boot.data_dir, Path.cwd() / "daptinmail-data")
        self.assertEqual(boot.database_url, f"sqlite:///{boot.data_dir}/daptinmail.sqlite")
        self.assertEqual(boot.http, DEFAULT_HTTP)
        self.assertIsNone(boot.resolver)

    def test_all(self) -> None:
        """Every option has its place."""
        boot = self.parse(
            *("--data-dir", "/x", "--database", "postgresql://h/d", "--http", "tcp:1", "--http", "tcp:2"),
            *("--resolver", "[::1]:53", "--quickstart", "a@b.test"),
        ).boot
        self.assertEqual((boot.data_dir, boot.database_url), (Path("/x"), "postgresql://h/d"))
        self.assertEqual(boot.http, ("tcp:1", "tcp:2"))
        self.assertEqual((boot.resolver, boot.quickstart), (("::1", 53), "a@b.test"))

    def test_faults(self) -> None:
        """A malformed option ends the command with one line that names it."""
        for words, name in (
            (("--resolver", "x"), "--resolver"),
            (("--resolver", "x:0"), "--resolver"),
            (("--quickstart", "x"), "--quickstart"),
            (("--database", "oracle://"), "--database"),
            (("--http", "nonsense"), "--http"),
            (("--http", "ssl:8443:privateKey=/no/such/key"), "--http"),
            (("--http", "ssl:8443:privateKey=/dev/null"), "--http"),
            (("surplus",), "surplus"),
        ):
            error = self.assertRaises(SystemExit, self.parse, *words)
            self.assertNotIsInstance(error, UsageError)
            self.assertIn(name, str(error))
            self.assertNotIn("\n", str(error))


class PluginTests(SynchronousTestCase):
    """``twistd`` finds us."""

    def test_listed(self) -> None:
        """The plugin is listed, and names the module by string."""
        (maker,) = (plugin for plugin in getPlugins(IServiceMaker) if plugin.tapname == "daptinmail")
        self.assertEqual(getattr(maker, "module", ""), "daptinmail.tap")
