"""Address lists as they come."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.mail.addresslist import GROUP_END, MAX_ADDRESSES, ListedAddress, parse_address_list


def group(name: bytes) -> ListedAddress:
    """The mark that begins a group."""
    return ListedAddress(None, None, name, None)


def entry(local: bytes, host: bytes, name: bytes | None = None, route: bytes | None = None) -> ListedAddress:
    """One address."""
    return ListedAddress(name, route, local, host)


class AddressListTests(SynchronousTestCase):
    """``parse_address_list``."""

    def check(self, value: bytes, *expected: ListedAddress) -> None:
        """``value`` reads as ``expected``."""
        self.assertEqual(parse_address_list(value), list(expected), value)

    def test_common(self) -> None:
        """Plain addresses, with and without a name."""
        self.check(b"a@b.test", entry(b"a", b"b.test"))
        self.check(b"Ann B. <a@b.test>, c@d.test", entry(b"a", b"b.test", b"Ann B."), entry(b"c", b"d.test"))
        self.check(b'"B, Ann" <a@b.test>', entry(b"a", b"b.test", b"B, Ann"))
        self.check(b"<a@b.test>", entry(b"a", b"b.test"))

    def test_quoting(self) -> None:
        """Escapes and quoted local parts are undone."""
        self.check(rb'"A \"x\" B" <a@b.test>', entry(b"a", b"b.test", b'A "x" B'))
        self.check(b'"a b"@c.test', entry(b"a b", b"c.test"))
        self.check(b'"Ann" "Bell" <a@b.test>', entry(b"a", b"b.test", b"Ann Bell"))

    def test_comments(self) -> None:
        """A comment serves as name if there is no other."""
        self.check(b"a@b.test (Ann (x) B)", entry(b"a", b"b.test", b"Ann (x) B"))
        self.check(b"Ann (c) <a@b.test>", entry(b"a", b"b.test", b"Ann"))
        self.check(b"a@b.test (open", entry(b"a", b"b.test", b"open"))

    def test_groups(self) -> None:
        """A group has a start and an end (RFC 9051 §7.5.2)."""
        self.check(b"undisclosed-recipients:;", group(b"undisclosed-recipients"), GROUP_END)
        self.check(
            b"x@y.test, My friends: a@b.test, C <c@d.test>; e@f.test",
            entry(b"x", b"y.test"),
            group(b"My friends"),
            entry(b"a", b"b.test"),
            entry(b"c", b"d.test", b"C"),
            GROUP_END,
            entry(b"e", b"f.test"),
        )
        self.check(b"open: a@b.test", group(b"open"), entry(b"a", b"b.test"), GROUP_END)

    def test_routes(self) -> None:
        """Obsolete source routes are kept apart (RFC 5322 §4.4)."""
        self.check(b"<@a.test,@b.test:c@d.test>", entry(b"c", b"d.test", None, b"@a.test,@b.test"))

    def test_no_domain(self) -> None:
        """An address without @ is no group: its host is empty, not absent."""
        self.check(b"root", entry(b"root", b""))
        self.check(b"Ann <root>", entry(b"root", b"", b"Ann"))
        self.check(b"Ann <>", entry(b"", b"", b"Ann"))

    def test_name_like_an_address(self) -> None:
        """A display name that imitates an address stays a name."""
        self.check(b"boss@bank.test <eve@evil.test>", entry(b"eve", b"evil.test", b"boss@bank.test"))

    def test_obsolete_blanks(self) -> None:
        """Blanks around dots are no part of an address (RFC 5322 §4.4), unless quoted."""
        self.check(b"J . D <j . d @ e . test>", entry(b"j.d", b"e.test", b"J . D"))
        self.check(b'"a . b"@c . test', entry(b"a . b", b"c.test"))

    def test_text_after_an_address(self) -> None:
        """What follows an address is no part of it and no address of its own."""
        self.check(b"a@b.test Ann, c@d.test", entry(b"a", b"b.test"), entry(b"c", b"d.test"))
        self.check(b"<a@b.test> (x) Ann, <c@d.test> y@z.test", entry(b"a", b"b.test"), entry(b"c", b"d.test"))
        self.check(b"<a@b.test> <c@d.test>", entry(b"a", b"b.test"), entry(b"c", b"d.test"))

    def test_domain_literal(self) -> None:
        """Address literals are domains."""
        self.check(b"a@[IPv6:::1]", entry(b"a", b"[IPv6:::1]"))

    def test_eight_bit(self) -> None:
        """8-bit names and addresses are kept."""
        self.check("Jörg <jörg@bücher.test>".encode(), entry("jörg".encode(), "bücher.test".encode(), "Jörg".encode()))

    def test_nothing(self) -> None:
        """Commas and blanks alone are no addresses."""
        for value in (b"", b" ", b",, ,", b"()", b'""', b";"):
            self.check(value)

    def test_address_bomb(self) -> None:
        """Addresses over the limit are not listed."""
        self.assertEqual(len(parse_address_list(b"a@b.test," * 5000)), MAX_ADDRESSES)
        self.assertLessEqual(len(parse_address_list(b"(x) a@b.test," * 5000)), MAX_ADDRESSES + 1)

    @given(st.lists(st.sampled_from([*map(bytes, zip(b'a@<>,:;()"\\[] .')), b"a@b", b"<a@b>", b"\xff", b"\0"])))
    def test_any_value(self, pieces: list[bytes]) -> None:
        """Nothing raises, and groups are balanced."""
        depth = 0
        for one in parse_address_list(b"".join(pieces)):
            if one.host is None:
                depth += 1 if one.mailbox is not None else -1
            self.assertIn(depth, (0, 1))
        self.assertEqual(depth, 0)
