"""The verbs outside a transaction, as conversations."""

from twisted.trial.unittest import SynchronousTestCase

from tests.smtp.listening import Listener, listening


class Greetings(SynchronousTestCase):
    """EHLO, HELO and what they offer."""

    def test_ehlo_lists_exactly_what_is_supported(self) -> None:
        """A client sees every extension, and AUTH only where it may be used."""
        Listener(starttls=True).connect().run("""
            S: 220 mail.example.test ESMTP ...
            C: EHLO client.test
            S: 250-mail.example.test Hello [192.0.2.1]
            S: 250-SIZE 104857600
            S: 250-PIPELINING
            S: 250-8BITMIME
            S: 250-SMTPUTF8
            S: 250-ENHANCEDSTATUSCODES
            S: 250-LIMITS RCPTMAX=100 MAILMAX=100
            S: 250-STARTTLS
            S: 250 HELP
            S! silent
        """)

    def test_ehlo_under_tls_offers_authentication(self) -> None:
        """Under TLS there is AUTH and no STARTTLS."""
        Listener(implicit_tls=True, starttls=True).connect().run("""
            S: 220 ...
            C: EHLO client.test
            S* 250-LIMITS RCPTMAX=100 MAILMAX=100
            S: 250-AUTH PLAIN LOGIN
            S: 250 HELP
        """)

    def test_size_is_the_servers(self) -> None:
        """SIZE tells the limit of the mail server's row."""
        listening(max_size=10000).connect().run("S: 220 ...\nC: EHLO c\nS: 250-...\nS: 250-SIZE 10000")

    def test_helo(self) -> None:
        """Old clients say HELO and may send mail."""
        listener = Listener()
        listener.connect().run("""
            S: 220 ...
            C: helo client.test
            S: 250 mail.example.test Hello [192.0.2.1]
            C: MAIL FROM:<>
            S: 250 2.1.0 ...
        """)
        self.assertEqual(listener.reception.origins[0].protocol(smtputf8=False), "SMTP")

    def test_helo_needs_a_name(self) -> None:
        """A greeting without a name, or with more than a name, is refused."""
        Listener().connect().run("""
            S: 220 ...
            C: EHLO
            S: 501 5.5.4 ...
            C: HELO a b
            S: 501 5.5.4 ...
            C: EHLO x(comment);y
            S: 501 5.5.4 ...
            C< EHLO caf\\xe9\\r\\n
            S: 501 5.5.4 ...
        """)


class Small(SynchronousTestCase):
    """Verbs that change little."""

    def test_harmless_verbs(self) -> None:
        """NOOP, RSET, HELP, VRFY, EXPN and QUIT answer as RFC 5321 says, in any case of letters."""
        Listener().connect().run("""
            S: 220 ...
            C: nOoP whatever
            S: 250 2.0.0 OK
            C: RSET
            S: 250 2.0.0 OK
            C: RSET now
            S: 501 5.5.4 ...
            C: HELP
            S: 214 2.0.0 ...
            C: VRFY ann
            S: 252 2.1.5 ...
            C: VRFY nobody
            S: 252 2.1.5 ...
            C: EXPN list
            S: 502 5.5.1 ...
            C: QUIT
            S: 221 2.0.0 ...
            S! closed
        """)

    def test_unknown_verbs(self) -> None:
        """What is not offered is not known, whatever Twisted's classes could do."""
        Listener().connect().run("""
            S: 220 ...
            C: BDAT 10 LAST
            S: 500 5.5.2 ...
            C: UNKNOWN
            S: 500 5.5.2 ...
            C: ETRN x
            S: 500 5.5.2 ...
            C:
            S: 500 5.5.2 ...
            C< \\xff\\xfe\\r\\n
            S: 500 5.5.2 ...
            C< NO\\x00OP\\r\\n
            S: 500 5.5.2 Illegal character in command
        """)

    def test_browser_is_cut_off(self) -> None:
        """A web browser that was tricked into speaking to the server gets nothing."""
        for method in ("GET", "POST", "PUT", "OPTIONS"):
            Listener().connect().run(f"""
                S: 220 ...
                C: {method} / HTTP/1.1
                S! closed
                C: MAIL FROM:<a@b.test>
                S! silent
            """)

    def test_starttls_when_there_is_none(self) -> None:
        """STARTTLS without a certificate, under TLS, or inside a transaction is refused."""
        Listener().greeted().run("C: STARTTLS\nS: 502 5.5.1 TLS not available")
        Listener(starttls=True, implicit_tls=True).greeted().run("C: STARTTLS\nS: 502 5.5.1 ...")
        Listener(starttls=True).greeted().run("""
            C: STARTTLS now
            S: 501 5.5.4 ...
            C: MAIL FROM:<>
            S: 250 ...
            C: STARTTLS
            S: 503 5.5.1 ...
        """)

    def test_nothing_before_starttls_counts_after_it(self) -> None:
        """After STARTTLS the client must greet again (RFC 3207 §4.2)."""
        dialogue = Listener(starttls=True).greeted()
        dialogue.run("""
            C: STARTTLS
            S: 220 2.0.0 ...
            C: MAIL FROM:<>
            S: 503 5.5.1 ...
            C: EHLO client.test
            S* 250-AUTH PLAIN LOGIN
            S: 250 HELP
        """)
        self.assertEqual(len(dialogue.wire.contexts), 1)


