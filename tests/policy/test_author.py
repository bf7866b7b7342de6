"""Who a message says it is from."""

from twisted.trial.unittest import SynchronousTestCase

from daptinmail.mail.header import HeaderSection
from daptinmail.policy.author import MAX_DOMAINS, Author, read_author


class AuthorTests(SynchronousTestCase):
    """The From field."""

    def read(self, *fields: bytes) -> Author:
        """The author of a message with these From fields."""
        return read_author(HeaderSection(b"".join(b"From: " + one + b"\r\n" for one in fields) + b"\r\n"))

    def test_domains(self) -> None:
        """The domain of the address counts, not what the display name looks like; each domain once."""
        for field, domains in (
            (b"ann@Example.COM", ("example.com",)),
            (b'"bank@bank.example" <eve@evil.example>', ("evil.example",)),
            (b"bank@bank.example <eve@evil.example>", ("evil.example",)),
            (b"ann@example.com, bob@example.com, c@other.example", ("example.com", "other.example")),
            (b"Friends: ann@example.com;", ("example.com",)),
            ("ann@bücher.example".encode(), ("xn--bcher-kva.example",)),
            (b"ann@example.com.", ("example.com",)),
        ):
            self.assertEqual(self.read(field), Author(domains), field)

    def test_faults(self) -> None:
        """No field, no domain, and nothing that DNS could hold are said to be so."""
        self.assertEqual(self.read(), Author(fault="no From field"))
        for field in (
            b"",
            b"ann",
            b"ann@",
            b"ann@localhost",
            b"ann@[192.0.2.1]",
            b"a@\xff.example",
            b"a@b c.example",
            b"undisclosed:;",
        ):
            self.assertEqual(self.read(field), Author(fault="From has no domain"), field)
        self.assertEqual(self.read(b"ann@example.com, bob"), Author(("example.com",), "From has no domain"))

    def test_forged(self) -> None:
        """Several From fields, and authors of very many domains, are what no honest program writes."""
        found = self.read(b"ann@example.com", b"eve@evil.example")
        self.assertEqual(found, Author(("example.com", "evil.example"), "more than one From field", forged=True))
        many = self.read(b", ".join(b"a@d%d.example" % number for number in range(MAX_DOMAINS + 1)))
        self.assertEqual((len(many.domains), many.forged), (MAX_DOMAINS, True))
        self.assertFalse(self.read(b", ".join(b"a@d%d.example" % number for number in range(MAX_DOMAINS))).forged)
