"""SPF (RFC 7208), section by section."""

from ipaddress import ip_address

from daptinmail.policy.spf import MAX_LOOKUPS, check_host, client_address
from tests.policy.case import ZoneCase

US = "192.0.2.7"
US6 = "2001:db8::7"
DOMAIN = "example.com"


class SpfCase(ZoneCase):
    """One client, one sender."""

    def check(
        self, ip: str = US, domain: str = DOMAIN, local: str = "strong-bad", helo: str = "mx.example.org"
    ) -> tuple[str, str]:
        """Result and reason."""
        result = self.result(check_host(self.resolver, ip_address(ip), domain, local, helo))
        return result.result, result.reason

    def record(self, text: str, ip: str = US) -> str:
        """The result when example.com publishes this."""
        self.txt(DOMAIN, text)
        return self.check(ip)[0]

    def assert_bad(self, *terms: str) -> None:
        """Each of these makes a record invalid, wherever it stands."""
        for term in terms:
            self.assertEqual(self.record(f"v=spf1 {term} +all"), "permerror", term)
            self.assertEqual(self.record(f"v=spf1 +all {term}"), "permerror", term)


class RecordTests(SpfCase):
    """Which record counts (§4.3 to §4.6)."""

    def test_no_record(self) -> None:
        """No name, no TXT record, and other TXT records mean none."""
        self.assertEqual(self.check(), ("none", "example.com has no SPF record"))
        for texts in ((), ("hello",), ("v=spf10 +all",), ("v=spf1-all",), (" v=spf1 -all",), ("v=spf2.0/pra -all",)):
            self.txt(DOMAIN, *texts)
            self.assertEqual(self.check()[0], "none", texts)

    def test_not_a_domain(self) -> None:
        """What DNS cannot hold has no record (§4.3)."""
        for domain in (
            "",
            "localhost",
            "a..example.com",
            "x" * 64 + ".com",
            "bücher.example",
            ".".join(["abcdefg"] * 33),
        ):
            self.assertEqual(self.check(domain=domain)[0], "none", domain)

    def test_one_record(self) -> None:
        """The version is found in any case; two records are an error, others beside it are not."""
        self.assertEqual(self.record("V=SPF1 -ALL"), "fail")
        self.assertEqual(self.record("v=spf1"), "neutral")
        self.txt(DOMAIN, "v=spf1 +all", "google-site-verification=x")
        self.assertEqual(self.check()[0], "pass")
        self.txt(DOMAIN, "v=spf1 +all", "v=spf1 +all")
        self.assertEqual(self.check()[0], "permerror")

    def test_silent_dns(self) -> None:
        """DNS that does not answer is a temporary error, whoever is asked."""
        for name in (DOMAIN, "other.example"):
            self.resolver.failing = {name}
            for term in ("include:other.example", "a:other.example", "mx:other.example", "exists:other.example"):
                self.txt(DOMAIN, f"v=spf1 {term} -all")
                self.assertEqual(self.check(), ("temperror", "DNS does not answer"), term)
        self.txt(DOMAIN, "v=spf1 redirect=other.example")
        self.assertEqual(self.check()[0], "temperror")

    def test_qualifiers(self) -> None:
        """Each qualifier has its result (§4.6.2); the first match decides."""
        for qualifier, result in (("", "pass"), ("+", "pass"), ("-", "fail"), ("~", "softfail"), ("?", "neutral")):
            self.assertEqual(self.record(f"v=spf1 {qualifier}all"), result)
        self.assertEqual(self.record("v=spf1 ?ip4:192.0.2.0/24  -all "), "neutral")
        self.assertEqual(self.record("v=spf1 -ip4:198.51.100.0/24"), "neutral")

    def test_syntax(self) -> None:
        """One wrong term spoils the record, even behind the one that matches (§4.6)."""
        self.assert_bad("moo", "all:x.example", "all/8", "-", "=all", "ip4", "ip4:", "include", "include:", "exists")
        self.assert_bad("include:x.example/8", "exists:x.example/8", "ptr/8", "a,", "a:", "mx:", "/", "a:x.example:80")
        self.assertEqual(self.record("v=spf1 \u00e9 +all"), "permerror")
        self.assertEqual(self.record("v=spf1\t+all"), "none")
        self.assertEqual(self.record("v=spf1 ip4:192.0.2.7\t+all"), "permerror")

    def test_hostile_size(self) -> None:
        """Records of tens of thousands of octets are answered at once."""
        self.assertEqual(self.record("v=spf1 " + "?ip4:192.0.2.7 " * 201), "permerror")
        for term in (
            "a:x." + "a" * 60_000 + "_",
            "a:" + "a." * 30_000,
            "exists:" + "%{s}" * 10_000,
            "x=" + "%{" * 30_000,
        ):
            self.assertEqual(self.record(f"v=spf1 {term} -all"), "permerror")
        self.assertEqual(self.record("v=spf1 exists:" + "%{s}." * 90 + "x.org -all"), "fail")

    def test_modifiers(self) -> None:
        """Unknown modifiers are passed over if they are well formed (§6); redirect and exp stand once."""
        self.assertEqual(self.record("v=spf1 moo=%{l} ip4=1 x-y.z_9= -all"), "fail")
        self.assert_bad("moo=%x", "9a=b", "exp=", "redirect=", "redirect=nodot", "exp=%{z}.example")
        self.assertEqual(self.record("v=spf1 exp=a.example exp=b.example -all"), "permerror")
        self.assertEqual(self.record("v=spf1 redirect=a.example redirect=a.example -all"), "permerror")


