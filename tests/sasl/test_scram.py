"""SCRAM from both sides."""

from hypothesis import given
from hypothesis.strategies import binary, sampled_from
from twisted.internet.defer import Deferred

from daptinmail.errors import Malformed, RateLimited, Unauthenticated
from daptinmail.interfaces.credentials import Channel, ScramKeys
from daptinmail.sasl.exchange import Client, Impersonation, KeysWanted, Outcome
from daptinmail.sasl.negotiation import Challenge, Login
from daptinmail.sasl.scram import Scram
from tests.sasl.negotiating import ANN, BOUND, TLS, NegotiationCase
from tests.support.scram import ScramClient

KEYS = ScramKeys("sha256", b"salt", 4096, b"s" * 32, b"k" * 32)


class ScramCase(NegotiationCase):
    """Plays SCRAM."""

    def scram(
        self, user: ScramClient, channel: Channel = TLS, name: bytes = b"SCRAM-SHA-256"
    ) -> "Deferred[Challenge | Login]":
        """Play it to the server's last word; the client checks that."""
        self.negotiation = self.begin(name, user.first(), channel)
        challenge = self.challenge(self.start(self.negotiation))
        return self.respond(self.negotiation, user.final(challenge))

    def refused(
        self, first: bytes, channel: Channel = TLS, name: bytes = b"SCRAM-SHA-256"
    ) -> "Deferred[Challenge | Login]":
        """The first message does not please."""
        return self.start(self.begin(name, first, channel))


class ScramTests(ScramCase):
    """RFC 5802 and RFC 7677."""

    def test_both_prove_it(self) -> None:
        """The client proves that it knows the password, and so does the server."""
        for digest, name in (("sha256", b"SCRAM-SHA-256"), ("sha1", b"SCRAM-SHA-1")):
            user = ScramClient(ANN, "password", digest)
            last = self.challenge(self.scram(user, name=name))
            self.assertTrue(user.is_server(last))
            self.assert_login(self.respond(self.negotiation, b""))

    def test_without_initial_response(self) -> None:
        """The first challenge is empty."""
        negotiation = self.begin(b"SCRAM-SHA-256")
        self.assertEqual(self.challenge(self.start(negotiation)), b"")
        self.assertIn(b",i=4096", self.challenge(self.respond(negotiation, ScramClient(ANN, "password").first())))

    def test_wrong_password_and_unknown_name_look_alike(self) -> None:
        """Both get salt, the same one each time, and fail only in the end."""
        for name in (ANN, "nobody@example.com"):
            firsts = set()
            for _ in range(2):
                negotiation = self.begin(b"SCRAM-SHA-256", ScramClient(name, "wrong").first())
                firsts.add(self.challenge(self.start(negotiation)))
            self.assertEqual(len(firsts), 1)
            self.assert_fails(self.scram(ScramClient(name, "wrong")), Unauthenticated)

    def test_changed_between_last_word_and_answer(self) -> None:
        """A client that is slow with its last, empty response does not get in once the password has changed."""
        self.challenge(self.scram(ScramClient(ANN, "password")))
        self.directory.change_password(ANN, "other")
        self.assert_fails(self.respond(self.negotiation, b""), Unauthenticated)

    def test_changed_between_salt_and_proof(self) -> None:
        """A proof made with the salt of an older password fails."""
        user = ScramClient(ANN, "password")
        negotiation = self.begin(b"SCRAM-SHA-256", user.first())
        challenge = self.challenge(self.start(negotiation))
        self.directory.change_password(ANN, "other")
        self.assert_fails(self.respond(negotiation, user.final(challenge)), Unauthenticated)

    def test_last_response_is_empty(self) -> None:
        """There is nothing to say after the server's last word."""
        self.challenge(self.scram(ScramClient(ANN, "password")))
        self.assert_fails(self.respond(self.negotiation, b"thanks"), Malformed)

    def test_replay(self) -> None:
        """The messages of one exchange do not open another: the nonce is ours too."""
        user = ScramClient(ANN, "password")
        first = Client("", "imap", TLS)
        exchange = Scram("sha256", plus=False)(user.first(), first)
        self.assertEqual(next(exchange), KeysWanted(ANN, "sha256"))
        challenge = exchange.send(KEYS)
        assert isinstance(challenge, bytes)
        recorded = user.final(challenge)
        negotiation = self.begin(b"SCRAM-SHA-256", user.first())
        self.challenge(self.start(negotiation))
        self.assert_fails(self.respond(negotiation, recorded), Unauthenticated)

    def test_rate_limited(self) -> None:
        """Who guesses too often is not even told the salt."""
        self.directory.limited.add(ANN)
        self.assert_fails(self.refused(ScramClient(ANN, "password").first()), RateLimited)

    def test_identity(self) -> None:
        """The authorization identity may be the user, and nobody else."""
        last = self.challenge(self.scram(ScramClient(ANN, "password", identity=ANN)))
        self.assertTrue(last.startswith(b"v="))
        self.assert_fails(self.refused(f"n,a=bob@example.com,n={ANN},r=x".encode()), Impersonation)

    def test_names(self) -> None:
        """Commas and equals signs are escaped; names are prepared as RFC 4013 asks."""
        self.directory.add("a,b=c")
        self.challenge(self.scram(ScramClient("a=2Cb=3Dc", "password")))
        self.assert_login(self.respond(self.negotiation, b""), "a,b=c")
        self.challenge(self.scram(ScramClient("ann\u00ad@example.com", "password")))
        self.assert_login(self.respond(self.negotiation, b""))
        for name in ("\u0007", "\u00ad", "\u0627\u0031"):
            self.assert_fails(self.refused(f"n,,n={name},r=x".encode()), Unauthenticated)

    def test_malformed(self) -> None:
        """What does not follow the grammar is a syntax error, at both messages."""
        for first in (
            b"",
            b"n,,",
            b"n,,n=,r=x",
            b"n,,n=ann,r=",
            b"n,,r=x,n=ann",
            b"n,,m=must,n=ann,r=x",
            b"n,,n=a=2cb,r=x",
            b"n,,n=a=,r=x",
            b"n,,n=\xff,r=x",
            b"n,,n=a\0b,r=x",
            b"n,,n=ann,r=a b",
            b"n,,n=ann,r=" + b"x" * 513,
            b"n,,n=" + b"a" * 4096 + b",r=x",
            b"x,,n=ann,r=x",
            b"p=tls-exporter,,n=ann,r=x",
        ):
            self.assert_fails(self.refused(first), Malformed)
        bad_base64 = (b"c=b,r=x,p=AAAA", b"c=biws,r=x,p=A")
        for final in (b"", b"c=biws", b"c=biws,r=x", b"c=biws,r=x,p=", b"x" * 5000, *bad_base64):
            negotiation = self.begin(b"SCRAM-SHA-256", ScramClient(ANN, "password").first())
            self.challenge(self.start(negotiation))
            self.assert_fails(self.respond(negotiation, final), Malformed)

    @given(binary(max_size=200), sampled_from([b"", b"n,,", b"n,,n=ann,r=", b"y,a=x,n="]))
    def test_hostile_first(self, octets: bytes, prefix: bytes) -> None:
        """Whatever comes first, it is taken, refused, or a syntax error."""
        exchange = Scram("sha256", plus=False)(prefix + octets, Client("", "imap", TLS))
        try:
            self.assertIsInstance(next(exchange), KeysWanted)
        except (Malformed, Unauthenticated, Impersonation):
            return
        challenge = exchange.send(KEYS)
        assert isinstance(challenge, bytes)
        self.assertEqual(challenge[:2], b"r=")

    @given(binary(max_size=200), sampled_from([b"", b"c=biws,r=", b"c=", b"c=biws,r=xAAAAAAAAAAAAAAAAAAAAAAAA,p="]))
    def test_hostile_final(self, octets: bytes, prefix: bytes) -> None:
        """The same for the second message."""
        client = Client("", "imap", TLS, lambda octets: b"\0" * octets)
        exchange = Scram("sha256", plus=False)(b"n,,n=ann,r=x", client)
        next(exchange)
        exchange.send(KEYS)
        try:
            exchange.send(prefix + octets)
        except StopIteration as end:
            self.assertIsInstance(end.value, Outcome)
        except (Malformed, Unauthenticated):
            return


