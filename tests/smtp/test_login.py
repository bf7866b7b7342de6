"""AUTH as conversations."""

import base64

from attrs import evolve
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.accounts.checker import make_portal
from daptinmail.errors import RateLimited
from tests.smtp.listening import SERVER, Listener
from tests.support.dialogue import Dialogue
from tests.support.proofs import MemoryProofs
from tests.support.scram import ScramClient


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


def proving() -> tuple[Listener, MemoryProofs, Dialogue]:
    """A greeted connection under TLS whose portal takes everything."""
    listener = Listener(implicit_tls=True)
    proofs = MemoryProofs(listener.directory)
    shared = listener.factory.shared
    listener.factory.shared = evolve(shared, portal=make_portal(listener.directory, proofs))
    return listener, proofs, listener.greeted()


class Scram(SynchronousTestCase):
    """SCRAM (RFC 5802, RFC 7677) in the framing of RFC 4954."""

    def challenge(self, dialogue: Dialogue) -> bytes:
        """What the server asks."""
        (line,) = dialogue.lines()
        self.assertEqual(line[:4], "334 ")
        return base64.b64decode(line[4:])

    def test_both_prove_it(self) -> None:
        """The password is proved and not sent; the message is then the account's."""
        for digest, name in (("sha256", "SCRAM-SHA-256"), ("sha1", "scram-sha-1")):
            listener, _, dialogue = proving()
            user = ScramClient("ann@example.test", "secret", digest)
            dialogue.run(f"C: AUTH {name} {b64(user.first().decode())}")
            dialogue.run(f"C: {b64(user.final(self.challenge(dialogue)).decode())}")
            self.assertTrue(user.is_server(self.challenge(dialogue)))
            dialogue.run("C: \nS: 235 2.7.0 Authentication succeeded\nC: MAIL FROM:<ann@example.test>\nS: 250 ...")
            (origin,) = listener.reception.origins
            assert origin.account is not None
            self.assertEqual(origin.account.username, "ann@example.test")

    def test_wrong(self) -> None:
        """A wrong password and an unknown name fail alike, at the same step, and count as failures."""
        _, _, dialogue = proving()
        for name in ("ann@example.test", "nobody", "nobody"):
            user = ScramClient(name, "guess")
            dialogue.run(f"C: AUTH SCRAM-SHA-256 {b64(user.first().decode())}")
            dialogue.run(f"C: {b64(user.final(self.challenge(dialogue)).decode())}")
            dialogue.run("S: 535 5.7.0 Invalid login or password")
        dialogue.run("S: 421 4.7.0 ...\nS! closed")

    def test_malformed(self) -> None:
        """A syntax error ends the exchange, not the connection."""
        _, _, dialogue = proving()
        dialogue.run(f"""
            C: AUTH SCRAM-SHA-256 {b64("n,,n=ann")}
            S: 501 5.5.4 Malformed SCRAM message
            C: AUTH SCRAM-SHA-256
            S: 334 ...
            C: {b64("n,,n=ann,r=x")}
            S: 334 ...
            C: {b64("c=biws")}
            S: 501 5.5.4 Malformed SCRAM message
            C: AUTH SCRAM-SHA-256 {b64("n,a=bob,n=ann,r=x")}
            S: 535 ...
            C: NOOP
            S: 250 ...
        """)

    def test_given_up_at_the_last_word(self) -> None:
        """Who cancels after the server's last word is not logged in."""
        _, _, dialogue = proving()
        user = ScramClient("ann@example.test", "secret")
        dialogue.run(f"C: AUTH SCRAM-SHA-256 {b64(user.first().decode())}")
        dialogue.run(f"C: {b64(user.final(self.challenge(dialogue)).decode())}")
        self.challenge(dialogue)
        dialogue.run(f"C: *\nS: 501 5.7.0 Authentication cancelled\nC: AUTH PLAIN {PLAIN}\nS: 235 ...")

    def test_lost_in_the_middle(self) -> None:
        """A client that goes away in the middle leaves nothing behind."""
        listener, _, dialogue = proving()
        dialogue.run(f"C: AUTH SCRAM-SHA-256 {b64('n,,n=ann@example.test,r=x')}").lose()
        self.assertEqual(listener.factory.sessions, set())


class Bearer(SynchronousTestCase):
    """OAUTHBEARER and XOAUTH2."""

    def test_token(self) -> None:
        """A token opens its account; a refusal is told in JSON, answered, and then is one."""
        for name, form, last in (
            ("OAUTHBEARER", "n,a=ann@example.test,\x01auth=Bearer {}\x01\x01", "AQ=="),
            ("XOAUTH2", "user=ann@example.test\x01auth=Bearer {}\x01\x01", ""),
        ):
            _, proofs, dialogue = proving()
            proofs.tokens["good"] = ["ann@example.test"]
            dialogue.run(f"C: AUTH {name} {b64(form.format('bad'))}\nS: 334 ...\nC: {last}\nS: 535 5.7.0 ...")
            dialogue.run(f"C: AUTH {name} {b64(form.format('good'))}\nS: 235 ...")


class Offer(SynchronousTestCase):
    """What EHLO says."""

    def test_offer(self) -> None:
        """What the portal takes and the connection can do; nothing in clear."""
        _, _, dialogue = proving()
        dialogue.run("C: EHLO x")
        (offer,) = [line for line in dialogue.lines() if "AUTH" in line]
        self.assertEqual(offer, "250-AUTH SCRAM-SHA-256 SCRAM-SHA-1 OAUTHBEARER XOAUTH2 PLAIN LOGIN")
        clear = Listener(starttls=True).connect()
        clear.run("S: 220 ...\nC: EHLO x")
        self.assertEqual([line for line in clear.lines() if "AUTH" in line], [])

    def test_not_offered(self) -> None:
        """What is not offered is not taken: EXTERNAL without a certificate, -PLUS without a channel to bind to."""
        proving()[2].run("C: AUTH EXTERNAL =\nS: 504 5.5.4 ...\nC: AUTH SCRAM-SHA-256-PLUS\nS: 504 5.5.4 ...")
        secure()[1].run("C: AUTH SCRAM-SHA-256\nS: 504 5.5.4 ...")


class EndOfSessions(SynchronousTestCase):
    """A changed password reaches those who are inside."""

    def test_idle(self) -> None:
        """The account's sessions hear 421; others go on."""
        listener, mine = secure()
        other, guest = listener.greeted(), listener.greeted()
        account = listener.directory.add("bob@example.test", "secret")
        mine.run(f"C: AUTH PLAIN {PLAIN}\nS: 235 ...")
        other.run(f"C: AUTH PLAIN {b64(chr(0) + 'bob@example.test' + chr(0) + 'secret')}\nS: 235 ...")
        listener.factory.end_sessions(account.id)
        other.run("S: 421 4.3.2 ...\nS! closed")
        mine.run("C: NOOP\nS: 250 ...")
        guest.run("C: NOOP\nS: 250 ...")

    def test_in_a_transaction(self) -> None:
        """A message that is under way is finished, and then it is over."""
        listener, dialogue = secure()
        dialogue.run(f"C: AUTH PLAIN {PLAIN}\nS: 235 ...\nC: MAIL FROM:<ann@example.test>\nS: 250 ...")
        (session,) = listener.factory.sessions
        assert session.session.account is not None
        listener.factory.end_sessions(session.session.account.id)
        dialogue.run("C: RSET\nS: 250 ...\nS: 421 4.3.2 ...\nS! closed")