class MechanismTests(SpfCase):
    """Each mechanism (§5)."""

    def test_ip4(self) -> None:
        """Addresses and networks, for clients of that family only (§5.6)."""
        for text, result in (
            ("192.0.2.7", "pass"),
            ("192.0.2.8", "neutral"),
            ("192.0.2.8/29", "neutral"),
            ("192.0.2.1/29", "pass"),
            ("1.2.3.4/0", "pass"),
        ):
            self.assertEqual(self.record(f"v=spf1 ip4:{text}"), result, text)
        self.assertEqual(self.record("v=spf1 ip4:0.0.0.0/0", US6), "neutral")
        self.assert_bad(
            "ip4:1.2.3", "ip4:1.2.3.4.5", "ip4:1.2.3.256", "ip4:1.2.3.4/33", "ip4:1.2.3.4/", "ip4:1.2.3.4//8"
        )
        self.assert_bad("ip4:2001:db8::1", "ip4:1.2.3.4/08", "ip4:1.2.3.4/255.0.0.0", "ip4:01.2.3.4", "ip4:%{i}")

    def test_ip6(self) -> None:
        """The same for IPv6."""
        for text, result in (
            ("2001:db8::7", "pass"),
            ("2001:DB8:0::/64", "pass"),
            ("2001:db9::/32", "neutral"),
            ("::/0", "pass"),
        ):
            self.assertEqual(self.record(f"v=spf1 ip6:{text}", US6), result, text)
        self.assertEqual(self.record("v=spf1 ip6:::/0"), "neutral")
        self.assert_bad("ip6:1.2.3.4", "ip6:2001:db8::/129", "ip6:zz::", "ip6:fe80::1%eth0", "ip6:::1//64")

    def test_a(self) -> None:
        """The addresses of the domain or another, with prefix lengths (§5.3)."""
        self.host(DOMAIN, US, US6)
        self.host("other.example", "192.0.2.129", "2001:db8::ff:1")
        for ip in (US, US6):
            self.assertEqual(self.record("v=spf1 a", ip), "pass")
            self.assertEqual(self.record("v=spf1 a:other.example", ip), "neutral")
            self.assertEqual(self.record("v=spf1 a:other.example/24//64", ip), "pass")
        self.assertEqual(self.record("v=spf1 a:other.example/24", US6), "neutral")
        self.assertEqual(self.record("v=spf1 A/0 -all"), "pass")
        self.assertEqual(self.record("v=spf1 a:other.example//0", US6), "pass")
        self.assert_bad("a/33", "a//129", "a/", "a//", "a/01", "a:x.example/24/24", "a:x.123", "a:x.example-")

    def test_mx(self) -> None:
        """The addresses of the mail hosts (§5.4)."""
        self.mx(DOMAIN, "a.example", "b.example")
        self.host("a.example", "192.0.2.1")
        self.host("b.example", US)
        self.assertEqual(self.record("v=spf1 mx -all"), "pass")
        self.assertEqual(self.record("v=spf1 mx:other.example -all"), "fail")
        self.assertEqual(self.record("v=spf1 mx/28 -all", "192.0.2.9"), "pass")
        self.mx(DOMAIN, *(f"m{number}.example" for number in range(11)))
        self.assertEqual(self.record("v=spf1 mx -all"), "permerror")
        self.mx(DOMAIN, "")
        self.assertEqual(self.record("v=spf1 mx -all"), "fail")

    def test_include(self) -> None:
        """A pass of the other domain matches; its errors are errors here (§5.2)."""
        for other, result in (
            ("v=spf1 +all", "softfail"),
            ("v=spf1 -all", "neutral"),
            ("v=spf1 ~all", "neutral"),
            ("v=spf1 ?all", "neutral"),
            ("v=spf1 moo", "permerror"),
            ("nothing", "permerror"),
        ):
            self.txt("other.example", other)
            self.assertEqual(self.record("v=spf1 ~include:other.example ?all"), result, other)

    def test_exists(self) -> None:
        """Any IPv4 address makes it match, for IPv6 clients too (§5.7)."""
        self.host("yes.example", "127.0.0.2")
        self.host("six.example", "2001:db8::1")
        for ip in (US, US6):
            self.assertEqual(self.record("v=spf1 exists:yes.example -all", ip), "pass")
            self.assertEqual(self.record("v=spf1 exists:six.example -all", ip), "fail")

    def test_ptr(self) -> None:
        """A validated name of the client within the domain (§5.5)."""
        self.ptr(US, "liar.example.com", "mx.example.org")
        self.host("mx.example.org", US)
        self.host("liar.example.com", "192.0.2.1")
        self.assertEqual(self.record("v=spf1 ptr -all"), "fail")
        for name in ("example.org", "mx.example.org", "EXAMPLE.ORG"):
            self.assertEqual(self.record(f"v=spf1 ptr:{name} -all"), "pass")
        self.assertEqual(self.record("v=spf1 ptr:ample.org -all"), "fail")
        self.resolver.failing = {ip_address(US).reverse_pointer}
        self.assertEqual(self.record("v=spf1 ptr:example.org -all"), "fail")
        self.assertEqual(self.record("v=spf1 ptr -all", US6), "fail")

    def test_many_names(self) -> None:
        """Of the names of an address ten are looked at (§4.6.4)."""
        self.ptr(US, *(f"n{number}.example.org" for number in range(11)))
        self.host("n10.example.org", US)
        self.assertEqual(self.record("v=spf1 ptr:example.org -all"), "fail")
        self.host("n9.example.org", US)
        self.assertEqual(self.record("v=spf1 ptr:example.org -all"), "pass")

    def test_redirect(self) -> None:
        """Another domain's record, if nothing matched and there is no all (§6.1)."""
        self.txt("other.example", "v=spf1 ip4:192.0.2.7 -all")
        self.assertEqual(self.record("v=spf1 redirect=other.example"), "pass")
        self.assertEqual(self.record("v=spf1 redirect=other.example ~ip4:192.0.2.7"), "softfail")
        self.assertEqual(self.record("v=spf1 redirect=other.example ?all"), "neutral")
        self.assertEqual(self.record("v=spf1 redirect=nothing.example"), "permerror")
        self.assertEqual(self.record("v=spf1 redirect=_spf.%{d2}"), "permerror")
        self.txt("_spf.example.com", "v=spf1 +all")
        self.assertEqual(self.record("v=spf1 redirect=_spf.%{d2}"), "pass")


