"""An alias made over HTTP takes mail at once."""

import smtplib

from tests.live.harness import PATIENCE
from tests.live.site import ALICE, BOB, SharedSite, message


class AliasTests(SharedSite):
    """Against the running server."""

    def test_two_accounts(self) -> None:
        """Mail from another host for the alias is in both mailboxes."""
        alias = "both@example.test"
        self.site.server.create("mail_alias", {"address": alias, "targets": f"{ALICE}, {BOB}"})
        with smtplib.SMTP("127.0.0.1", self.site.mx, timeout=PATIENCE) as session:
            session.sendmail("them@elsewhere.test", [alias], message("to both", "them@elsewhere.test", alias))
        for username in (ALICE, BOB):
            with self.site.login(username) as session:
                session.select("INBOX")
                self.assertEqual(len(session.search(None, "SUBJECT", '"to both"')[1][0].split()), 1)
