"""Before login: greeting, capabilities, LOGIN, AUTHENTICATE, STARTTLS."""

from base64 import b64decode, b64encode

from OpenSSL.SSL import Connection
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from daptinmail.accounts.checker import make_portal
from daptinmail.errors import Unavailable
from daptinmail.interfaces.directory import Account
from tests.imap.session import Server
from tests.support.directory import MemoryDirectory
from tests.support.scram import ScramClient


def b64(octets: bytes) -> str:
    """As it goes on the wire."""
    return b64encode(octets).decode()


PLAIN = b64encode(b"\0ann@example.com\0password").decode()


class AwayDirectory(MemoryDirectory):
    """Its database is away."""

    async def authenticate(self, username: str, password: str, peer: str, service: str = "") -> Account:
        """Not now."""
        raise Unavailable


@implementer(IOpenSSLServerConnectionCreator)
class NoTls:
    """Stands for a TLS context."""

    def serverConnectionForTLS(self, tlsProtocol: object) -> Connection:  # noqa: N803 - Twisted's name
        """Never asked."""
        raise AssertionError


def plaintext() -> Server:
    """A listener that offers STARTTLS."""
    server = Server()
    server.factory.implicit_tls = False
    server.factory.tls = NoTls()
    return server


class LoginTests(SynchronousTestCase):
    """Who gets in, and how."""

    def test_login(self) -> None:
        """User name and password may be atoms, quoted strings or literals."""
        for arguments in (
            "ann@example.com password",
            '"ann@example.com" "password"',
            "{15+}\\r\\nann@example.com {8+}\\r\\npassword",
        ):
            Server().connect().run(f"S: * OK ...\nC< 1 LOGIN {arguments}\\r\\nS: 1 OK ...")

    def test_synchronizing_literals_are_asked_for(self) -> None:
        """A client that waits before each literal is told to go ahead."""
        Server().connect().run(
            """
            S: * OK ...
            C: 1 LOGIN {15}
            S: + Go ahead
            C: ann@example.com {8}
            S: + Go ahead
            C: password
            S: 1 OK ...
            """
        )

    def test_plain(self) -> None:
        """AUTHENTICATE PLAIN works with and without an initial response."""
        Server().connect().run(f"S: * OK ...\nC: 1 AUTHENTICATE PLAIN {PLAIN}\nS: 1 OK [CAPABILITY ...] Logged in")
        Server().connect().run(f"S: * OK ...\nC: 1 authenticate plain\nS: + \nC: {PLAIN}\nS: 1 OK ...")

    def test_login_mechanism(self) -> None:
        """AUTHENTICATE LOGIN asks for the name and then the password."""
        Server().connect().run(
            f"""
            S: * OK ...
            C: 1 AUTHENTICATE LOGIN
            S: + {b64encode(b"Username:").decode()}
            C: {b64encode(b"ann@example.com").decode()}
            S: + {b64encode(b"Password:").decode()}
            C: {b64encode(b"password").decode()}
            S: 1 OK ...
            """
        )

    def test_scram(self) -> None:
        """A client proves its password without sending it, and the server proves that it knows it too."""
        for digest, name in (("sha256", "SCRAM-SHA-256"), ("sha1", "scram-sha-1")):
            user = ScramClient("ann@example.com", "password", digest)
            dialogue = Server().connect().run(f"S: * OK ...\nC: 1 AUTHENTICATE {name} {b64(user.first())}")
            (challenge,) = dialogue.lines()
            dialogue.run(f"C: {b64(user.final(b64decode(challenge[2:])))}")
            (last,) = dialogue.lines()
            self.assertTrue(user.is_server(b64decode(last[2:])))
            dialogue.run("C: \nS: 1 OK [CAPABILITY ...] Logged in")

    def test_token(self) -> None:
        """A token of the API opens the account that its holder owns."""
        server = Server()
        server.proofs.tokens["good"] = ["ann@example.com"]
        message = b64(b"n,,\x01auth=Bearer good\x01\x01")
        server.connect().run(
            f"S: * OK ...\nC: 1 AUTHENTICATE OAUTHBEARER {message}\nS: 1 OK [CAPABILITY ...] Logged in"
        )

    def test_not_now(self) -> None:
        """When nothing can be checked, the client is told to come again, and it does not count as its failure."""
        server = Server()
        server.factory.portal = make_portal(AwayDirectory(), server.proofs)
        client = server.connect().run("S: * OK ...")
        for tag in range(4):
            client.run(f"C: {tag} LOGIN ann@example.com password\nS: {tag} NO [UNAVAILABLE] ...")
        self.assertEqual(len(self.flushLoggedErrors(Unavailable)), 4)

    def test_not_offered(self) -> None:
        """A mechanism that cannot work here is refused like one that there is not."""
        for name in ("EXTERNAL =", "SCRAM-SHA-256-PLUS", "NTLM"):
            Server().connect().run(f"S: * OK ...\nC: 1 AUTHENTICATE {name}\nS: 1 NO [CANNOT] ...")

    def test_scram_rate_limited(self) -> None:
        """Who guesses too often waits for the salt, too."""
        server = Server()
        server.directory.limited.add("ann@example.com")
        first = b64(b"n,,n=ann@example.com,r=x")
        client = server.connect().run(f"S: * OK ...\nC: 1 AUTHENTICATE SCRAM-SHA-256 {first}\nS! silent")
        server.clock.advance(5)
        client.run("S: 1 NO [LIMIT] ...")

    def test_changed_password_ends_sessions(self) -> None:
        """The account's sessions hear BYE, in whatever they were; those of others and those before login go on."""
        server = Server()
        server.add_account("bob@example.com")
        mine, idle = server.login(), server.select()
        idle.run("C: 1 IDLE\nS: + ...")
        other = server.connect().run("S: * OK ...\nC: 1 LOGIN bob@example.com password\nS: 1 OK ...")
        guest = server.connect().run("S: * OK ...")
        server.factory.end_sessions(server.account.id)
        for client in (mine, idle):
            client.run("S: * BYE Log in again\nS! closed")
        for client in (other, guest):
            client.run("C: 2 NOOP\nS: 2 OK ...")

    def test_no_credential_is_logged(self) -> None:
        """Neither passwords nor tokens nor proofs stand in the log."""
        secret = b64(b"\0ann@example.com\0hunter2")
        token = b64(b"n,,\x01auth=Bearer hunter2\x01\x01")
        with capturedLogs() as events:
            client = Server().connect().run(f"S: * OK ...\nC: 1 AUTHENTICATE PLAIN {secret}\nS: 1 NO ...")
            client.run(f"C: 2 AUTHENTICATE OAUTHBEARER {token}\nS: + ...\nC: AQ==\nS: 2 NO ...")
        text = "".join(map(repr, events))
        self.assertIn("login failed", text)
        for hidden in ("hunter2", secret, token):
            self.assertNotIn(hidden, text)

    def test_cancel(self) -> None:
        """A client may give up with an asterisk."""
        Server().connect().run("S: * OK ...\nC: 1 AUTHENTICATE PLAIN\nS: + \nC: *\nS: 1 BAD ...")

    def test_malformed_sasl(self) -> None:
        """What is not base64, or not PLAIN, is a syntax error."""
        for response in ("!!!", b64encode(b"only").decode(), "A"):
            Server().connect().run(f"S: * OK ...\nC: 1 AUTHENTICATE PLAIN\nS: + \nC: {response}\nS: 1 BAD ...")

    def test_other_identity(self) -> None:
        """Nobody may act for somebody else."""
        text = b64encode(b"bob\0ann@example.com\0password").decode()
        Server().connect().run(f"S: * OK ...\nC: 1 AUTHENTICATE PLAIN {text}\nS: 1 NO [AUTHORIZATIONFAILED] ...")

    def test_wrong_password(self) -> None:
        """The answer does not say what was wrong, and the third failure ends the connection."""
        Server().connect().run(
            """
            S: * OK ...
            C: 1 LOGIN ann@example.com wrong
            S: 1 NO [AUTHENTICATIONFAILED] Invalid login or password
            C: 2 LOGIN nobody@example.com wrong
            S: 2 NO [AUTHENTICATIONFAILED] Invalid login or password
            C: 3 LOGIN ann@example.com wrong
            S: 3 NO [AUTHENTICATIONFAILED] Invalid login or password
            S: * BYE ...
            S! closed
            """
        )

    def test_rate_limited(self) -> None:
        """Somebody who guesses too often waits for the refusal."""
        server = Server()
        server.directory.limited.add("ann@example.com")
        client = server.connect().run("S: * OK ...\nC: 1 LOGIN ann@example.com password\nS! silent")
        server.clock.advance(5)
        client.run("S: 1 NO [LIMIT] ...")

    def test_slow_login_times_out(self) -> None:
        """60 seconds must do, however slowly octets come."""
        server = Server()
        client = server.connect().run("S: * OK ...")
        for _ in range(59):
            client.send(b"x")
            server.clock.advance(1)
        client.run("S! silent")
        server.clock.advance(1)
        client.run("S: * BYE ...\nS! closed")

    def test_not_before_login(self) -> None:
        """Commands of later states are refused, and the answer names the state, not the internals."""
        Server().connect().run("S: * OK ...\nC: 1 SELECT INBOX\nS: 1 BAD [CLIENTBUG] ...")

    def test_not_after_login(self) -> None:
        """There is one login a connection."""
        Server().login().run("C: 1 LOGIN ann@example.com password\nS: 1 BAD ...")