class LimitTests(SpfCase):
    """What a record may cost (§4.6.4)."""

    def test_lookups(self) -> None:
        """Ten terms may ask DNS, included ones counted; the eleventh is an error, if it is reached."""
        self.host(DOMAIN, "192.0.2.1")
        self.assertEqual(self.record("v=spf1 " + "a " * MAX_LOOKUPS + "-all"), "fail")
        self.assertEqual(self.record("v=spf1 " + "a " * (MAX_LOOKUPS + 1) + "-all"), "permerror")
        self.assertEqual(self.record("v=spf1 ip4:192.0.2.7 " + "a " * (MAX_LOOKUPS + 1)), "pass")
        self.host("inner.example", "192.0.2.1")
        self.txt("inner.example", "v=spf1 " + "a " * 9 + "-all")
        self.assertEqual(self.record("v=spf1 include:inner.example -all"), "fail")
        self.assertEqual(self.record("v=spf1 include:inner.example a -all"), "permerror")

    def test_circles(self) -> None:
        """Records that include or redirect to themselves end."""
        self.assertEqual(self.record("v=spf1 include:example.com -all"), "permerror")
        self.assertEqual(self.record("v=spf1 redirect=example.com"), "permerror")

    def test_void(self) -> None:
        """Two questions may come back empty, a third one is an error."""
        self.host("empty.example")
        self.assertEqual(self.record("v=spf1 a:no.example exists:empty.example -all"), "fail")
        self.assertEqual(self.record("v=spf1 a:no.example mx:no.example exists:empty.example -all"), "permerror")
        self.assertEqual(self.record("v=spf1 a:no.example a:no.example ip4:192.0.2.7 a:no.example"), "pass")

    def test_impossible_targets(self) -> None:
        """A name that DNS cannot hold after expansion matches nothing (§4.8)."""
        self.assertEqual(self.record("v=spf1 a:%{l}..example.com exists:" + "x" * 64 + ".example -all"), "fail")


