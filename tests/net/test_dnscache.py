"""Answers of DNS in memory."""

from twisted.internet.task import Clock
from twisted.names import dns
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.net import dnscache
from daptinmail.net.dnscache import MAX_ANSWERS, MAX_OCTETS, AnswerCache


class AnswerCacheTests(SynchronousTestCase):
    """What is kept, and for how long."""

    def setUp(self) -> None:
        """An empty cache."""
        self.clock = Clock()
        self.cache = AnswerCache(self.clock)

    def test_time(self) -> None:
        """An answer counts for its time; without any it is not kept; the last one counts."""
        self.cache.keep(("a", 1), ["x"], 10)
        self.cache.keep(("b", 1), None, 10)
        self.cache.keep(("c", 1), ["x"], 0)
        self.cache.keep(("a", 1), ["y"], 20)
        self.assertEqual([self.cache.find((name, 1)) for name in "abc"], [(["y"],), (None,), None])
        self.clock.advance(10)
        self.assertEqual([self.cache.find((name, 1)) for name in "ab"], [(["y"],), None])
        self.clock.advance(10)
        self.assertIsNone(self.cache.find(("a", 1)))
        self.assertEqual(self.cache._octets, 0)

    def test_number(self) -> None:
        """Of too many answers the oldest goes."""
        for number in range(MAX_ANSWERS + 1):
            self.cache.keep((str(number), 1), None, 10)
        self.assertIsNone(self.cache.find(("0", 1)))
        self.assertIsNotNone(self.cache.find(("1", 1)))

    def test_size(self) -> None:
        """Large answers drive out others, and the largest are not kept at all."""
        share = MAX_OCTETS // 100 - dnscache.OVERHEAD
        texts = dns.Record_TXT(*[b"v" * 255] * (share // 255))
        for number in range(120):
            self.cache.keep((str(number), 16), [texts], 10)
            self.assertLessEqual(self.cache._octets, MAX_OCTETS)
        self.assertIsNone(self.cache.find(("0", 16)))
        self.assertIsNotNone(self.cache.find(("119", 16)))
        self.cache.keep(("large", 16), [dns.UnknownRecord(b"v" * share + b"v")], 10)
        self.assertIsNone(self.cache.find(("large", 16)))
