"""AUTH as conversations."""

import base64

from attrs import evolve
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.errors import RateLimited
from tests.smtp.listening import SERVER, Listener
from tests.support.dialogue import Dialogue


def b64(text: str) -> str:
    """As it goes on the wire."""
    return base64.b64encode(text.encode()).decode()


PLAIN = b64("\0ann@example.test\0secret")
WRONG = b64("\0ann@example.test\0guess")
USERNAME, PASSWORD = b64("ann@example.test"), b64("secret")


def secure() -> tuple[Listener, Dialogue]:
    """A greeted connection under TLS."""
    listener = Listener(implicit_tls=True)
    return listener, listener.greeted()


class Plain(SynchronousTestCase):
    """The PLAIN mechanism (RFC 4616)."""

    def test_initial_response(self) -> None:
        """One line logs in; the message is then the account's."""
        listener, dialogue = secure()
        dialogue.run(f"""
            C: AUTH PLAIN {PLAIN}
            S: 235 2.7.0 Authentication succeeded
            C: MAIL FROM:<ann@example.test>
            S: 250 ...
        """)
        (origin,) = listener.reception.origins
        self.assertEqual(origin.protocol(smtputf8=False), "ESMTPSA")
        self.assertEqual((origin.tls, origin.cipher), ("TLSv1.3", "TLS_AES_256_GCM_SHA384"))
        assert origin.account is not None
        self.assertEqual(origin.account.username, "ann@example.test")
        self.assertEqual(listener.directory.attempts, [("ann@example.test", "192.0.2.1")])

    def test_challenge(self) -> None:
        """Without an initial response there is an empty challenge."""
        secure()[1].run(f"C: auth plain\nS: 334 \nC: {PLAIN}\nS: 235 2.7.0 Authentication succeeded")

    def test_wrong(self) -> None:
        """Wrong password, unknown name and nonsense are told apart by nobody."""
        for text in (
            "\0ann@example.test\0guess",
            "\0nobody\0secret",
            "bob\0ann@example.test\0secret",
            "\0\0",
        ):
            secure()[1].run(f"C: AUTH PLAIN {b64(text) or '='}\nS: 535 5.7.0 Invalid login or password")

    def test_malformed(self) -> None:
        """What is not a PLAIN message is a syntax error."""
        for text in ("ann", "", "\0", "\0ann\0x\0"):
            secure()[1].run(f"C: AUTH PLAIN {b64(text) or '='}\nS: 501 5.5.4 Malformed PLAIN message")

    def test_authorization_identity_may_be_the_user(self) -> None:
        """Some clients give the name twice."""
        same = b64("ann@example.test\0ann@example.test\0secret")
        secure()[1].run(f"C: AUTH PLAIN {same}\nS: 235 ...")


class Login(SynchronousTestCase):
    """The LOGIN mechanism."""

    def test_dialogue(self) -> None:
        """Name and password are asked for in the words that clients expect."""
        secure()[1].run(f"""
            C: AUTH LOGIN
            S: 334 VXNlcm5hbWU6
            C: {USERNAME}
            S: 334 UGFzc3dvcmQ6
            C: {PASSWORD}
            S: 235 2.7.0 Authentication succeeded
        """)

    def test_name_at_once(self) -> None:
        """The name may come with the command."""
        secure()[1].run(f"C: AUTH LOGIN {USERNAME}\nS: 334 UGFzc3dvcmQ6\nC: {PASSWORD}\nS: 235 ...")

    def test_cancelled(self) -> None:
        """A lone asterisk ends the exchange."""
        secure()[1].run("""
            C: AUTH LOGIN
            S: 334 ...
            C: *
            S: 501 5.7.0 ...
            C: NOOP
            S: 250 ...
        """)

    def test_bad_base64(self) -> None:
        """What is not base64 ends the exchange."""
        secure()[1].run("""
            C: AUTH LOGIN !!!
            S: 501 5.5.2 ...
            C: AUTH LOGIN
            S: 334 ...
            C: NOOP\x20
            S: 501 5.5.2 ...
            C: NOOP
            S: 250 ...
        """)


