"""Mail addresses."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.mail.address import Address, BadAddress


class AddressTests(SynchronousTestCase):
    """``Address``."""

    def test_usual(self) -> None:
        """Local part as written, domain in lower case, without the final dot."""
        self.assertEqual(Address.parse("Ann.B+x@Example.TEST."), Address("Ann.B+x", "example.test"))

    def test_quoted(self) -> None:
        """Quotes are undone, and put back only where they are needed."""
        self.assertEqual(Address.parse(r'"a \"b\""@c.test'), Address('a "b"', "c.test"))
        self.assertEqual(str(Address('a "b"', "c.test")), r'"a \"b\""@c.test')
        self.assertEqual(str(Address.parse('"ann"@c.test')), "ann@c.test")

    def test_literal(self) -> None:
        """Address literals are domains."""
        self.assertEqual(Address.parse("a@[192.0.2.1]").domain, "[192.0.2.1]")
        self.assertEqual(Address.parse("a@[IPv6:2001:db8::1]").domain, "[IPv6:2001:db8::1]")

    def test_international(self) -> None:
        """Addresses outside US-ASCII are taken (RFC 6531), with A-labels for DNS."""
        address = Address.parse("jörg@bücher.test")
        self.assertFalse(address.is_ascii)
        self.assertEqual(address.ascii_domain, "xn--bcher-kva.test")
        self.assertEqual(Address("a", "straße.test").ascii_domain, "xn--strae-oqa.test")  # strasse.test is another's
        self.assertRaises(BadAddress, lambda: Address("a", "\u2e80..test").ascii_domain)

    def test_refused(self) -> None:
        """What is no mailbox is refused."""
        for text in (
            *(
                "",
                "a",
                "@b",
                "a@",
                "a@b c",
                "a b@c",
                ".a@b",
                "a.@b",
                "a..b@c",
                "a@-b",
                "a@b-",
                "a@b..c",
                "<a@b>",
                "a@b@c",
            ),
            *(
                '"a@b',
                '"a"b@c',
                "a@[1.2.3]",
                "a@[",
                "a@b>",
                "@a:b@c",
                "a%b@c d",
                "a@b\r\n",
                "a\r@b",
                '"a\r\n"@b',
                '"\\\n"@b',
            ),
        ):
            self.assertRaises(BadAddress, Address.parse, text)

    def test_no_hidden_line_ends(self) -> None:
        """C1 controls, Unicode line separators and lone surrogates are refused everywhere."""
        for evil in "\x00\x7f\x80\x85\x9f\u2028\u2029\ud800\udfff":
            for text in (f"a{evil}@b.test", f'"a{evil}"@b.test', f"a@b{evil}.test"):
                self.assertRaises(BadAddress, Address.parse, text)

    def test_lengths(self) -> None:
        """The limits of RFC 5321 §4.5.3.1 count octets."""
        Address.parse("a" * 64 + "@b.test")
        for text in ("a" * 65 + "@b.test", "ä" * 33 + "@b.test", "a@" + "b" * 256, "a" * 60 + "@" + "b." * 97 + "test"):
            self.assertRaises(BadAddress, Address.parse, text)

    @given(st.text(max_size=40), st.sampled_from(["example.test", "bücher.test", "[192.0.2.1]"]))
    def test_round_trip(self, local: str, domain: str) -> None:
        """What is written can be read again, or is refused; nothing else is raised."""
        try:
            address = Address.parse(f"{local}@{domain}")
        except BadAddress:
            return
        self.assertEqual(Address.parse(str(address)), address)

    @given(st.text(alphabet=' !#[]~"\\abc.@äé', min_size=1, max_size=20))
    def test_any_local_part_can_be_quoted(self, local: str) -> None:
        """Any printable local part has a written form that reads back."""
        address = Address(local, "example.test")
        self.assertEqual(Address.parse(str(address)), address)
