"""Records that strangers publish and fields that strangers write raise nothing unforeseen."""

import contextlib
from ipaddress import ip_address

from hypothesis import given, settings
from hypothesis import strategies as st

from daptinmail.mail.header import HeaderSection
from daptinmail.policy.author import MAX_DOMAINS, read_author
from daptinmail.policy.dmarc_record import choose_record
from daptinmail.policy.spf import check_host
from daptinmail.policy.spf_record import SpfSyntax, parse_spf
from tests.policy.case import ZoneCase

_TERMS = "a mx ptr all include exists ip4 ip6 redirect exp"
_MARKS = ": = / // + - ~ ? . , \t \x00 \u00e9 _"
_VALUES = "%{d} %{l1r-} %{ir} %{p} %{S} %% %_ example.com 192.0.2.7 2001:db8::7 24 64 v=spf1"
_WORDS = st.sampled_from([word for words in (_TERMS, _MARKS, _VALUES) for word in words.split(" ")])
RECORDS = st.lists(st.lists(_WORDS, max_size=5).map("".join), max_size=6).map(" ".join)


class FuzzTests(ZoneCase):
    """By machine."""

    @settings(deadline=None, max_examples=400)
    @given(st.binary(max_size=300) | RECORDS.map(str.encode))
    def test_spf_syntax(self, text: bytes) -> None:
        """A record can be read or it cannot."""
        with contextlib.suppress(SpfSyntax):
            parse_spf(b"v=spf1 " + text)

    @settings(deadline=None, max_examples=400)
    @given(RECORDS, st.sampled_from(["192.0.2.7", "2001:db8::7"]), st.text(max_size=20))
    def test_spf(self, text: str, ip: str, local: str) -> None:
        """Whatever is published, the result is one of the seven."""
        self.txt("example.com", f"v=spf1 {text}")
        self.host("example.com", "192.0.2.9")
        result = self.result(check_host(self.resolver, ip_address(ip), "example.com", local, "mx.example.org"))
        self.assertIn(result.result, ["none", "neutral", "pass", "fail", "softfail", "temperror", "permerror"])

    @given(st.lists(st.binary(max_size=60) | st.text("v=DMARC1;psnreject none%\u0661", max_size=60).map(str.encode)))
    def test_dmarc(self, texts: list[bytes]) -> None:
        """A policy record is one or it is none."""
        choose_record([b"v=DMARC1;" + text for text in texts[:1]] + texts[1:])

    @given(st.lists(st.binary(max_size=80), max_size=3))
    def test_author(self, values: list[bytes]) -> None:
        """Author domains are names that DNS can be asked for, and not many."""
        header = b"".join(b"From: " + value.replace(b"\n", b" ") + b"\r\n" for value in values)
        author = read_author(HeaderSection(header + b"\r\n"))
        self.assertLessEqual(len(author.domains), MAX_DOMAINS)
        for domain in author.domains:
            self.assertTrue(domain.isascii() and domain == domain.lower() and "." in domain, domain)
