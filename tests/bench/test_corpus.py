"""Messages made from numbers."""

from email import message_from_bytes
from email.policy import default

from twisted.trial.unittest import SynchronousTestCase

from bench.corpus import BODY_WORD, SENDER_WORD, SUBJECT_WORD, TEXT_WORD, message, messages, of_size
from daptinmail.mail.header import HeaderSection

SOME = 400


class CorpusTests(SynchronousTestCase):
    """What goes into every server."""

    def test_same(self) -> None:
        """A message is the same in every run."""
        self.assertEqual(message(5), message(5))
        self.assertNotEqual(message(5).content, message(6).content)

    def test_wire(self) -> None:
        """Every line ends in CRLF and none is too long for SMTP, so that every server stores the same octets."""
        for one in messages(SOME):
            self.assertTrue(one.content.endswith(b"\r\n"))
            self.assertEqual(one.content.count(b"\n"), one.content.count(b"\r\n"))
            self.assertLess(max(map(len, one.content.split(b"\r\n"))), 998)

    def test_sizes(self) -> None:
        """They are as large as mail is, and those of a given size have that size."""
        sizes = [len(one.content) for one in messages(SOME)]
        self.assertTrue(4096 < sum(sizes) / len(sizes) < 8192)
        self.assertEqual([len(of_size(1, size)) for size in (1024, 4096)], [1024, 4096])

    def test_planted(self) -> None:
        """The words that are searched for stand where they are expected and nowhere else."""
        subjects, senders, bodies, texts = [], [], [], []
        for number, one in enumerate(messages(SOME)):
            header = HeaderSection(one.content)
            parsed = message_from_bytes(one.content, policy=default)
            parts = [part.get_content() for part in parsed.walk() if part.get_content_maintype() == "text"]
            body = "\n".join(parts).lower()
            subjects += [number] if SUBJECT_WORD in (header.first(b"subject") or b"").lower() else []
            senders += [number] if SENDER_WORD in (header.first(b"from") or b"").lower() else []
            bodies += [number] if BODY_WORD.decode() in body else []
            texts += [number] if TEXT_WORD.decode() in body or TEXT_WORD in one.content else []
        self.assertEqual(subjects, list(range(7, SOME, 50)))
        self.assertEqual(senders, list(range(3, SOME, 40)))
        self.assertEqual(bodies, list(range(37, SOME, 100)))
        self.assertEqual(texts, list(range(11, SOME, 100)))
