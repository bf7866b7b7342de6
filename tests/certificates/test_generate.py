"""Self-signed certificates."""

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.certificates.generate import LIFETIME, KeyMaterial, parse_hostnames, self_signed
from tests.support.certificates import shared_key
from tests.support.runtime import START


def make(*hostnames: str) -> KeyMaterial:
    """A certificate for these names."""
    return self_signed(hostnames, shared_key(), START)


def parse(made: KeyMaterial) -> x509.Certificate:
    """The certificate in it."""
    return x509.load_pem_x509_certificate(made.certificate_pem.encode())


class SelfSignedTests(SynchronousTestCase):
    """What is in them."""

    def test_names(self) -> None:
        """Every host name of the list is in the certificate, wildcards too."""
        certificate = parse(make("mail.example.com", "*.example.net"))
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        self.assertEqual(names.get_values_for_type(x509.DNSName), ["mail.example.com", "*.example.net"])
        common = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        self.assertEqual(common[0].value, "mail.example.com")

    def test_not_a_ca(self) -> None:
        """Whoever trusts the certificate does not thereby trust us to issue others."""
        extensions = parse(make("mail.example.com")).extensions
        self.assertFalse(extensions.get_extension_for_class(x509.BasicConstraints).value.ca)
        self.assertFalse(extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign)
        usage = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        self.assertEqual(list(usage), [ExtendedKeyUsageOID.SERVER_AUTH])

    def test_dates(self) -> None:
        """It is valid now and for 397 days."""
        made = make("mail.example.com")
        certificate = parse(made)
        self.assertLess(certificate.not_valid_before_utc, START)
        self.assertEqual(certificate.not_valid_after_utc, START + LIFETIME)
        self.assertEqual(made.expires_at, START + LIFETIME)

    def test_long_name(self) -> None:
        """A host name too long for a common name is in the certificate all the same."""
        name = "a" * 60 + ".example.com"
        certificate = parse(make(name))
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        self.assertTrue(names.critical)
        self.assertEqual(names.value.get_values_for_type(x509.DNSName), [name])

    def test_hostname_list(self) -> None:
        """A comma list is read part by part; a bad part spoils it."""
        self.assertEqual(parse_hostnames("A.example, b.example,a.example"), ("a.example", "b.example"))
        for text in ("", ",", "a.example,", "a b", ",".join(f"h{n}.example" for n in range(21))):
            with self.assertRaises(ValueError, msg=text):
                parse_hostnames(text)

    def test_key_is_not_shown(self) -> None:
        """The private key does not show in a log."""
        self.assertNotIn("PRIVATE", repr(make("mail.example.com")))