class StartTlsTests(SynchronousTestCase):
    """Passwords travel only under TLS."""

    def test_login_disabled(self) -> None:
        """In the clear, LOGIN and AUTHENTICATE are refused and not offered."""
        plaintext().connect().run(
            f"""
            S~ \\* OK \\[CAPABILITY (?!.*AUTH=).*LOGINDISABLED STARTTLS\\] .*
            C: 1 LOGIN ann@example.com password
            S: 1 NO [PRIVACYREQUIRED] ...
            C: 2 AUTHENTICATE PLAIN {PLAIN}
            S: 2 NO [PRIVACYREQUIRED] ...
            """
        )

    def test_starttls(self) -> None:
        """After STARTTLS passwords are taken, and STARTTLS is not offered again."""
        client = plaintext().connect().run("S: * OK ...\nC: 1 STARTTLS\nS: 1 OK ...")
        self.assertEqual(len(client.wire.contexts), 1)
        client.run(
            r"""
            C: 2 CAPABILITY
            S~ \* CAPABILITY (?!.*STARTTLS)(?!.*LOGINDISABLED).*AUTH=PLAIN.*
            S: 2 OK ...
            C: 3 STARTTLS
            S: 3 BAD ...
            C: 4 LOGIN ann@example.com password
            S: 4 OK ...
            """
        )

    def test_not_offered_without_certificates(self) -> None:
        """Without a context there is no STARTTLS."""
        server = Server()
        server.factory.implicit_tls = False
        server.connect().run("S: * OK ...\nC: 1 STARTTLS\nS: 1 NO ...")

    def test_injected_command_drops_connection(self) -> None:
        """Commands that came before the handshake are not run after it (CVE-2011-0411)."""
        for injected in (b"2 NOOP\r\n", b"2 NO"):
            client = plaintext().connect().run("S: * OK ...")
            client.send(b"1 STARTTLS\r\n" + injected)
            self.assertTrue(client.wire.aborted)
            self.assertEqual(client.wire.contexts, [])
            client.run("S! silent")


