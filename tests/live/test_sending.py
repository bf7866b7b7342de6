"""A message sent over HTTP, read over IMAP."""

from typing import Any

from tests.live.site import ALICE, BOB, SharedSite


class SendingTests(SharedSite):
    """Against the running server."""

    def send(self, subject: str, **attributes: Any) -> Any:
        """The answer's attributes."""
        values = {"from": f"Alice <{ALICE}>", "to": BOB, "subject": subject, "text": "Hällo.", **attributes}
        _, (entry,) = self.site.server.call("POST", "/action/mail/send", {"attributes": values})
        return entry["Attributes"]

    def test_arrives(self) -> None:
        """In the mailbox and in Sent, at once."""
        told = self.send("Über HTTP", html="<p>Hällo.</p>")
        self.assertEqual(told["recipients"], [{"address": BOB, "state": "delivered", "reply": ""}])
        for username, mailbox in ((BOB, "INBOX"), (ALICE, "Sent")):
            with self.site.login(username) as session:
                session.select(mailbox)
                found = session.uid("SEARCH", "HEADER", "Message-ID", told["message_id"])[1][0].split()
                self.assertEqual(len(found), 1)
                structure = session.uid("FETCH", found[0].decode(), "(BODYSTRUCTURE)")[1][0]
                self.assertIn(b'"alternative"', structure.lower())
