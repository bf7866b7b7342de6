"""The enabling walk-through, command by command, on a fresh instance in a network of its own.

The commands stand as users paste them; only the token and the server's id are filled in.
"""

import json
import re
import tempfile
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.live.harness import Server, missing, network_namespace, run
from tests.support.seed import (
    CREATE_ACCOUNT,
    CREATE_SERVER,
    ENABLE_IMAPS,
    EXAMPLE_ID,
    RESTART,
    SET_HOSTNAME,
    SET_INTERFACE,
)

GET_TOKEN = r"""
B=http://localhost:6336; H='Content-Type: application/json'
curl -s -X POST $B/action/user_account/signup -H "$H" \
  -d '{"attributes":{"name":"Root","email":"root@dept.test","password":"longpass1","passwordConfirm":"longpass1"}}' \
  >/dev/null
TOKEN=$(curl -s -X POST $B/action/user_account/signin -H "$H" \
  -d '{"attributes":{"email":"root@dept.test","password":"longpass1"}}' \
  | jq -r '.[] | select(.ResponseType=="client.store.set") | .Attributes.value')
curl -s -X POST $B/action/world/become_an_administrator -H "$H" -H "Authorization: Bearer $TOKEN" -d '{}' >/dev/null
echo $TOKEN
"""

RESTART_ANSWER = [
    {
        "ResponseType": "client.notify",
        "Attributes": {"message": "Initiating system update.", "title": "Success", "type": "success"},
    },
    {"ResponseType": "client.redirect", "Attributes": {"delay": 5000, "location": "/", "window": "self"}},
]

MESSAGE = (
    "From: email-address@mail.example.com\r\nTo: email-address@mail.example.com\r\nSubject: Seed\r\n\r\nArrived.\r\n"
)