class ChannelBindingTests(ScramCase):
    """SCRAM-SHA-256-PLUS: the password is proved for this very TLS connection."""

    def test_bound(self) -> None:
        """Both kinds of binding work; the data of another connection does not."""
        for flag, data in (("p=tls-exporter", b"exported"), ("p=tls-server-end-point", b"hashed")):
            user = ScramClient(ANN, "password", flag=flag, bound=data)
            last = self.challenge(self.scram(user, BOUND, b"SCRAM-SHA-256-PLUS"))
            self.assertTrue(user.is_server(last))
            self.assert_login(self.respond(self.negotiation, b""))
            for wrong in (b"", b"of another connection"):
                user = ScramClient(ANN, "password", flag=flag, bound=wrong)
                self.assert_fails(self.scram(user, BOUND, b"SCRAM-SHA-256-PLUS"), Unauthenticated)

    def test_downgrade(self) -> None:
        """A client that could bind, and was told that we cannot, was lied to: it is refused (RFC 5802 §6)."""
        for name in (b"SCRAM-SHA-256", b"SCRAM-SHA-1"):
            self.assert_fails(self.refused(b"y,,n=ann,r=x", BOUND, name), Unauthenticated)
        self.challenge(self.scram(ScramClient(ANN, "password", flag="y")))

    def test_header_is_covered(self) -> None:
        """The header of the first message counts: changing y to n on the way is noticed."""
        user = ScramClient(ANN, "password", flag="y")
        negotiation = self.begin(b"SCRAM-SHA-256", b"n,," + user.bare.encode())
        challenge = self.challenge(self.start(negotiation))
        self.assert_fails(self.respond(negotiation, user.final(challenge)), Unauthenticated)

    def test_flag_and_mechanism(self) -> None:
        """-PLUS wants a binding that we know; the plain form wants none."""
        plus = b"SCRAM-SHA-256-PLUS"
        for flag in (b"n", b"y"):
            self.assert_fails(self.refused(flag + b",,n=ann,r=x", BOUND, plus), Malformed)
        self.assert_fails(self.refused(b"p=tls-unique,,n=ann,r=x", BOUND, plus), Unauthenticated)
        self.assert_fails(self.refused(b"p=tls-exporter,,n=ann,r=x", BOUND), Malformed)
