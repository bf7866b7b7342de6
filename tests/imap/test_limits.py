"""What one command may carry."""

from twisted.trial.unittest import SynchronousTestCase

from tests.imap.session import Server


class LimitTests(SynchronousTestCase):
    """Refused at once, and the session goes on."""

    def test_id(self) -> None:
        """ID with more or longer fields than its RFC allows (RFC 2971 §3.3), or with a string in place of the list."""
        client = Server().login()
        many = b" ".join(b'"k%d" "v"' % number for number in range(31))
        for argument in (b"(%b)" % many, b'("%b" "v")' % (b"k" * 31), b'("k" "%b")' % (b"v" * 1025), b'"text"'):
            client.send(b"1 ID %b\r\n" % argument)
            client.run("S: 1 BAD ...")
        client.run('C: 2 ID ("name" "x")\nS: * ID ...\nS: 2 OK ...')

    def test_keywords(self) -> None:
        """A STORE with more keywords than a command may name is refused, and none is set."""
        server = Server()
        server.put()
        client = server.select()
        client.send(b"1 STORE 1 FLAGS (%b)\r\n" % b" ".join(b"k%d" % number for number in range(2000)))
        client.run("S: 1 NO [LIMIT] ...")
        client.run("C: 2 FETCH 1 (FLAGS)\nS: * 1 FETCH (FLAGS (\\Recent))\nS: 2 OK ...")

    def test_dates(self) -> None:
        """A date that no calendar has is refused by APPEND."""
        client = Server().login()
        for date in (b"31-Foo-2026 00:00:00 +0000", b"31-Feb-2026 00:00:00 +0000", b"nonsense"):
            client.send(b'1 APPEND INBOX "%b" {1+}\r\nx\r\n' % date)
            client.run("S: 1 BAD ...")