class Rules(SynchronousTestCase):
    """When AUTH is possible at all."""

    def test_not_in_clear(self) -> None:
        """A password is not taken without TLS."""
        listener = Listener(starttls=True)
        listener.greeted().run(f"C: AUTH PLAIN {PLAIN}\nS: 538 5.7.11 ...")
        self.assertEqual(listener.directory.attempts, [])

    def test_order(self) -> None:
        """After EHLO, once, and not inside a transaction."""
        Listener(implicit_tls=True).connect().run(f"S: 220 ...\nC: AUTH PLAIN {PLAIN}\nS: 503 5.5.1 ...")
        secure()[1].run(f"C: MAIL FROM:<>\nS: 250 ...\nC: AUTH PLAIN {PLAIN}\nS: 503 5.5.1 ...")
        secure()[1].run(f"C: AUTH PLAIN {PLAIN}\nS: 235 ...\nC: AUTH PLAIN {PLAIN}\nS: 503 5.5.1 ...")

    def test_unknown_mechanism(self) -> None:
        """Other mechanisms, and none at all, are refused."""
        secure()[1].run("C: AUTH CRAM-MD5\nS: 504 5.5.4 ...\nC: AUTH\nS: 504 5.5.4 ...")

    def test_three_failures_end_the_connection(self) -> None:
        """Guessing takes a new connection every three tries."""
        _, dialogue = secure()
        dialogue.run(f"""
            C: AUTH PLAIN {WRONG}
            S: 535 5.7.0 Invalid login or password
            C: AUTH PLAIN {WRONG}
            S: 535 5.7.0 Invalid login or password
            C: AUTH PLAIN {WRONG}
            S: 535 5.7.0 Invalid login or password
            S: 421 4.7.0 ...
            S! closed
        """)

    def test_rate_limited(self) -> None:
        """Over the rate limit the answer comes late, and even the right password is not tried."""
        listener, dialogue = secure()
        listener.directory.limited.add("ann@example.test")
        dialogue.run(f"C: AUTH PLAIN {PLAIN}\nS! silent")
        listener.clock.advance(5)
        dialogue.run("S: 454 4.7.0 ...\nC: NOOP\nS: 250 ...")

    def test_failure_of_ours(self) -> None:
        """When passwords cannot be checked now, the client may try again."""
        listener, dialogue = secure()
        listener.accounts.fails = ZeroDivisionError()
        dialogue.run(f"C: AUTH PLAIN {PLAIN}\nS: 454 4.7.0 ...")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        listener.accounts.fails = RateLimited(retry_after=0)
        dialogue.run(f"C: AUTH PLAIN {PLAIN}")
        listener.clock.advance(0)
        dialogue.run("S: 454 4.7.0 ...")

    def test_log_out(self) -> None:
        """The avatar is told when the connection ends."""
        listener, dialogue = secure()
        dialogue.run(f"C: AUTH PLAIN {PLAIN}\nS: 235 ...").lose()
        self.assertEqual(listener.accounts.logouts, 1)

    def test_lost_while_logging_in(self) -> None:
        """A login that ends after the connection is logged out at once."""
        listener, dialogue = secure()
        gate = listener.accounts.gate
        gate.shut()
        dialogue.run(f"C: AUTH PLAIN {PLAIN}").lose()
        self.assertEqual(listener.accounts.logouts, 0)
        gate.open()
        self.assertEqual(listener.accounts.logouts, 1)

    def test_odd_octets(self) -> None:
        """Names and passwords that are not text never reach the directory."""
        listener, dialogue = secure()
        for octets in (b"\0\xff\0secret", b"\0ann@example.test\0\xfe"):
            dialogue.run(f"C: AUTH PLAIN {base64.b64encode(octets).decode()}\nS: 535 5.7.0 ...")
        dialogue.run("C: AUTH LOGIN =\nS: 334 ...\nC: YQBi\nS: 535 ...\nS: 421 ...\nS! closed")
        self.assertEqual(listener.directory.attempts, [])

    def test_no_xclient_after_login(self) -> None:
        """A proxy names its client before the client logs in."""
        listener = Listener(server=evolve(SERVER, xclient_on=True), implicit_tls=True)
        dialogue = listener.greeted("10.0.0.7")
        dialogue.run(f"C: AUTH PLAIN {PLAIN}\nS: 235 ...\nC: XCLIENT ADDR=198.51.100.1\nS: 503 ...")

    def test_no_credential_is_logged(self) -> None:
        """Neither password nor name of a failed login stands in the log."""
        _, dialogue = secure()
        with capturedLogs() as events:
            dialogue.run(f"C: AUTH PLAIN {WRONG}\nC: AUTH LOGIN {USERNAME}\nC: {PASSWORD}")
        text = "".join(map(repr, events))
        self.assertIn("login failed", text)
        for secret in ("guess", "secret", WRONG, PASSWORD, USERNAME):
            self.assertNotIn(secret, text)