class MacroTests(SpfCase):
    """Expansion (§7)."""

    def expands(self, spec: str, name: str, ip: str = US, **who: str) -> None:
        """``spec`` comes to ``name``."""
        self.resolver.hosts = {name: ["127.0.0.2"]}
        domain = who.pop("domain", "email.example.com")
        self.txt(domain, f"v=spf1 exists:{spec} -all")
        self.assertEqual(self.check(ip, domain, **who), ("pass", f"exists:{spec} of {domain}"), spec)

    def test_examples_of_the_rfc(self) -> None:
        """The examples of §7.4."""
        for spec, name in (
            ("%{s}.x.org", "strong-bad@email.example.com.x.org"),
            ("%{o}", "email.example.com"),
            ("%{d}", "email.example.com"),
            ("%{d4}", "email.example.com"),
            ("%{d3}", "email.example.com"),
            ("%{d2}", "example.com"),
            ("%{dr}.x.org", "com.example.email.x.org"),
            ("%{d2r}.x.org", "example.email.x.org"),
            ("%{l}.x.org", "strong-bad.x.org"),
            ("%{l-}.x.org", "strong.bad.x.org"),
            ("%{lr}.x.org", "strong-bad.x.org"),
            ("%{lr-}.x.org", "bad.strong.x.org"),
            ("%{l1r-}.x.org", "strong.x.org"),
            ("%{ir}.%{v}._spf.%{d2}", "7.2.0.192.in-addr._spf.example.com"),
            ("%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"),
            ("%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.7.2.0.192.in-addr._spf.example.com"),
            ("%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "7.2.0.192.in-addr.strong.lp._spf.example.com"),
            ("%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"),
        ):
            self.expands(spec, name)
        nibbles = "7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2"
        self.expands("%{ir}.%{v}._spf.%{d2}", f"{nibbles}.ip6._spf.example.com", US6)

    def test_letters(self) -> None:
        """h, p, escapes in capitals, literals, and a local part that is missing."""
        self.expands("%{h}.x.org", "mx.example.org.x.org")
        self.expands("%{L}.x.org", "a%2Bb%2Fc%40d.x.org", local="a+b/c@d")
        self.expands("%%%_%-.x.org", "% %20.x.org")
        self.expands("%{l}.x.org", "postmaster.x.org", local="")
        self.expands("%{p}.x.org", "unknown.x.org")
        self.expands("%{l2r+-}.x.org", "b.a.x.org", local="a+b")

    def test_validated_name(self) -> None:
        """p is the domain itself, else a name below it, else any validated one."""
        self.ptr(US, "other.example.net", "mx.email.example.com", "email.example.com")
        for names, expected in (
            (("other.example.net", "mx.email.example.com", "email.example.com"), "email.example.com"),
            (("other.example.net", "mx.email.example.com"), "mx.email.example.com"),
            (("other.example.net",), "other.example.net"),
            ((), "unknown"),
        ):
            name = f"{expected}.x.org"
            self.resolver.hosts = {name: ["127.0.0.2"], **{one: [US] for one in names}}
            self.txt(DOMAIN, "v=spf1 -all")
            self.txt("email.example.com", "v=spf1 exists:%{p}.x.org -all")
            self.assertEqual(self.check(domain="email.example.com")[0], "pass", expected)

    def test_long_names(self) -> None:
        """A name beyond 253 octets loses labels on the left (§7.3)."""
        tail = ".".join(["abcdefg"] * 30) + ".x.org"
        self.expands(f"%{{l}}.{tail}", tail, local="y" * 60)

    def test_bad_macros(self) -> None:
        """Unknown letters, zero digits, and macros for explanations only are errors."""
        self.assert_bad(*(f"exists:{spec}.x.org" for spec in ("%", "%{", "%{x}", "%(d)", "%{d0}", "%{d", "%a", "%{}")))
        self.assert_bad("exists:%{c}.x.org", "exists:%{r}.x.org", "exists:%{t}.x.org", "a:%{d", "exists:%{d9x}.x.org")


class ClientTests(SpfCase):
    """The address that is judged."""

    def test_mapped(self) -> None:
        """An IPv4 client on an IPv6 socket is an IPv4 client; what is no address is none (§5)."""
        self.assertEqual(str(client_address("::ffff:192.0.2.7")), US)
        self.assertEqual(str(client_address("fe80::1%eth0")), "fe80::1")
        self.assertIsNone(client_address("pipe"))
