"""The DNS doctor and the set-up of mail programs over HTTP."""

import plistlib
from xml.etree import ElementTree

from twisted.trial.unittest import SynchronousTestCase

from daptinmail.settings import Live
from tests.api.web import Reply, Web
from tests.domains.samples import live

OUTLOOK = "{http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a}"
ASKED = (
    '<?xml version="1.0"?><Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/'
    '2006"><Request><EMailAddress>%s</EMailAddress><AcceptableResponseSchema>x</AcceptableResponseSchema></Request>'
    "</Autodiscover>"
)


class DomainCase(SynchronousTestCase):
    """A server with the domain example.com."""

    def setUp(self) -> None:
        self.web = Web()
        self.web.zones.directory.add("ann@example.com")
        self.web.control.settings = live(mail__public_addresses="192.0.2.1", mail__mta_sts__mode="testing")

    def public(self, path: str, host: str = "localhost") -> Reply:
        """Without a token."""
        return self.web.get(path, None, headers={"Host": host})


class DoctorRouteTests(DomainCase):
    """For administrators."""

    def test_report(self) -> None:
        """Each record with its state, and whether all that is needed is there."""
        listed = self.web.get("/domains").json
        self.assertEqual([one["domain"] for one in listed["domains"]], ["example.com"])
        report = self.web.get(listed["domains"][0]["dns"]).json
        self.assertEqual((report["domain"], report["good"], report["obstacles"]), ("example.com", False, []))
        exchanger = report["records"][0]
        self.assertEqual((exchanger["type"], exchanger["value"]), ("MX", "10 mx.example.com."))
        self.assertEqual((exchanger["state"], exchanger["found"], exchanger["weight"]), ("missing", [], "needed"))
        self.assertTrue(all(one["consequence"].endswith(".") for one in report["records"]))

    def test_zone(self) -> None:
        """Text to paste."""
        reply = self.web.get("/domains/example.com/zone")
        self.assertEqual(reply.headers["content-type"], "text/plain; charset=utf-8")
        self.assertIn("example.com. 3600 IN MX 10 mx.example.com.\n", reply.body.decode())

    def test_keys(self) -> None:
        """The keys with their records; the next one is made on demand, one at a time."""
        self.web.zones.keys.domains.append("example.com")
        path = "/domains/example.com/keys"
        (key,) = self.web.get(path).json["keys"]
        self.assertEqual((key["selector"], key["algorithm"], key["state"]), ("d1", "rsa-sha256", "active"))
        self.assertEqual(key["record"]["name"], "d1._domainkey.example.com")
        made = self.web.post(path, {"algorithm": "ed25519-sha256"})
        self.assertEqual((made.status, made.json["state"], made.json["algorithm"]), (201, "next", "ed25519-sha256"))
        self.assertEqual(self.web.post(path).status, 409)
        self.assertEqual(len(self.web.post(f"{path}/advance").json["keys"]), 2)
        self.assertEqual(self.web.zones.keys.advanced, 1)

    def test_others(self) -> None:
        """Guests are 401, users 403, domains of others 404."""
        for path in ("/domains", *(f"/domains/example.com/{one}" for one in ("dns", "zone", "keys"))):
            self.assertEqual(self.web.get(path, None).status, 401)
            self.assertEqual(self.web.get(path, self.web.user).status, 403)
        self.assertEqual(self.web.get("/domains/example.net/dns").status, 404)


