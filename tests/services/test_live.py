"""How configured values are understood."""

from datetime import timedelta

from sqlalchemy import create_engine, insert
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.db.schema import config, metadata
from daptinmail.services.live import imap_hostname, read_live
from daptinmail.settings import ImapSettings, Interface, Live, QueueSettings
from tests.support.runtime import START


def live(**values: str) -> Live:
    """What these ``_config`` values mean; ``__`` stands for a dot."""
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    with engine.begin() as connection:
        for name, value in values.items():
            row = {"name": name.replace("__", "."), "value": value, "created_at": START}
            connection.execute(insert(config).values(row))
        return read_live(connection, "machine.example")


def imap(**values: str) -> ImapSettings:
    """The IMAP part."""
    return live(**values).imap


class ReadLiveTests(SynchronousTestCase):
    """The open points of the dialect, decided."""

    def test_defaults(self) -> None:
        """A fresh database: no IMAP, this machine's name, nothing held."""
        found = live()
        self.assertEqual(found.hostname, "machine.example")
        self.assertFalse(found.imap.enabled)
        self.assertFalse(found.outbound.hold)

    def test_queue(self) -> None:
        """How long mail is tried, when senders hear of it, and what an account may send."""
        found = live(
            mail__outbound__schedule="daptin",
            mail__outbound__lifetime__hours="48",
            mail__outbound__delay_notice__hours='"0.5"',
            mail__outbound__suppression="false",
            mail__outbound__messages_per_day="7",
            mail__outbound__new_recipients_per_day="0",
        ).queue
        self.assertEqual(found, QueueSettings("daptin", timedelta(days=2), timedelta(minutes=30), False, 7, 0))

    def test_queue_defaults(self) -> None:
        """Five days, four hours, 1,000 messages, 200 new recipients; nonsense counts as not set, zero is none."""
        usual = QueueSettings()
        self.assertEqual((usual.lifetime, usual.delay_notice), (timedelta(days=5), timedelta(hours=4)))
        self.assertEqual((usual.messages_per_day, usual.new_recipients_per_day), (1000, 200))
        keys = ("lifetime__hours", "delay_notice__hours", "messages_per_day", "new_recipients_per_day")
        for nonsense in ("", "-1", "soon", "1e9", "9" * 30):
            values = {f"mail__outbound__{key}": nonsense for key in keys}
            self.assertEqual(live(**values).queue, usual)
        self.assertEqual(live(mail__outbound__delay_notice__hours="0").queue.delay_notice, timedelta())
        self.assertEqual(live(mail__outbound__lifetime__hours="0").queue.lifetime, usual.lifetime)

    def test_host_names_go_on_the_wire(self) -> None:
        """What cannot be a host name is none: it would put lines of its own into SMTP commands and trace fields."""
        for text in ("a\r\nMAIL FROM:<x>", '"a\\u000ab"', "../x", "a b", "-", "x" * 300):
            found = live(hostname=text, imap__hostname=text)
            self.assertEqual((found.hostname, found.imap.hostname), ("machine.example", "imap.machine.example"))

    def test_the_seed(self) -> None:
        """imps.enabled, 0.0.0.0:465 and hostname imps.example.com: implicit TLS under that very name."""
        found = imap(imps__enabled="true", imap__listen_interface="0.0.0.0:465", hostname="imps.example.com")
        self.assertEqual(found, ImapSettings(True, Interface("0.0.0.0", 465), True, "imps.example.com"))

    def test_port_993(self) -> None:
        """Port 993 is implicit TLS, quoted or not; any other port is STARTTLS unless imps.enabled."""
        self.assertTrue(imap(imap__enabled="true", imap__listen_interface='"0.0.0.0:993"').implicit_tls)
        found = imap(imap__enabled='"true"', imap__listen_interface=":1143")
        self.assertEqual((found.implicit_tls, found.interface), (False, Interface("", 1143)))

    def test_default_interfaces(self) -> None:
        """Without a listen interface: 993 for implicit TLS, 1143 otherwise."""
        self.assertEqual(str(imap(imps__enabled="true").interface), "0.0.0.0:993")
        self.assertEqual(str(imap(imap__enabled="true").interface), ":1143")

    def test_imap_hostname(self) -> None:
        """imap.hostname; else a host name that already names IMAP; else imap. before it."""
        self.assertEqual(imap_hostname({"imap.hostname": "Mail.example.com"}, "x"), "mail.example.com")
        for name in ("imap.example.com", "imaps.example.com", "imps.example.com"):
            self.assertEqual(imap_hostname({}, name), name)
        self.assertEqual(imap_hostname({}, "example.com"), "imap.example.com")

    def test_bad_interface(self) -> None:
        """An address that cannot be read is kept as a fault, for the reconcile to report."""
        found = imap(imps__enabled="true", imap__listen_interface="nonsense")
        self.assertIsNone(found.interface)
        self.assertTrue(found.fault)

    def test_outbound_port(self) -> None:
        """A port that makes no sense, however long, is port 25: no value can keep the server from starting."""
        for text, port in {"2525": 2525, "0": 25, "65536": 25, "-1": 25, "x": 25, "9" * 5000: 25}.items():
            self.assertEqual(live(mail__outbound__port=text).outbound.port, port)
