"""A certificate that the operator brings along."""

import json
import socket
import ssl
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.live.harness import PATIENCE, missing, run
from tests.live.site import Site, unverified

NAME = "mail.example.test"


class ImportTests(SynchronousTestCase):
    """Certificate and key come by PATCH."""

    skip = missing("openssl")

    def setUp(self) -> None:
        """A running instance, and a certificate that it has not seen."""
        self.site = Site()
        self.addCleanup(self.site.server.stop)
        self.site.start()
        key, certificate = (self.site.directory / name for name in ("key.pem", "certificate.pem"))
        files = ("-keyout", str(key), "-out", str(certificate))
        names = ("-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}")
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "90", *names, *files)
        self.key, self.certificate = key.read_text(), certificate.read_text()

    def change(self, **attributes: str) -> int:
        """Change the row of the server's own name; the status of the answer."""
        _, answer = self.site.server.call("GET", "/api/certificate?page%5Bsize%5D=100")
        (reference,) = [row["id"] for row in answer["data"] if row["attributes"]["hostname"] == NAME]
        document = {"data": {"type": "certificate", "id": reference, "attributes": attributes}}
        status, changed = self.site.server.call("PATCH", f"/api/certificate/{reference}", document)
        self.assertNotIn("PRIVATE KEY", json.dumps(changed))
        return status

    def presented(self, context: ssl.SSLContext) -> str:
        """The PEM of the certificate that a client gets."""
        with (
            socket.create_connection(("127.0.0.1", self.site.submissions), timeout=PATIENCE) as plain,
            context.wrap_socket(plain, server_hostname=NAME) as secured,
        ):
            certificate = secured.getpeercert(binary_form=True)
            assert certificate is not None
            return ssl.DER_cert_to_PEM_cert(certificate)

    def test_next_handshake(self) -> None:
        """The next handshake presents it, without a restart; a client that trusts it verifies; connections go on."""
        before = self.presented(unverified())
        with self.site.smtps() as session:
            self.assertEqual(self.change(certificate_pem=self.certificate, private_key_pem=self.key), 200)
            session.noop()
        self.assertNotEqual(before.strip(), self.certificate.strip())
        trusting = ssl.create_default_context(cadata=self.certificate)
        self.assertEqual(self.presented(trusting).strip(), self.certificate.strip())

    def test_wrong_key(self) -> None:
        """A key that does not belong to the certificate is refused, and what was served is served on."""
        before = self.presented(unverified())
        other = Path(self.mktemp())
        run("openssl", "genrsa", "-out", str(other), "2048")
        self.assertEqual(self.change(certificate_pem=self.certificate, private_key_pem=other.read_text()), 422)
        self.assertEqual(self.presented(unverified()), before)
