"""Arguments of MAIL and RCPT."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.errors import PermanentError
from daptinmail.mail.address import Address
from daptinmail.mail.envelope import MailParameters
from daptinmail.smtp.parameters import parse_mail, parse_rcpt


def rcpt(argument: str, smtputf8: bool = False) -> str:
    """The recipient as text."""
    return str(parse_rcpt(argument.encode(), "mail.example.test", smtputf8))


class Mail(SynchronousTestCase):
    """MAIL FROM."""

    def test_paths(self) -> None:
        """The null path, plain and quoted local parts, literals, routes that are dropped."""
        for argument, wanted in (
            ("FROM:<>", None),
            ("from:<a@b.test>", "a@b.test"),
            ("FROM: <a@B.Test>", "a@b.test"),
            ('FROM:<"a b>c"@b.test>', '"a b>c"@b.test'),
            ("FROM:<@x.test,@y.test:a@b.test>", "a@b.test"),
            ("FROM:<a@[192.0.2.1]>", "a@[192.0.2.1]"),
            ("FROM:<a@[IPv6:2001:db8::1]>", "a@[IPv6:2001:db8::1]"),
        ):
            address, parameters = parse_mail(argument.encode())
            self.assertEqual(address and str(address), wanted)
            self.assertEqual(parameters, MailParameters())

    def test_parameters(self) -> None:
        """All that are offered, in any case of letters."""
        _, parameters = parse_mail(b"FROM:<> size=100 BODY=8bitmime SMTPUTF8  AUTH=a+3Db@c.test")
        self.assertEqual(parameters, MailParameters(100, "8BITMIME", True, "a+3Db@c.test"))
        self.assertEqual(parse_mail(b"FROM:<> AUTH=<>")[1].auth, "<>")

    def refused(self, argument: bytes, code: int, status: str) -> None:
        """``argument`` is refused with this reply."""
        error = self.assertRaises(PermanentError, parse_mail, argument)
        self.assertEqual((error.reply.code, error.reply.status), (code, status), argument)

    def test_refused(self) -> None:
        """Everything else is refused, with the code that says why."""
        for argument, code, status in (
            (b"", 501, "5.5.4"),
            (b"TO:<a@b.test>", 501, "5.5.4"),
            (b"FROM:", 501, "5.1.7"),
            (b"FROM:a@b.test", 501, "5.1.7"),
            (b"FROM:<a@b.test", 501, "5.1.7"),
            (b"FROM:<a@b.test>SIZE=1", 501, "5.1.7"),
            (b"FROM:<a>", 501, "5.1.7"),
            (b"FROM:<a b@c.test>", 501, "5.1.7"),
            (b"FROM:<a@b@c.test>", 501, "5.1.7"),
            (b"FROM:<@b.test>", 501, "5.1.7"),
            (b"FROM:<" + b"a" * 65 + b"@b.test>", 501, "5.1.7"),
            (b"FROM:<> SIZE=1 SIZE=2", 501, "5.5.4"),
            (b"FROM:<> SIZE", 501, "5.5.4"),
            (b"FROM:<> SIZE=-1", 501, "5.5.4"),
            (b"FROM:<> SIZE=" + b"9" * 21, 501, "5.5.4"),
            (b"FROM:<> BODY=BINARYMIME", 555, "5.5.4"),
            (b"FROM:<> BODY", 555, "5.5.4"),
            (b"FROM:<> SMTPUTF8=yes", 501, "5.5.4"),
            (b"FROM:<> AUTH=a+zz", 501, "5.5.4"),
            (b"FROM:<> RET=HDRS", 555, "5.5.4"),
            (b"FROM:<> X=", 501, "5.5.4"),
            (b"FROM:<\xc3\xa9@b.test>", 553, "5.6.7"),
            (b"FROM:<\xe9@b.test> SMTPUTF8", 553, "5.6.7"),
        ):
            self.refused(argument, code, status)

    def test_non_ascii_with_smtputf8(self) -> None:
        """RFC 6531."""
        address, parameters = parse_mail("FROM:<é@bücher.test> SMTPUTF8".encode())
        self.assertEqual((address, parameters.smtputf8), (Address("é", "bücher.test"), True))


class Rcpt(SynchronousTestCase):
    """RCPT TO."""

    def test_paths(self) -> None:
        """The recipient is the final address, whatever the spelling tries."""
        self.assertEqual(rcpt("TO:<a@b.test>"), "a@b.test")
        self.assertEqual(rcpt("to:<@relay.test:a@b.test>"), "a@b.test")
        self.assertEqual(rcpt("TO:<a%far.test@b.test>"), "a%far.test@b.test")
        self.assertEqual(rcpt("TO:<far.test!a@b.test>"), "far.test!a@b.test")
        self.assertEqual(rcpt('TO:<"a@far.test"@b.test>'), '"a@far.test"@b.test')
        self.assertEqual(rcpt("TO:<Postmaster>"), "postmaster@mail.example.test")
        self.assertEqual(rcpt("TO:<é@b.test>", smtputf8=True), "é@b.test")

    def test_refused(self) -> None:
        """No null recipient, no bare name, no second domain, no parameter."""
        for argument, code in (
            ("TO:<>", 501),
            ("TO:<ann>", 501),
            ("TO:<a@b.test@far.test>", 501),
            ("TO:<a@b.test> NOTIFY=NEVER", 555),
            ("TO:<é@b.test>", 553),
            ("FROM:<a@b.test>", 501),
        ):
            error = self.assertRaises(PermanentError, rcpt, argument)
            self.assertEqual(error.reply.code, code, argument)


OCTETS = st.lists(
    st.sampled_from(
        [b"<", b">", b"a", b"@", b".", b'"', b"\\", b" ", b":", b",", b"=", b"SIZE", b"9", b"\xc3\xa9", b"+"]
    )
).map(b"".join)


class AnyOctets(SynchronousTestCase):
    """Properties."""

    @given(st.one_of(OCTETS, st.binary(max_size=60)))
    def test_only_refusals(self, octets: bytes) -> None:
        """Whatever is sent, there is an address or a refusal, never another error."""
        for parse in (
            lambda: parse_mail(b"FROM:" + octets),
            lambda: parse_mail(b"FROM:<a@b.test> " + octets),
            lambda: parse_rcpt(b"TO:" + octets, "mail.example.test", True),
        ):
            try:
                parse()
            except PermanentError as error:
                self.assertTrue(error.reply.permanent)

    @given(st.emails())
    def test_every_address(self, text: str) -> None:
        """What is an address is taken as it is."""
        try:
            address = Address.parse(text)
        except ValueError:
            return
        self.assertEqual(parse_mail(b"FROM:<%s> SMTPUTF8" % str(address).encode())[0], address)
