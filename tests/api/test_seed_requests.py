"""The walk-through's own commands, as a user pastes them."""

import shlex
from typing import Any
from urllib.parse import urlsplit

from twisted.trial.unittest import SynchronousTestCase

from tests.api.web import Client, Reply, Web
from tests.support.seed import (
    CREATE_ACCOUNT,
    CREATE_SERVER,
    ENABLE_IMAPS,
    EXAMPLE_ID,
    RESTART,
    SET_HOSTNAME,
    SET_INTERFACE,
)

SIGN_UP = r"""
curl -s -X POST http://localhost:6336/action/user_account/signup -H 'Content-Type: application/json' \
  -d '{"attributes":{"name":"Root","email":"root@dept.test","password":"longpass1","passwordConfirm":"longpass1"}}'
"""
SIGN_IN = r"""
curl -s -X POST http://localhost:6336/action/user_account/signin -H 'Content-Type: application/json' \
  -d '{"attributes":{"email":"root@dept.test","password":"longpass1"}}'
"""
BECOME = r"""
curl -s -X POST http://localhost:6336/action/world/become_an_administrator -H 'Content-Type: application/json' \
  -H "Authorization: Bearer <TOKEN>" -d '{}'
"""


def curl(web: Client, command: str, token: str = "") -> Reply:
    """Send what a curl command line would send."""
    words = iter(shlex.split(command.replace("\\\n", " ").replace("<TOKEN>", token))[1:])
    method, url, body = "GET", "", None
    headers = {}
    for word in words:
        if word in {"-X", "--request"}:
            method = next(words)
        elif word in {"-H", "--header"}:
            name, _, value = next(words).partition(": ")
            headers[name] = value
        elif word in {"-d", "--data-raw"}:
            body = next(words)
        elif not word.startswith("-"):
            url = word if "://" in word else f"http://{word}"
    if body is not None:
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    return web.request(method, path, body, None, headers)


class WalkThroughTests(SynchronousTestCase):
    """The seed from an empty server to the restart."""

    def sign_in(self, web: Web) -> str:
        """Sign up, sign in, become the administrator."""
        self.assertEqual(curl(web, SIGN_UP).status, 200)
        entries = curl(web, SIGN_IN).json
        token = next(entry["Attributes"]["value"] for entry in entries if entry["ResponseType"] == "client.store.set")
        self.assertEqual(curl(web, BECOME, token).status, 200)
        return str(token)

    def test_in_the_seeds_order(self) -> None:
        """Each command does what the page says."""
        web = Web(is_set_up=False)
        token = self.sign_in(web)
        server = curl(web, CREATE_SERVER, token)
        self.assertEqual(server.status, 201)
        attributes: dict[str, Any] = server.json["data"]["attributes"]
        self.assertEqual((attributes["max_clients"], attributes["max_size"]), (20, 10000))
        self.assertEqual(curl(web, CREATE_ACCOUNT, token).status, 422)
        account = curl(web, CREATE_ACCOUNT.replace(EXAMPLE_ID, server.json["data"]["id"]), token)
        self.assertEqual(account.status, 201)
        self.assertEqual(account.json["data"]["attributes"]["username"], "email-address")
        self.assertEqual(account.json["data"]["attributes"]["password"], "")
        self.assertEqual(account.json["data"]["attributes"]["password_md5"], "")
        for command in (ENABLE_IMAPS, SET_INTERFACE, SET_HOSTNAME):
            reply = curl(web, command, token)
            self.assertEqual((reply.status, reply.body), (200, b""))
        self.assertEqual(
            web.configuration.values,
            {"imps.enabled": "true", "imap.listen_interface": "0.0.0.0:465", "hostname": "imps.example.com"},
        )
        restart = curl(web, RESTART, token)
        self.assertEqual(
            restart.body,
            b'[{"ResponseType":"client.notify","Attributes":'
            b'{"message":"Initiating system update.","title":"Success","type":"success"}},'
            b'{"ResponseType":"client.redirect","Attributes":{"delay":5000,"location":"/","window":"self"}}]',
        )
        self.assertEqual(web.control.reconciled, 1)

    def test_example_id_can_be_made(self) -> None:
        """With a server of the example's id the account command works as printed."""
        web = Web(is_set_up=False)
        token = self.sign_in(web)
        with_id = CREATE_SERVER.replace('{"data":{', '{"data":{"id":"' + EXAMPLE_ID + '",')
        self.assertEqual(curl(web, with_id, token).status, 201)
        self.assertEqual(curl(web, CREATE_ACCOUNT, token).status, 201)

    def test_certificate_page(self) -> None:
        """The certificate page's list and create, with a bare token and an empty sort."""
        web = Web(is_set_up=False)
        token = self.sign_in(web)
        made = curl(
            web,
            """curl 'http://localhost:8080/api/certificate' -X POST -H 'Authorization: <TOKEN>'
            --data-raw '{"data":{"type":"certificate",
            "attributes":{"hostname":"example.com","issuer":"self"}},"meta":{}}'""",
            token,
        )
        self.assertEqual(made.status, 201)
        listed = curl(
            web,
            "curl 'http://localhost:8080/api/certificate?sort=&page[number]=1&page[size]=10' "
            "-H 'Authorization: <TOKEN>'",
            token,
        )
        self.assertEqual([row["id"] for row in listed.json["data"]], [made.json["data"]["id"]])