class SetUpTests(DomainCase):
    """For mail programs, which have no token."""

    def test_thunderbird(self) -> None:
        """Both places that it asks, by address or by host name."""
        by_address = self.public("/mail/config-v1.1.xml?emailaddress=ann@example.com")
        by_host = self.public("/.well-known/autoconfig/mail/config-v1.1.xml", "autoconfig.example.com")
        self.assertEqual(by_address.body, by_host.body)
        self.assertEqual(by_address.headers["content-type"], "text/xml; charset=utf-8")
        provider = ElementTree.fromstring(by_address.body).find("emailProvider")
        assert provider is not None
        incoming, outgoing = provider.find("incomingServer"), provider.find("outgoingServer")
        assert incoming is not None
        assert outgoing is not None
        fields = ("hostname", "port", "socketType", "username", "authentication")
        common = ("SSL", "%EMAILADDRESS%", "password-cleartext")
        self.assertEqual([incoming.findtext(one) for one in fields], ["mail.example.com", "993", *common])
        self.assertEqual([outgoing.findtext(one) for one in fields], ["mail.example.com", "465", *common])

    def test_outlook(self) -> None:
        """POX Autodiscover in each spelling of its path, and the JSON that leads there."""
        for path in ("/autodiscover/autodiscover.xml", "/Autodiscover/Autodiscover.xml"):
            reply = self.web.post(path, ASKED % "ann@example.com", None)
            self.assertEqual(reply.status, 200, reply.body)
            protocols = ElementTree.fromstring(reply.body).findall(f".//{OUTLOOK}Protocol")
            told = [[one.findtext(OUTLOOK + name) for name in ("Type", "Server", "Port", "SSL")] for one in protocols]
            self.assertEqual(
                told, [["IMAP", "mail.example.com", "993", "on"], ["SMTP", "mail.example.com", "465", "on"]]
            )
        path = "/autodiscover/autodiscover.json?Email=ann%40example.com&Protocol="
        self.assertEqual(
            self.public(path + "AutodiscoverV1").json["Url"],
            "https://autodiscover.example.com/autodiscover/autodiscover.xml",
        )
        self.assertEqual(self.public(path + "ActiveSync").status, 404)

    def test_apple(self) -> None:
        """A profile without a password, the same for the same account."""
        reply = self.public("/mail/apple.mobileconfig?email=ann@example.com")
        self.assertEqual(reply.headers["content-type"], "application/x-apple-aspen-config")
        profile = plistlib.loads(reply.body)
        account = profile["PayloadContent"][0]
        self.assertEqual(account["EmailAddress"], "ann@example.com")
        self.assertEqual(
            (account["IncomingMailServerHostName"], account["IncomingMailServerPortNumber"]), ("mail.example.com", 993)
        )
        self.assertNotIn("IncomingPassword", account)
        self.assertEqual(self.public("/mail/apple.mobileconfig?email=ann@example.com").body, reply.body)

    def test_nothing_to_offer(self) -> None:
        """Without IMAP or submission there is no profile."""
        self.web.control.settings = Live("localhost")
        self.assertEqual(self.public("/mail/apple.mobileconfig?email=ann@example.com").status, 404)

    def test_accounts_are_not_told(self) -> None:
        """An address without account gets the same answer as one with."""
        there = self.public("/mail/config-v1.1.xml?emailaddress=ann@example.com")
        self.assertEqual(self.public("/mail/config-v1.1.xml?emailaddress=nobody@example.com").body, there.body)

    def test_strangers_and_nonsense(self) -> None:
        """Domains of others are 404, what is no address is 400, and no entity is expanded."""
        self.assertEqual(self.public("/mail/config-v1.1.xml?emailaddress=a@example.net").status, 404)
        self.assertEqual(self.public("/mail/config-v1.1.xml", "example.com").status, 404)
        for path in (
            "/mail/config-v1.1.xml?emailaddress=a",
            "/mail/apple.mobileconfig",
            "/autodiscover/autodiscover.json",
        ):
            self.assertEqual(self.public(path).status, 400)
        bomb = '<!DOCTYPE x [<!ENTITY a "ann@example.com">]>' + ASKED % "&a;"
        for body in ("", bomb, ASKED % "<b/>", ASKED % ("x" * 700 + "@example.com"), b"\xff" * 20000):
            self.assertEqual(self.web.post("/autodiscover/autodiscover.xml", body, None).status, 400)

    def test_shut_until_set_up(self) -> None:
        """Nothing is told before there is an administrator."""
        web = Web(is_set_up=False)
        for path in ("/mail/config-v1.1.xml?emailaddress=ann@example.com", "/.well-known/mta-sts.txt", "/domains"):
            self.assertEqual(web.get(path, None).status, 403)


class TransferPolicyTests(DomainCase):
    """RFC 8461 §3.2 and §3.3."""

    def test_policy(self) -> None:
        """Served as plain text on the policy host of the domain only."""
        reply = self.public("/.well-known/mta-sts.txt", "mta-sts.example.com")
        self.assertEqual((reply.status, reply.headers["content-type"]), (200, "text/plain; charset=utf-8"))
        self.assertTrue(reply.body.startswith(b"version: STSv1\r\nmode: testing\r\n"))
        for host in ("example.com", "mta-sts.example.net"):
            self.assertEqual(self.public("/.well-known/mta-sts.txt", host).status, 404)
