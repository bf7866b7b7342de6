"""What another implementation signs and seals, verifies here: Mail::DKIM, in Perl."""

from pathlib import Path

from twisted.trial.unittest import SkipTest

from tests.dkim.signing import MESSAGE
from tests.dkim.support import pem_of, rsa_key
from tests.dkim.test_verifier import VerifierCase
from tests.live.harness import missing, run

HEAD = MESSAGE.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
BODIES = (b"At  five.  \r\n\r\n\r\n", b"", b"\r\n\r\n", b"long \t line \r\n" * 5000, b".dot\r\n..\r\n")
LOAD = "use Mail::DKIM::PrivateKey; my ($file, $how) = @ARGV; my $key = Mail::DKIM::PrivateKey->load(File => $file);"
TAKE = "binmode STDIN; binmode STDOUT; local $/; my $text = <STDIN>; $signer->PRINT($text); $signer->CLOSE;"
SIGN = (
    f"use Mail::DKIM::Signer; {LOAD} my $signer = Mail::DKIM::Signer->new(Algorithm => 'rsa-sha256', Method => $how,"
    f" Domain => 'example.test', Selector => 'd1', Key => $key); {TAKE}"
    ' print $signer->signature->as_string, "\\r\\n", $text;'
)
SEAL = (
    f"use Mail::DKIM::ARC::Signer; {LOAD} my $signer = Mail::DKIM::ARC::Signer->new(Algorithm => 'rsa-sha256',"
    f" Chain => $how, SrvId => 'mx.test', Domain => 'example.test', Selector => 'd1', Key => $key); {TAKE}"
    " print join('', map {{ \"$_\\r\\n\" }} reverse $signer->as_strings), $text;".replace("{{", "{").replace("}}", "}")
)


class PerlTests(VerifierCase):
    """Mail::DKIM."""

    def setUp(self) -> None:
        """A key in a file."""
        super().setUp()
        reason = missing("perl")
        if reason or "yes" not in run("perl", "-MMail::DKIM", "-e", "print 'yes'", check=False):
            raise SkipTest(reason or "needs libmail-dkim-perl")
        self.key = Path(self.mktemp())
        self.key.write_bytes(pem_of(rsa_key()))

    def perl(self, program: str, how: str, content: bytes) -> bytes:
        """What the program makes of a message."""
        return run("perl", "-e", program, str(self.key), how, text=content).encode()

    def test_signatures(self) -> None:
        """Each message that it signs passes, by each canonicalization, and a changed one fails."""
        for how in ("simple/simple", "relaxed/relaxed", "simple/relaxed", "relaxed/simple"):
            for body in BODIES:
                signed = self.perl(SIGN, how, HEAD + body)
                self.assertEqual(self.only(signed).result, "pass", (how, body[:20]))
                self.assert_result(signed.replace(b"To: bob", b"To: eve"), "fail", "signature did not verify")

    def test_chain(self) -> None:
        """Each chain that it seals holds, and breaks when the message is changed."""
        stamped = b"Authentication-Results: mx.test; dkim=pass header.d=example.test; arc=none\r\n" + HEAD + BODIES[0]
        message = self.perl(SEAL, "none", stamped)
        self.assertEqual(self.report(message).chain.result, "pass", self.report(message).chain)
        self.assertEqual(self.report(message.replace(b"five", b"four")).chain.result, "fail")