class SeedTests(SynchronousTestCase):
    """The seed's settings, both services on port 465 included, make a server that sends and receives."""

    skip = missing("curl", "jq", "swaks", "openssl", "unshare", "nsenter")

    def shell(self, script: str) -> str:
        """Paste a script into a shell inside the server's network."""
        text = script.replace("<TOKEN>", self.token).replace(EXAMPLE_ID, self.server_id).replace("curl ", "curl -sS ")
        return run("bash", "-c", text, prefix=self.prefix)

    def setUp(self) -> None:
        """A fresh instance on the default endpoints."""
        namespace = network_namespace()
        try:
            self.prefix = namespace.__enter__()
        except OSError as error:
            raise SkipTest(str(error)) from error
        self.addCleanup(namespace.__exit__, None, None, None)
        self.token, self.server_id = "", EXAMPLE_ID
        directory = Path(tempfile.mkdtemp(prefix="daptinmail-seed-"))
        server = Server(directory / "data", http=(), prefix=self.prefix)
        server.start()
        self.addCleanup(server.stop)

    def walk_through(self) -> None:
        """The seed's commands in the seed's order."""
        self.token = self.shell(GET_TOKEN).strip()
        created = json.loads(self.shell(CREATE_SERVER))
        self.assertEqual(created["data"]["attributes"]["max_size"], 10000)
        self.server_id = created["data"]["id"]
        account = json.loads(self.shell(CREATE_ACCOUNT))
        self.assertEqual(account["data"]["attributes"]["username"], "email-address")
        self.assertEqual(self.shell(ENABLE_IMAPS + SET_INTERFACE + SET_HOSTNAME), "")
        self.assertEqual(json.loads(self.shell(RESTART)), RESTART_ANSWER)

    def test_send_and_read(self) -> None:
        """After the restart the account sends by SMTP and reads by IMAP, both on port 465."""
        self.walk_through()
        sent = run(
            *("swaks", "--server", "127.0.0.1:465", "--tls-on-connect", "--tls-sni", "mail.example.com"),
            *("--auth", "PLAIN", "--auth-user", "email-address", "--auth-password", "password"),
            *("--from", "email-address@mail.example.com", "--to", "email-address@mail.example.com"),
            *("--data", "-"),
            text=MESSAGE,
            prefix=self.prefix,
        )
        self.assertRegex(sent, r"250 2\.0\.0 OK: queued as [0-9a-f]{32}")
        read = self.shell(
            "curl -k --connect-to imps.example.com:465:127.0.0.1:465 --user email-address:password"
            " 'imaps://imps.example.com:465/INBOX;MAILINDEX=1'"
        )
        self.assertIn("Subject: Seed", read)
        self.assertIn("Arrived.", read)

    def test_which_protocol_answers(self) -> None:
        """SNI chooses on the shared port, ALPN goes before it, and without either SMTP answers."""
        self.walk_through()
        for options, greeting in (
            (("-servername", "mail.example.com"), "220 "),
            (("-servername", "imps.example.com"), "* OK"),
            (("-servername", "mail.example.com", "-alpn", "imap"), "* OK"),
            (("-noservername",), "220 "),
        ):
            output = run(
                *("openssl", "s_client", "-quiet", "-connect", "127.0.0.1:465", *options),
                text="QUIT\r\na LOGOUT\r\n",
                prefix=self.prefix,
                check=False,
            )
            self.assertRegex(output, rf"(?m)^{re.escape(greeting)}", str(options))
        refused = run(
            *("openssl", "s_client", "-connect", "127.0.0.1:465", "-alpn", "http/1.1"), prefix=self.prefix, check=False
        )
        self.assertIn("no application protocol", refused)

    def test_max_size_of_the_seed(self) -> None:
        """``max_size`` 10000 is octets: a larger message is refused with 552 5.3.4."""
        self.walk_through()
        refused = run(
            *("swaks", "--server", "127.0.0.1:465", "--tls-on-connect", "--auth", "LOGIN"),
            *("--auth-user", "email-address", "--auth-password", "password"),
            *("--from", "email-address@mail.example.com", "--to", "email-address@mail.example.com"),
            *("--body", "x" * 60 + "\n" + ("y" * 70 + "\n") * 200),
            prefix=self.prefix,
            check=False,
        )
        self.assertIn("552 5.3.4", refused)

    def test_certificates(self) -> None:
        """Certificate rows: create, generate, list, download, import by PATCH; and the DKIM record."""
        self.walk_through()
        document = '{"data":{"type":"certificate","attributes":{"hostname":"example.com","issuer":"self"}},"meta":{}}'
        head = "-H 'Authorization: <TOKEN>' -H 'Content-Type: application/json'"
        row = json.loads(
            self.shell(f"curl -X POST http://localhost:8080/api/certificate {head} --data-raw '{document}'")
        )
        identifier = row["data"]["id"]
        attributes = json.dumps({"attributes": {"certificate_id": identifier}})
        notified = json.loads(
            self.shell(
                "curl -X POST http://localhost:8080/action/certificate/generate_self_certificate "
                f"{head} --data-raw '{attributes}'"
            )
        )
        self.assertIn("Certificate generated for example.com", notified[0]["Attributes"]["message"])
        listed = json.loads(
            self.shell(f"curl -g 'http://localhost:8080/api/certificate?sort=&page[number]=1&page[size]=10' {head}")
        )
        hosts = {item["attributes"]["hostname"] for item in listed["data"]}
        self.assertTrue({"example.com", "mail.example.com", "imps.example.com"} <= hosts, hosts)
        self.assertNotIn("PRIVATE KEY", json.dumps(listed))
        for action in ("download_certificate", "download_public_key"):
            answer = json.loads(
                self.shell(f"curl -X POST http://localhost:8080/action/certificate/{action} {head} -d '{attributes}'")
            )
            self.assertEqual(answer[0]["ResponseType"], "client.file.download")
        record = json.loads(
            self.shell(f"curl -X POST http://localhost:8080/action/certificate/dkim_record {head} -d '{attributes}'")
        )
        self.assertEqual(record[0]["Attributes"]["name"].rstrip("."), "d1._domainkey.example.com")
        self.assertTrue(record[0]["Attributes"]["value"].startswith("v=DKIM1"))
