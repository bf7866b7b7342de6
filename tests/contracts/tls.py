"""The promises of ``ITlsContexts`` and ``ICertificates``."""

from typing import Any
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from cryptography.x509.oid import NameOID
from zope.interface.verify import verifyObject

from daptinmail.errors import NotFound
from daptinmail.interfaces.tls import ICertificates, ITlsContexts
from tests.contracts.case import ContractCase
from tests.support.handshakes import GreeterFactory, connect

MAIL, IMAP = "mail.example.com", "imap.example.com"


class TlsContextsContract(ContractCase):
    """Give ``contexts``."""

    contexts: Any

    def presented(self, front: Any, sni: str | None) -> str:
        """The common name of the certificate that a client gets."""
        wire = connect(front, GreeterFactory(b"hello"), sni)
        found = wire.client.get_peer_certificate(as_cryptography=True)
        assert found is not None
        return str(found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)

    def test_contract_names(self) -> None:
        """The certificate is that of the name asked for; who asks for none gets the listener's. A reload keeps that."""
        verifyObject(ITlsContexts, self.contexts)
        front = self.contexts.front(MAIL, (b"smtp",))
        self.result(self.contexts.ensure(MAIL))
        self.result(self.contexts.ensure(IMAP))
        self.assertEqual([self.presented(front, name) for name in (MAIL, IMAP, None)], [MAIL, IMAP, MAIL])
        self.result(self.contexts.reload())
        self.assertEqual(self.presented(front, IMAP), IMAP)

    def test_contract_protocols(self) -> None:
        """A client that offers a protocol served here gets it; one that offers only others is refused (RFC 7301)."""
        self.result(self.contexts.ensure(MAIL))
        front = self.contexts.front(MAIL, (b"smtp", b"imap"))
        for offered, chosen in (((b"imap",), b"imap"), ((b"h2", b"smtp"), b"smtp"), ((), b"")):
            wire = connect(front, GreeterFactory(b"hello"), MAIL, offered)
            self.assertEqual((wire.error, wire.client.get_alpn_proto_negotiated()), (None, chosen))
        self.assertIsNotNone(connect(front, GreeterFactory(b"hello"), MAIL, (b"h2",)).error)


class CertificatesContract(ContractCase):
    """Give ``certificates``, and ``add``."""

    certificates: Any

    def add(self, hostname: str) -> UUID:
        """A row with a host name and nothing else; its reference."""
        raise NotImplementedError

    def test_contract_unknown(self) -> None:
        """Nothing can be done to a row that is not there."""
        verifyObject(ICertificates, self.certificates)
        for method in ("generate_self_signed", "certificate_pem", "public_key_pem", "dkim_record"):
            self.refused(getattr(self.certificates, method)(UUID(int=99)), NotFound)

    def test_contract_generated(self) -> None:
        """A generated row has a certificate for its host name, its public key, and the DKIM record of that key."""
        reference = self.add(MAIL)
        self.assertEqual(self.result(self.certificates.generate_self_signed(reference)), MAIL)
        name, pem = self.result(self.certificates.certificate_pem(reference))
        certificate = x509.load_pem_x509_certificate(pem.encode())
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        self.assertEqual((name, names.get_values_for_type(x509.DNSName)), (MAIL, [MAIL]))
        name, public = self.result(self.certificates.public_key_pem(reference))
        key = load_pem_public_key(public.encode())
        encoding = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.assertEqual(key.public_bytes(*encoding), certificate.public_key().public_bytes(*encoding))
        owner, record = self.result(self.certificates.dkim_record(reference))
        self.assertEqual((name, owner), (MAIL, f"d1._domainkey.{MAIL}"))
        self.assertRegex(record, r"^v=DKIM1;.* p=[A-Za-z0-9+/]{300,}=*$")
