"""Signatures on received mail (RFC 6376, RFC 8301, RFC 8463), signed by dkimpy."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dkim
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from daptinmail.dkim.verifier import MAX_SIGNATURES, Verifier
from daptinmail.interfaces.screening import ISignatureVerifier, Signature, SignatureReport
from daptinmail.interfaces.storage import Content
from daptinmail.mail.header import header_end
from tests.dkim.signing import MESSAGE, by_dkimpy, by_hand, ed25519_key, key_record
from tests.dkim.support import rsa_key
from tests.support.resolver import MemoryResolver
from tests.support.runtime import SteadyClock, SynchronousBlocking

KEY = "d1._domainkey.example.test"


class VerifierCase(SynchronousTestCase):
    """A verifier and a DNS that knows one key."""

    def setUp(self) -> None:
        """The clock is ahead of any that signs."""
        self.clock = SteadyClock(datetime(2099, 1, 1, tzinfo=UTC))
        self.resolver = MemoryResolver(strings={KEY: [key_record()]})
        self.verifier = Verifier(SynchronousBlocking(), self.clock)

    def report(self, message: bytes, spooled: bool = False) -> SignatureReport:
        """What is found."""
        content = Content(len(message), message)
        if spooled:
            path = Path(self.mktemp())
            path.write_bytes(message)
            content = Content(len(message), path=path)
        header = message[: header_end(message)]
        return self.successResultOf(Deferred.fromCoroutine(self.verifier.verify(content, header, self.resolver)))

    def only(self, message: bytes) -> Signature:
        """The one signature."""
        (signature,) = self.report(message).signatures
        return signature

    def assert_result(self, message: bytes, result: str, reason: str = "") -> None:
        """The one signature comes to this."""
        signature = self.only(message)
        self.assertEqual((signature.result, signature.reason), (result, reason))


class SignatureTests(VerifierCase):
    """What holds, and what does not."""

    def test_interface(self) -> None:
        """It is what the screening expects."""
        self.assertTrue(verifyObject(ISignatureVerifier, self.verifier))

    def test_canonicalizations(self) -> None:
        """Each pair of canonicalizations verifies, from memory and from disk."""
        for header in (b"simple", b"relaxed"):
            for body in (b"simple", b"relaxed"):
                signed = by_dkimpy(canonicalize=(header, body))
                for spooled in (False, True):
                    (found,) = self.report(signed, spooled).signatures
                    wanted = Signature("pass", "example.test", "d1", "rsa-sha256", "@example.test", start=found.start)
                    self.assertEqual(found, wanted)
                    self.assertIn(b" b=" + found.start.encode(), signed)

    def test_bodies(self) -> None:
        """Without body, with empty lines only, without a last line end, and with a large body."""
        head = MESSAGE.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        for body in (b"", b"\r\n\r\n", b"no end", b"a b\t c \r\n" * 100_000):
            for way in (b"simple", b"relaxed"):
                signed = by_dkimpy(head + body, canonicalize=(way, way))
                self.assertTrue(dkim.verify(signed, dnsfunc=lambda name, timeout=5: key_record()))
                self.assert_result(signed, "pass")

    def test_relaxed_forgives_blanks(self) -> None:
        """What relays do to blanks breaks a simple signature and not a relaxed one (RFC 6376 §3.4)."""
        for way, header, body in ((b"relaxed", "pass", "pass"), (b"simple", "fail", "fail")):
            signed = by_dkimpy(canonicalize=(way, way))
            folded = signed.replace(b"Subject:  Tea  \r\n\tand", b"SUBJECT: Tea\r\n   and")
            self.assertEqual(self.only(folded).result, header)
            self.assertEqual(self.only(signed.replace(b"At  five.  ", b"At five.")).result, body)

    def test_ed25519(self) -> None:
        """Ed25519 signatures verify (RFC 8463), and not with a key of the other kind."""
        signed = by_dkimpy(signature_algorithm=b"ed25519-sha256")
        self.assert_result(signed, "permerror", "the key is of another kind than the signature")
        self.resolver.strings[KEY] = [key_record(ed25519_key())]
        self.assertEqual(self.only(signed).algorithm, "ed25519-sha256")
        self.assert_result(signed, "pass")
        self.assert_result(signed.replace(b"ann@", b"eve@"), "fail", "signature did not verify")

    def test_changed(self) -> None:
        """A changed body, a changed signed field and an added From are found out."""
        signed = by_dkimpy()
        self.assert_result(signed.replace(b"five", b"four"), "fail", "body hash did not verify")
        self.assert_result(signed.replace(b"bob@", b"eve@"), "fail", "signature did not verify")
        self.assert_result(b"X-New: 1\r\n" + signed, "pass")
        head, _, rest = by_hand().partition(b"Received:")
        forged = head + b"From: bank@example.test\r\nReceived:" + rest
        self.assert_result(forged, "fail", "a From field is not signed")

    def test_bottom_fields_first(self) -> None:
        """Of fields that occur twice the lower one is signed first (RFC 6376 §5.4.2)."""
        signed = by_hand(b"Comments: upper\r\nComments: lower\r\n" + MESSAGE, (b"from", b"comments"))
        self.assert_result(b"Comments: new\r\n" + signed, "pass")
        self.assert_result(signed.replace(b"lower", b"other"), "fail", "signature did not verify")
        both = by_hand(b"Comments: upper\r\nComments: lower\r\n" + MESSAGE, (b"from", b"comments", b"comments"))
        self.assert_result(both.replace(b"upper", b"other"), "fail", "signature did not verify")

    def test_several(self) -> None:
        """Each signature has its own result, in the order of the message; none is looked at beyond a number."""
        signed = by_hand(by_hand(MESSAGE, s="gone"))
        self.assertEqual(
            [(one.result, one.selector, one.reason) for one in self.report(signed).signatures],
            [("pass", "d1", ""), ("permerror", "gone", "no key")],
        )
        for _ in range(MAX_SIGNATURES):
            signed = by_hand(signed)
        found = self.report(signed).signatures
        self.assertEqual([one.result for one in found], ["pass"] * MAX_SIGNATURES + ["policy"])
        self.assertEqual(found[-1].reason, f"more than {MAX_SIGNATURES} signatures")

    def test_unsigned(self) -> None:
        """Nothing is found on an unsigned message, nor on none at all."""
        for message in (MESSAGE, b"", b"\r\nbody\r\n", b"no field"):
            self.assertEqual(self.report(message), SignatureReport())


class KeyTests(VerifierCase):
    """Keys as DNS has them."""

    def test_missing_and_silent(self) -> None:
        """No key is an error for good, no answer one for now."""
        self.resolver.strings = {}
        self.assert_result(by_dkimpy(), "permerror", "no key")
        self.resolver.failing = {KEY}
        self.assert_result(by_dkimpy(), "temperror", "DNS does not answer")

    def test_unusable(self) -> None:
        """A key that is revoked, not for mail, or not one is said to be so."""
        for record, reason in (
            (b"v=DKIM1; k=rsa; p=", "the key is revoked"),
            (b"v=DKIM1; k=rsa", "no key in the key record"),
            (b"v=DKIM2; p=x", "the key record is of another version"),
            (b"nonsense", "the key record cannot be read"),
            (b"", "no key in the key record"),
            (b"v=DKIM1; p=AAAA", "the key cannot be read"),
            (b"v=DKIM1; p=%%", "the key cannot be read"),
            (key_record(ed25519_key()).replace(b"k=ed25519", b"k=rsa"), "the key cannot be read"),
            (key_record(extra="v=DKIM1; s=tlsrpt"), "the key is not for mail with SHA-256"),
            (key_record(extra="v=DKIM1; h=sha1"), "the key is not for mail with SHA-256"),
            (key_record().replace(b"k=rsa", b"k=dsa"), "the key is of an unknown kind"),
        ):
            self.resolver.strings[KEY] = [record]
            self.assert_result(by_dkimpy(), "permerror", reason)

    def test_sizes(self) -> None:
        """A key of less than 1024 bits proves nothing (RFC 8301 §3.2); one of 1024 does."""
        self.resolver.strings[KEY] = [key_record(rsa_key(1024))]
        self.assert_result(by_hand(key=rsa_key(1024)), "pass")
        small = (
            b"v=DKIM1; p=MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBALDgh2gKm3p3hnzcAa1tH28tA9kiCmNLNlFjpcAKn1kT"
            b"0Gv4dvDvCMXNnWlQ5VdoLFs1a1R9zDJXt1VQxTxqHUMCAwEAAQ=="
        )
        self.resolver.strings[KEY] = [small]
        self.assert_result(by_hand(), "policy", "the key has only 512 bits")

    def test_flags(self) -> None:
        """A key in testing mode says so and makes a failure count as no signature; one for d= alone binds i=."""
        self.resolver.strings[KEY] = [key_record(extra="v=DKIM1; t=y:s")]
        self.assert_result(by_hand(), "pass", "key in testing mode")
        changed = by_hand().replace(b"five", b"four")
        self.assert_result(changed, "neutral", "body hash did not verify, key in testing mode")
        self.assert_result(by_hand(i="a@x.example.test"), "permerror", "i= is below d=, which the key forbids")
        self.assert_result(by_hand(i="a@EXAMPLE.test"), "pass", "key in testing mode")

    def test_several_records(self) -> None:
        """Another TXT record at the same name does no harm."""
        self.resolver.strings[KEY] = [b"v=spf1 -all", key_record()]
        self.assert_result(by_dkimpy(), "pass")


class TagTests(VerifierCase):
    """What a signature may say."""

    def test_expired(self) -> None:
        """A signature holds to the second of x=, with an hour for wrong clocks, and not before it is made."""
        now = int(self.clock.now().timestamp())
        self.assert_result(by_hand(t=str(now - 10), x=str(now + 10)), "pass")
        self.assert_result(by_hand(x=str(now - 3599)), "pass")
        self.assert_result(by_hand(x=str(now - 3601)), "permerror", "signature expired")
        self.assert_result(by_hand(t=str(now + 3601)), "permerror", "signed in the future")
        self.assert_result(by_hand(t=str(now), x=str(now)), "permerror", "x= is before t=")

    def test_length(self) -> None:
        """A body of which only a part is signed does not pass; all of it by l= does (RFC 6376 §8.2)."""
        signed = by_hand(l="9")
        self.assert_result(by_hand(c="relaxed/simple", l="13"), "pass")
        self.assert_result(signed, "policy", "only 9 of 10 octets of the body are signed")
        self.assert_result(by_hand(l="11"), "permerror", "l= is more than the body has")
        whole = by_hand(l="10")
        self.assert_result(whole, "pass")
        self.assert_result(whole + b"buy!\r\n", "policy", "only 10 of 20 octets of the body are signed")
        self.assert_result(whole.replace(b"five", b"four"), "fail", "body hash did not verify")

    def test_unreadable(self) -> None:
        """What cannot be read is neutral, and says which tag is at fault."""
        cases: list[tuple[dict[str, Any], str]] = [
            ({"v": "2"}, "v= is not 1"),
            ({"v": ""}, "v= is missing"),
            ({"d": ""}, "d= is missing"),
            ({"d": "a b"}, "d= is not a domain name"),
            ({"d": "x\xe9.test"}, ""),
            ({"s": "-"}, ""),
            ({"bh": "!"}, "bh= is not base64"),
            ({"l": "1.5"}, "l= is not a number"),
            ({"t": "now"}, "t= is not a number"),
            ({"x": "9" * 16}, "x= is not a number"),
            ({"q": "http"}, "q= is unknown"),
            ({"a": "rsa-md5000"}, ""),
            ({"a": "none"}, "none is not accepted"),
        ]
        for tags, reason in cases:
            signature = self.only(by_hand(**tags))
            self.assertNotEqual(signature.result, "pass")
            if reason:
                self.assertEqual((signature.result, signature.reason), ("neutral", reason), tags)
        for value in (b"", b";", b"v", b"v=1; v=1", b"=", b";;", b"v=1;;"):
            self.assertEqual(self.only(b"DKIM-Signature: " + value + b"\r\n" + MESSAGE).result, "neutral", value)
        self.assertEqual(self.only(by_hand().replace(b"c=relaxed/relaxed", b"c=relaxed/loose")).result, "neutral")

    def test_refused(self) -> None:
        """SHA-1, an unsigned From and a foreign i= do not pass (RFC 8301 §3.1, RFC 6376 §6.1.1)."""
        self.assert_result(by_hand(a="rsa-sha1"), "policy", "rsa-sha1 is not accepted")
        self.assert_result(by_hand(signed=(b"to", b"subject")), "permerror", "From is not signed")
        for identity in ("a@other.test", "a@badexample.test", "@test"):
            self.assert_result(by_hand(i=identity), "permerror", "i= is not within d=")
        self.assert_result(by_hand(i="a=20b@x.example.test"), "pass")

    def test_case_and_folds(self) -> None:
        """Names in capitals, folded values and a last semicolon are read as they are meant."""
        self.assert_result(by_hand(d="EXAMPLE.Test", s="D1", a="RSA-SHA256"), "pass")
        self.assert_result(by_hand(h=" From :\r\n\tto : subject: date"), "pass")

    def test_hostile_size(self) -> None:
        """A field of a hundred thousand blanks, tags or names is answered at once."""
        for value in (b"v=1; b=" + b" " * 100_000, b"v=1;" * 20_000, b"a=b;" + b"=" * 100_000, b";" * 100_000):
            self.assertEqual(self.only(b"DKIM-Signature: " + value + b"\r\n" + MESSAGE).result, "neutral")
        many = tuple([b"from"] * 5_000)
        self.assertEqual(self.only(by_hand(signed=many)).result, "pass")
