"""Which fields a signature covers."""

from twisted.trial.unittest import SynchronousTestCase

from daptinmail.dkim.selection import ALWAYS, fields_to_sign


class FieldsToSignTests(SynchronousTestCase):
    """``fields_to_sign``."""

    def test_from_is_always_signed_once_more(self) -> None:
        """A second From cannot be added to a signed message."""
        self.assertEqual(fields_to_sign([b"from"]).count(b"from"), 2)

    def test_missing_subject_is_sealed(self) -> None:
        """A message without Subject cannot be given one."""
        self.assertIn(b"subject", fields_to_sign([b"from"]))

    def test_trace_is_left_alone(self) -> None:
        """Hops may add Received and Return-Path."""
        chosen = fields_to_sign([b"return-path", b"received", b"from", b"bcc", b"dkim-signature"])
        self.assertEqual(set(chosen), set(ALWAYS))

    def test_optional_fields_as_often_as_present(self) -> None:
        """Other fields are signed as often as they occur and not otherwise."""
        chosen = fields_to_sign([b"from", b"list-id", b"references", b"references"])
        self.assertEqual((chosen.count(b"references"), chosen.count(b"list-id"), chosen.count(b"sender")), (2, 1, 0))

    def test_reading_of_the_body_is_sealed(self) -> None:
        """A plain text cannot be given a Content-Type that shows it otherwise, nor answers another address."""
        chosen = fields_to_sign([b"from", b"content-type"])
        self.assertEqual((chosen.count(b"content-type"), chosen.count(b"content-transfer-encoding")), (2, 1))
        self.assertEqual((chosen.count(b"reply-to"), chosen.count(b"cc")), (1, 1))