class Xclient(SynchronousTestCase):
    """XCLIENT from a proxy."""

    def test_trusted_proxy_names_its_client(self) -> None:
        """From a private address, when switched on, the named address is the client's."""
        listener = listening(xclient_on=True)
        listener.greeted("10.0.0.7").run("""
            C: XCLIENT ADDR=IPV6:2001:DB8::1 HELO=far.test NAME=[UNAVAILABLE] PORT=1
            S: 220 ...
            C: MAIL FROM:<>
            S: 250 ...
            C: XCLIENT ADDR=198.51.100.1
            S: 503 ...
        """)
        self.assertEqual(listener.reception.origins[0].ip, "2001:db8::1")
        self.assertEqual(listener.reception.origins[0].helo, "far.test")

    def test_offered_only_where_it_works(self) -> None:
        """EHLO names XCLIENT to a trusted proxy only."""
        listening(xclient_on=True).connect("::1").run("S: 220 ...\nC: EHLO c\nS* 250-XCLIENT ADDR HELO")

    def test_everybody_else_is_refused(self) -> None:
        """From the Internet, or when switched off, nobody chooses the address he is judged by."""
        for ip, on in (("192.0.2.1", True), ("10.0.0.7", False), ("2001:db8::1", True)):
            listening(xclient_on=on).connect(ip).run("S: 220 ...\nC: XCLIENT ADDR=127.0.0.1\nS: 550 5.7.0 ...")

    def test_bad_arguments(self) -> None:
        """Attributes that are not what they should be change nothing."""
        dialogue = listening(xclient_on=True).greeted("127.0.0.1")
        for bad in (
            "ADDR=me",
            "ADDR",
            "ADDR=",
            "LOGIN=root",
            "HELO=a+0D+0A",
            "HELO=a(b",
            "HELO=" + "x" * 300,
            "",
            "FOO=1",
        ):
            dialogue.run(f"C: XCLIENT {bad}\nS: 501 5.5.4 ...")
        self.assertEqual(dialogue.lines(), [])

    def test_unknown_address_keeps_the_proxys(self) -> None:
        """[UNAVAILABLE] is no address."""
        listener = listening(xclient_on=True)
        listener.greeted("::ffff:127.0.0.1").run("""
            C: XCLIENT ADDR=[UNAVAILABLE] HELO=x
            S: 220 ...
            C: MAIL FROM:<>
            S: 250 ...
        """)
        self.assertEqual(listener.reception.origins[0].ip, "127.0.0.1")
