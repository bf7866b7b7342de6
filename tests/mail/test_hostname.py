"""Host names."""

from twisted.trial.unittest import SynchronousTestCase

from daptinmail.mail.hostname import parse_hostname


class HostnameTests(SynchronousTestCase):
    """What may be a host name."""

    def test_good(self) -> None:
        """Case, a final dot and other scripts come out in one form."""
        for text, name in {
            "mail.example.com": "mail.example.com",
            " Mail.Example.COM. ": "mail.example.com",
            "localhost": "localhost",
            "a-1.b--c.9": "a-1.b--c.9",
            "b\u00fccher.example": "xn--bcher-kva.example",
            "Stra\u00dfe.example": "xn--strae-oqa.example",
        }.items():
            self.assertEqual(parse_hostname(text), name)

    def test_bad(self) -> None:
        """Anything that DNS or a header section could trip over is refused."""
        bad = ["", ".", "a..b", "-a.example", "a-.example", "a_b.example", "a b.example", "a\r\nb", "*.example.com"]
        bad += ["x" * 64 + ".example", "a." * 127 + "b", "example.com\n.net", "\ud800.example", "a/b", "a@b"]
        for text in bad:
            with self.assertRaises(ValueError, msg=text):
                parse_hostname(text)

    def test_wildcard(self) -> None:
        """A certificate may stand for all hosts of a domain, not for all of a top-level domain."""
        self.assertEqual(parse_hostname("*.Example.com", wildcard=True), "*.example.com")
        for text in ("*", "*.com", "a.*.com", "*.*.com", "*a.example.com"):
            with self.assertRaises(ValueError, msg=text):
                parse_hostname(text, wildcard=True)
