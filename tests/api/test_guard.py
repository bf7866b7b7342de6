"""Rate limit, headers, errors, and clients that hang up."""

from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from daptinmail import errors
from daptinmail.api.call import Answer
from daptinmail.api.guard import unbroken
from daptinmail.api.rates import network
from tests.api.web import Web


class RateTests(SynchronousTestCase):
    """X-RateLimit."""

    def test_limit(self) -> None:
        """Past the limit 429 with the time to wait; the next second begins anew; others are not touched."""
        web = Web(rate_limit=2)
        self.assertEqual(web.get("/ping").headers["x-ratelimit-remaining"], "1")
        self.assertEqual(web.get("/ping").headers["x-ratelimit-remaining"], "0")
        reply = web.get("/api/mail_server")
        self.assertEqual((reply.status, reply.title), (429, "Rate limit exceeded"))
        self.assertEqual((reply.headers["retry-after"], reply.headers["x-ratelimit-remaining"]), ("1", "0"))
        self.assertEqual(web.get("/ping", peer="192.0.2.1").status, 200)
        web.clock.advance(1)
        self.assertEqual(web.get("/ping").headers["x-ratelimit-limit"], "2")
        web.clock.advance(-10)
        self.assertEqual(web.get("/ping").status, 200)

    def test_networks(self) -> None:
        """An IPv6 client is its /64: it owns all of it."""
        self.assertEqual(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff::9"))
        self.assertNotEqual(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"))
        self.assertNotEqual(network("::ffff:192.0.2.1"), network("::ffff:192.0.2.2"))
        self.assertEqual(network("nowhere"), "nowhere")


class HeaderTests(SynchronousTestCase):
    """Headers that keep browsers safe."""

    def test_every_answer(self) -> None:
        """Rows, errors, settings, actions and pages carry them; nothing allows other origins."""
        web = Web()
        for path in ("/", "/ping", "/api/mail_server", "/api/nonsense", "/_config", "/action/x/y", "/static/style.css"):
            headers = web.get(path, headers={"Origin": "https://evil.test"}).headers
            self.assertEqual(headers["x-content-type-options"], "nosniff", path)
            self.assertEqual(headers["x-frame-options"], "DENY", path)
            self.assertIn("default-src 'none'", headers["content-security-policy"], path)
            self.assertEqual(headers["server"], "daptinmail", path)
            self.assertNotIn("access-control-allow-origin", headers, path)
        self.assertEqual(web.get("/api/mail_server").headers["cache-control"], "no-store")


class ErrorTests(SynchronousTestCase):
    """Errors of the domain become statuses."""

    def test_statuses(self) -> None:
        """Each class has its status, and the public text is the title."""
        web = Web()
        for error, status in (
            (errors.Malformed("said"), 400),
            (errors.Unauthenticated("said"), 401),
            (errors.Forbidden("said"), 403),
            (errors.NotFound("said"), 404),
            (errors.AlreadyExists("said"), 409),
            (errors.Conflict("said"), 409),
            (errors.TooLarge("said"), 413),
            (errors.Invalid("said"), 422),
            (errors.RateLimited("said", retry_after=0.2), 429),
            (errors.Unavailable("said", cause="disk /dev/x"), 503),
            (errors.StoreDamaged("said"), 503),
            (errors.OverQuota("said"), 507),
        ):
            web.records.broken = error
            reply = web.get("/api/mail_server")
            self.assertEqual((reply.status, reply.title), (status, "said"))
            self.assertEqual(reply.json["errors"][0]["status"], str(status))
            self.assertNotIn(b"/dev/x", reply.body)

    def test_unforeseen(self) -> None:
        """An error nobody foresaw is logged under an id, and the client learns only the id."""
        web = Web()
        web.records.broken = ZeroDivisionError("SELECT secret FROM somewhere")
        reply = web.get("/api/mail_server")
        (error,) = reply.json["errors"]
        self.assertEqual((reply.status, error["title"]), (500, "Internal error"))
        self.assertNotIn(b"SELECT", reply.body)
        self.assertNotIn(b"Traceback", reply.body)
        self.assertEqual(len(error["id"]), 32)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)


class HangUpTests(SynchronousTestCase):
    """A client that goes away."""

    def test_work_goes_on(self) -> None:
        """Hanging up does not cut a change in half."""
        gate: Deferred[None] = Deferred()
        done: list[str] = []

        async def work() -> Answer:
            await gate
            done.append("all of it")
            return Answer()

        waiter = unbroken(work())
        waiter.cancel()
        self.failureResultOf(waiter, CancelledError)
        gate.callback(None)
        self.assertEqual(done, ["all of it"])


class FrontTests(SynchronousTestCase):
    """Requests that no route could read."""

    def test_refused(self) -> None:
        """Bad encodings, methods and targets get one clear line and leave no trace in the error log."""
        web = Web()
        cases: list[tuple[str, str, dict[str, Any], int]] = [
            ("GET", "/api/%ff", {}, 400),
            ("BREW", "/api/mail_server", {}, 501),
            ("GET", "/" + "x" * 9000, {}, 414),
        ]
        for method, path, headers, status in cases:
            self.assertEqual(web.request(method, path, headers=headers).status, status)
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_pages(self) -> None:
        """Unknown paths show the start page, as Daptin's dashboard expects; API paths do not."""
        web = Web()
        for path in ("/", "/in/item/mail_server", "/auth/signin"):
            reply = web.get(path, None)
            self.assertEqual((reply.status, reply.headers["content-type"]), (200, "text/html; charset=utf-8"))
        for path in ("/api", "/api/a/b/c/d/e", "/action/x"):
            self.assertEqual(web.get(path).status, 404, path)
        self.assertEqual(web.post("/", "x").status, 405)
        self.assertEqual(web.get("/ping", None).body, b"pong")
        self.assertEqual(web.get("/health", None).json, {"status": "ok"})
