"""SCRAM's keys, by the examples of the RFCs."""

from base64 import b64decode, b64encode

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.interfaces.credentials import ScramProof
from daptinmail.sasl.keys import (
    MIN_ITERATIONS,
    from_text,
    is_proved,
    make_keys,
    nobodys_keys,
    server_signature,
    to_text,
)

RFC_7677 = {
    "digest": "sha256",
    "salt": "W22ZaJ0SNY7soEsUEjb6gQ==",
    "first": "n=user,r=rOprNGfwEbeRWgbNEkqO",
    "challenge": "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    "final": "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
    "proof": "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    "signature": "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
}
RFC_5802 = {
    "digest": "sha1",
    "salt": "QSXCR+Q6sek8bf92",
    "first": "n=user,r=fyko+d2lbbFgONRv9qkxdawL",
    "challenge": "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
    "final": "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j",
    "proof": "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
    "signature": "rmF9pqV8S7suAoZWja4dJRkFsKQ=",
}


def of_example(example: dict[str, str]) -> ScramProof:
    """The proof of an example, for the password that it names."""
    keys = make_keys("pencil", example["digest"], b64decode(example["salt"]), 4096)
    message = ",".join((example["first"], example["challenge"], example["final"])).encode()
    return ScramProof("user", keys, message, b64decode(example["proof"]))


class ScramKeysTests(SynchronousTestCase):
    """What is kept of a password."""

    def test_examples(self) -> None:
        """The exchanges printed in RFC 7677 §3 and RFC 5802 §5 come out as printed."""
        for example in (RFC_7677, RFC_5802):
            proof = of_example(example)
            self.assertTrue(is_proved(proof, proof.keys))
            signature = server_signature(proof.keys, proof.message)
            self.assertEqual(b64encode(signature).decode(), example["signature"])

    def test_wrong(self) -> None:
        """A proof for another password, another exchange, of another length, or over older keys proves nothing."""
        proof = of_example(RFC_7677)
        other = make_keys("pencils", "sha256", proof.keys.salt, 4096)
        self.assertFalse(is_proved(evolve(proof, keys=other), other))
        self.assertFalse(is_proved(evolve(proof, message=proof.message + b" "), proof.keys))
        for octets in (b"", proof.proof[:-1], proof.proof + b"\0", bytes(32)):
            self.assertFalse(is_proved(evolve(proof, proof=octets), proof.keys))
        self.assertFalse(is_proved(evolve(proof, keys=evolve(proof.keys, salt=b"other")), proof.keys))

    def test_kept(self) -> None:
        """What is kept reads back, in the form of RFC 5803."""
        for digest in ("sha256", "sha1"):
            keys = make_keys("pencil", digest, b"0123456789abcdef", MIN_ITERATIONS)
            self.assertEqual(from_text(to_text(keys), digest), keys)
            self.assertLessEqual(len(to_text(keys)), 200)
        self.assertTrue(to_text(keys).startswith("SCRAM-SHA-1$4096:MDEyMzQ1Njc4OWFiY2RlZg==$"))
        self.assertRaises(ValueError, from_text, to_text(keys), "sha256")
        self.assertNotIn("stored", repr(keys))

    def test_password_is_prepared(self) -> None:
        """Two ways to write a password are one password; what SASLprep refuses has no keys, nor has nothing."""
        self.assertEqual(*(make_keys(word, "sha1", b"salt", 4096) for word in ("I\u00adX", "IX")))
        for refused in ("tab\t", "\u00ad", "\U0001f600"):
            self.assertRaises(ValueError, make_keys, refused, "sha1", b"salt", 4096)
        self.assertRaises(ValueError, make_keys, "pencil", "sha1", b"salt", 4095)

    def test_nobodys_keys(self) -> None:
        """A name without keys has the same ones each time, unlike those of other names, servers and digests."""
        keys = nobodys_keys(b"secret", "ann", "sha256", 4096)
        self.assertEqual(nobodys_keys(b"secret", "ann", "sha256", 4096), keys)
        self.assertEqual((len(keys.salt), len(keys.stored_key)), (16, 32))
        others = [
            nobodys_keys(b"secret", "bob", "sha256", 4096),
            nobodys_keys(b"other", "ann", "sha256", 4096),
            nobodys_keys(b"secret", "ann", "sha1", 4096),
        ]
        self.assertEqual(len({keys.salt, *(other.salt for other in others)}), 4)
