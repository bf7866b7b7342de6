"""Settings over /_config."""

from twisted.trial.unittest import SynchronousTestCase

from tests.api.web import Web

KEY = "/_config/backend/imap.hostname"


class SettingsTests(SynchronousTestCase):
    """What an administrator may read and write."""

    def setUp(self) -> None:
        self.web = Web()

    def test_bytes_as_sent(self) -> None:
        """A value is stored and answered byte for byte: quotes, spaces and ampersands included."""
        for body in ('"0.0.0.0:993"', " a=b&c=d ", "", "ünï", "true\n"):
            for method in ("POST", "PUT", "PATCH"):
                form = {"Content-Type": "application/x-www-form-urlencoded"}
                reply = self.web.request(method, KEY, body, headers=form)
                self.assertEqual((reply.status, reply.body), (200, b""))
                got = self.web.get(KEY)
                self.assertEqual((got.status, got.body.decode()), (200, body))
                self.assertEqual(got.headers["content-type"], "text/plain; charset=utf-8")

    def test_map(self) -> None:
        """All settings are a map of strings, as JSON."""
        self.web.post(KEY, "x")
        reply = self.web.get("/_config")
        self.assertEqual(reply.json, {"imap.hostname": "x"})
        self.assertEqual(reply.headers["content-type"], "application/json; charset=utf-8")

    def test_delete(self) -> None:
        """A deleted key is unknown: 404 without a body."""
        self.web.post(KEY, "x")
        self.assertEqual(self.web.delete(KEY).status, 200)
        reply = self.web.get(KEY)
        self.assertEqual((reply.status, reply.body), (404, b""))

    def test_changes_are_recorded(self) -> None:
        """The event log tells who changed which key, and no value."""
        self.web.post(KEY, "value-of-it")
        self.web.delete(KEY)
        events = self.web.events.events
        self.assertEqual([event.kind for event in events], ["configuration.set", "configuration.deleted"])
        self.assertEqual({str(event.data) for event in events}, {"{'key': 'imap.hostname'}"})
        self.assertTrue(all(event.subject.startswith("user_account/") for event in events))

    def test_others(self) -> None:
        """Guests and users get 403, a bad token 401, all without a body."""
        for token, status in ((None, 403), (self.web.user, 403), ("stale", 401)):
            for method, path in (("GET", "/_config"), ("GET", KEY), ("POST", KEY), ("DELETE", KEY)):
                reply = self.web.request(method, path, None, token)
                self.assertEqual((reply.status, reply.body), (status, b""))

    def test_secrets_stay_inside(self) -> None:
        """Keys the server keeps to itself are neither shown nor changed nor removed."""
        self.web.configuration.values["jwt.secret"] = "topsecret"
        path = "/_config/backend/jwt.secret"
        self.assertNotIn(b"topsecret", self.web.get("/_config").body)
        self.assertEqual(self.web.get(path).status, 404)
        self.assertEqual(self.web.post(path, "mine").status, 403)
        self.web.delete(path)
        self.assertEqual(self.web.configuration.values["jwt.secret"], "topsecret")

    def test_unusable_values(self) -> None:
        """What cannot be stored is 422: not UTF-8, NUL, too long."""
        for body in (b"\xff", b"a\0b", b"x" * 5001):
            self.assertEqual(self.web.post(KEY, body).status, 422)

    def test_only_backend(self) -> None:
        """There are no other ends."""
        for method in ("GET", "POST", "DELETE"):
            self.assertEqual(self.web.request(method, "/_config/frontend/x").status, 404)
        self.assertEqual(self.web.get("/_config/backend").status, 404)
