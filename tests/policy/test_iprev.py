"""Reverse names (RFC 8601 §3)."""

from ipaddress import ip_address

from daptinmail.policy.iprev import MAX_NAMES, check_reverse
from tests.policy.case import ZoneCase


class ReverseTests(ZoneCase):
    """One client."""

    def check(self, ip: str = "192.0.2.7") -> tuple[str, str]:
        """Result and reason."""
        found = self.result(check_reverse(self.resolver, ip_address(ip)))
        self.assertEqual((found.method, found.properties), ("iprev", (("policy.iprev", ip),)))
        return found.result, found.reason

    def test_there_and_back(self) -> None:
        """A name that leads back passes, whichever of several it is, in both families."""
        for ip in ("192.0.2.7", "2001:db8::7"):
            self.ptr(ip, "gone.example.org", "mx.example.org")
            self.host("mx.example.org", "192.0.2.1", ip)
            self.assertEqual(self.check(ip), ("pass", "mx.example.org"))

    def test_not_back(self) -> None:
        """A name with another address fails; no name is an error."""
        self.assertEqual(self.check(), ("permerror", "the address has no name"))
        self.ptr("192.0.2.7", "mx.example.org")
        self.assertEqual(self.check(), ("fail", "mx.example.org has another address"))
        self.host("mx.example.org", "192.0.2.8")
        self.assertEqual(self.check()[0], "fail")

    def test_silence(self) -> None:
        """DNS that does not answer is a temporary error, for the name or for its address."""
        self.ptr("192.0.2.7", "mx.example.org")
        self.resolver.failing = {"mx.example.org"}
        self.assertEqual(self.check()[0], "temperror")
        self.resolver.failing = {"7.2.0.192.in-addr.arpa"}
        self.assertEqual(self.check()[0], "temperror")

    def test_many_names(self) -> None:
        """Only so many names are looked at."""
        self.ptr("192.0.2.7", *(f"n{number}.example.org" for number in range(MAX_NAMES)), "mx.example.org")
        self.host("mx.example.org", "192.0.2.7")
        self.assertEqual(self.check()[0], "fail")
