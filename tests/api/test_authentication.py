"""Where a token may stand, and what happens without one."""

from twisted.trial.unittest import SynchronousTestCase

from tests.api.web import Web

PATH = "/api/mail_server"
NEW = {"data": {"type": "mail_server", "attributes": {"hostname": "a.test"}}}


class TokenTests(SynchronousTestCase):
    """Authorization, ?token=, cookie."""

    def setUp(self) -> None:
        self.web = Web()

    def status(self, header: str) -> int:
        """GET with an Authorization header."""
        return self.web.get(PATH, None, headers={"Authorization": header}).status

    def test_header(self) -> None:
        """Bearer in any case, or the bare token."""
        token = self.web.administrator
        for header in (f"Bearer {token}", f"bearer {token}", token):
            self.assertEqual(self.status(header), 200, header)

    def test_bad_header(self) -> None:
        """Anything else is 401 and says which scheme is wanted."""
        for header in ("Bearer", "Bearer a b", "Basic abc", "Bearer stale", "Bearer " + "x" * 9000):
            self.assertEqual(self.status(header), 401, header[:20])
        reply = self.web.get(PATH, "stale")
        self.assertEqual(reply.headers["www-authenticate"], "Bearer")

    def test_parameter(self) -> None:
        """The token may stand in the URL."""
        self.assertEqual(self.web.get(f"{PATH}?token={self.web.administrator}", None).status, 200)

    def test_guest_and_user(self) -> None:
        """No token is 401; a user who may not is 403; a row one may not see is 404."""
        self.assertEqual(self.web.get(PATH, None).status, 401)
        self.assertEqual(self.web.post(PATH, NEW, None).status, 401)
        self.assertEqual(self.web.post(PATH, NEW, self.web.user).status, 403)
        made = self.web.post(PATH, NEW).json["data"]["id"]
        self.assertEqual(self.web.get(f"{PATH}/{made}", self.web.user).status, 404)
        self.assertEqual(self.web.get(PATH, self.web.user).json["data"], [])


class CookieTests(SynchronousTestCase):
    """The cookie of the dashboard, and other sites that would borrow it."""

    def setUp(self) -> None:
        self.web = Web()
        self.cookie = {"Cookie": f"other=1; token={self.web.administrator}"}

    def test_reading(self) -> None:
        """The cookie is enough to read rows."""
        self.assertEqual(self.web.get(PATH, None, headers=self.cookie).status, 200)

    def test_cross_site_write(self) -> None:
        """A page of another site cannot write with it."""
        for origin in ({}, {"Origin": "https://evil.test"}, {"Origin": "null"}):
            reply = self.web.post(PATH, NEW, None, headers={**self.cookie, **origin})
            self.assertEqual(reply.status, 401, origin)

    def test_cross_site_action(self) -> None:
        """Nor call an action, not even by a link."""
        for method in ("GET", "POST"):
            reply = self.web.request(method, "/action/world/restart_daptin", None, None, self.cookie)
            self.assertEqual(reply.status, 401)
        self.assertEqual(self.web.control.reconciled, 0)

    def test_same_origin(self) -> None:
        """Our own page can."""
        headers = {**self.cookie, "Origin": "http://localhost:8080"}
        self.assertEqual(self.web.post(PATH, NEW, None, headers=headers).status, 201)
