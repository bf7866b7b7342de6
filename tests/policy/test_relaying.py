"""The decisions behind RCPT, without any account database."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.mail.address import Address
from daptinmail.policy.hops import MAX_HOPS, TOO_MANY_HOPS, hops_refusal
from daptinmail.policy.relaying import ACCESS_DENIED, is_routed, reception_refusal, submission_refusal

LOCALS = st.text(st.sampled_from('ab%!@:". '), min_size=1, max_size=12)


class RelayingTests(SynchronousTestCase):
    """Who gets in."""

    @given(LOCALS, st.booleans())
    def test_never_without_an_account(self, local: str, is_local: bool) -> None:
        """Without log-in, only a recipient that has an account is taken."""
        recipient = Address(local, "example.com")
        refusal = reception_refusal(recipient, authentication_required=False, is_local=is_local, has_account=False)
        assert refusal is not None
        self.assertTrue(refusal.permanent)

    @given(LOCALS, st.booleans(), st.booleans())
    def test_never_where_log_in_is_required(self, local: str, is_local: bool, has_account: bool) -> None:
        """A listener that requires log-in makes no exception."""
        recipient = Address(local, "example.com")
        refusal = reception_refusal(recipient, authentication_required=True, is_local=is_local, has_account=has_account)
        self.assertEqual(refusal, ACCESS_DENIED)

    def test_routes(self) -> None:
        """The old spellings of a route are known."""
        for local in ("a%b", "a!b", "a@b", "@a:b"):
            self.assertTrue(is_routed(Address(local, "example.com")), local)
        self.assertFalse(is_routed(Address("a.b+c", "example.com")))

    def test_submission(self) -> None:
        """An account writes to everybody but local addresses that do not exist."""
        self.assertIsNone(submission_refusal(Address("a", "x.example"), is_local=False, has_account=False))
        self.assertIsNone(submission_refusal(Address("a", "x.example"), is_local=True, has_account=True))
        self.assertIsNotNone(submission_refusal(Address("a", "x.example"), is_local=True, has_account=False))

    def test_hops(self) -> None:
        """Fifty hops are many, one more is a loop."""
        self.assertIsNone(hops_refusal(MAX_HOPS))
        self.assertEqual(hops_refusal(MAX_HOPS + 1), TOO_MANY_HOPS)
