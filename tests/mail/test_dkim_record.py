"""The DNS record of a DKIM key."""

from twisted.trial.unittest import SynchronousTestCase

from daptinmail.mail.dkim_record import is_rsa_public_key, parse_selector, record_name, record_text, zone_line
from tests.support.certificates import material


class DkimRecordTests(SynchronousTestCase):
    """Name, text, zone line."""

    def test_record(self) -> None:
        """The record carries the public key without its armour."""
        text = record_text(material().public_key_pem)
        self.assertTrue(text.startswith("v=DKIM1; k=rsa; p=MIIB"))
        self.assertTrue(text.endswith("IDAQAB"))
        self.assertNotIn("\n", text)
        self.assertEqual(record_name("d1", "example.com"), "d1._domainkey.example.com")

    def test_zone_line(self) -> None:
        """A zone file gets strings of at most 255 octets that join to the text."""
        text = record_text(material().public_key_pem)
        line = zone_line("d1._domainkey.example.com", text)
        strings = line.split('"')[1::2]
        self.assertTrue(line.startswith('d1._domainkey.example.com. 3600 IN TXT ("v=DKIM1;'))
        self.assertEqual([len(strings), len(strings[0])], [2, 255])
        self.assertEqual("".join(strings), text)

    def test_selector(self) -> None:
        """Only a valid label may be a selector; all else means d1."""
        for text, selector in {
            None: "d1",
            "": "d1",
            "2026a": "2026a",
            '"D2"': "d2",
            "a.b": "d1",
            "a b": "d1",
            "-x": "d1",
            "x" * 64: "d1",
        }.items():
            self.assertEqual(parse_selector(text), selector)

    def test_rsa_only(self) -> None:
        """Other keys, and what is no key, are told apart."""
        self.assertTrue(is_rsa_public_key(material().public_key_pem))
        for text in ("", "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n", "x y"):
            self.assertFalse(is_rsa_public_key(text))