class AnyStateTests(SynchronousTestCase):
    """What works everywhere."""

    def test_any_state(self) -> None:
        """CAPABILITY, NOOP, ID and LOGOUT need no login."""
        Server().connect().run(
            """
            S: * OK ...
            C: 1 CAPABILITY
            S: * CAPABILITY IMAP4rev1 ... LITERAL- AUTH=SCRAM-SHA-256 AUTH=SCRAM-SHA-1 ... AUTH=PLAIN AUTH=LOGIN
            S: 1 OK ...
            C: 2 NOOP
            S: 2 OK ...
            C: 3 ID NIL
            S: * ID ("name" "daptinmail")
            S: 3 OK ...
            C: 4 id ("name" "x" "version" NIL)
            S: * ID ...
            S: 4 OK ...
            C: 5 ID x
            S: 5 BAD ...
            C: 6 LOGOUT
            S: * BYE ...
            S: 6 OK ...
            S! closed
            """
        )

    def test_small_extensions(self) -> None:
        """NAMESPACE and ENABLE answer as their RFCs say."""
        Server().login().run(
            """
            C: 1 NAMESPACE
            S: * NAMESPACE (("" "/")) (("Other Users/" "/")) NIL
            S: 1 OK ...
            C: 2 ENABLE X-UNKNOWN
            S: * ENABLED
            S: 2 OK ...
            C: 3 CAPABILITY
            S~ .* CAPABILITY (?!.*LITERAL-).* LITERAL\\+
            S: 3 OK ...
            """
        )

    def test_autologout(self) -> None:
        """After 30 idle minutes the server says goodbye; activity counts."""
        server = Server()
        client = server.login()
        server.clock.advance(1799)
        client.run("C: 1 NOOP\nS: 1 OK ...")
        server.clock.advance(1799)
        client.run("S! silent")
        server.clock.advance(1)
        client.run("S: * BYE ...\nS! closed")

    def test_ten_bad_commands(self) -> None:
        """A client that only talks nonsense is shown the door."""
        client = Server().connect().run("S: * OK ...")
        for number in range(9):
            client.run(f"C: {number} FROB\nS: {number} BAD Unknown command")
        client.run("C: x FROB\nS: x BAD ...\nS: * BYE ...\nS! closed")

    def test_close_sessions(self) -> None:
        """When a listener goes, its sessions are told."""
        server = Server()
        client = server.select()
        self.assertEqual(len(server.factory.sessions), 1)
        server.factory.close_sessions()
        client.run("S: * BYE Server is shutting down\nS! closed")
        client.lose()
        self.assertEqual(server.factory.sessions, set())
        self.assertEqual(server.clock.getDelayedCalls(), [])

    def test_log(self) -> None:
        """Every line of the log names the connection, the same one from the greeting to the end."""
        with capturedLogs() as events:
            Server().select().lose()
        ours = [event for event in events if event["log_namespace"].startswith("daptinmail.imap")]
        self.assertGreater(len(ours), 2)
        self.assertEqual(len({event["connection"] for event in ours}), 1)
