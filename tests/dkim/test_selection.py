"""Which fields a signature covers."""

from twisted.trial.unittest import SynchronousTestCase

from daptinmail.dkim.selection import fields_to_sign


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
        self.assertEqual(set(chosen), {b"from", b"to", b"subject", b"date"})

    def test_optional_fields_as_often_as_present(self) -> None:
        """Other fields are signed as often as they occur and not otherwise."""
        chosen = fields_to_sign([b"from", b"cc", b"list-id", b"references", b"references"])
        self.assertEqual((chosen.count(b"references"), chosen.count(b"cc"), chosen.count(b"sender")), (2, 1, 0))
