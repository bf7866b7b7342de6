"""Guessing passwords gets slow; owners get in."""

from twisted.trial.unittest import SynchronousTestCase

from daptinmail.accounts.throttle import ADDRESS, KNOWN, NAME, NETWORK, Throttle
from daptinmail.errors import RateLimited
from tests.support.runtime import SteadyClock

HOME, STRANGER = "192.0.2.7", "203.0.113.9"


class ThrottleTests(SynchronousTestCase):
    """Delays by name, address and network."""

    def setUp(self) -> None:
        self.clock = SteadyClock()
        self.throttle = Throttle(self.clock)

    def guess(self, name: str = "ann", peer: str = STRANGER, times: int = 1) -> float:
        """Wrong passwords, as soon as each is allowed; the delay after the last."""
        delay = 0.0
        for _ in range(times):
            self.clock.advance(self.wait(name, peer))
            delay = self.throttle.begin(name, peer).failed()
        return delay

    def succeed(self, name: str = "ann", peer: str = HOME) -> None:
        """The right password."""
        self.throttle.begin(name, peer).succeeded()

    def wait(self, name: str = "ann", peer: str = STRANGER) -> float:
        """Seconds until the next attempt, 0 if it may be made now."""
        try:
            self.throttle.begin(name, peer).abandoned()
        except RateLimited as error:
            return error.retry_after
        return 0.0

    def test_a_few_failures_are_free(self) -> None:
        """Mistyping a password costs nothing."""
        self.assertEqual(self.guess(times=NAME.free), 0.0)
        self.assertEqual(self.wait(), 0.0)

    def test_delay_grows_and_stays_short(self) -> None:
        """Each further failure doubles the wait, up to a minute for a name."""
        self.guess(times=NAME.free)
        delays = []
        for peer in range(10):
            delays.append(self.guess(peer=f"203.0.{peer}.1"))
            self.clock.advance(delays[-1])
        self.assertEqual(delays, [1, 2, 4, 8, 16, 32, 60, 60, 60, 60])

    def test_wait_is_told_and_ends(self) -> None:
        """A refused attempt says how long to wait, and waiting that long is enough."""
        self.guess(times=NAME.free + 3)
        self.assertEqual(self.wait(), 4.0)
        self.clock.advance(4)
        self.assertEqual(self.wait(), 0.0)

    def guess_spread(self, names: int, peer: str) -> None:
        """One failure for each of many names."""
        for number in range(names):
            self.guess(f"name{number}", peer)

    def test_many_names_from_one_address(self) -> None:
        """Trying one password on many names is slowed by the address."""
        self.guess_spread(ADDRESS.free + 1, STRANGER)
        self.assertGreater(self.wait("somebody else"), 0)
        self.assertEqual(self.wait("somebody else", HOME), 0.0)

    def test_many_addresses_of_one_network(self) -> None:
        """Moving about in one network does not help: /24 of IPv4, /64 of IPv6."""
        for number in range(NETWORK.free + 1):
            self.guess(f"name{number}", f"203.0.113.{number % 200}")
            self.guess(f"other{number}", f"2001:db8:1:2::{number:x}")
        self.assertGreater(self.wait("new", "203.0.113.250"), 0)
        self.assertGreater(self.wait("new", "2001:db8:1:2:ffff::1"), 0)
        self.assertEqual(self.wait("new", "203.0.114.1"), 0.0)
        self.assertEqual(self.wait("new", "2001:db8:1:3::1"), 0.0)

    def test_stranger_cannot_lock_the_owner_out(self) -> None:
        """While somebody guesses, the owner still logs in from where he did before."""
        self.succeed()
        self.guess(times=NAME.free + 2)
        self.assertGreater(self.wait(peer=STRANGER), 0)
        self.assertEqual(self.wait(peer=HOME), 0.0)

    def test_owner_clears_the_name(self) -> None:
        """A success from a known address ends the wait for the name."""
        self.succeed()
        self.guess(times=NAME.free + 2)
        self.succeed()
        self.assertEqual(self.wait(peer="198.51.100.1"), 0.0)

    def test_known_address_is_not_a_free_pass(self) -> None:
        """Guessing from a known address gets slow as well."""
        self.succeed()
        self.guess(peer=HOME, times=KNOWN.free + 1)
        self.assertGreater(self.wait(peer=HOME), 0)

    def test_one_good_account_buys_no_guesses_at_others(self) -> None:
        """Logging in to one's own account does not clear the address."""
        for number in range(ADDRESS.free + 1):
            self.guess(f"name{number}", STRANGER)
            if number % 5 == 0:
                self.succeed("mallory", STRANGER)
        self.assertGreater(self.wait("victim"), 0)

    def test_failures_are_forgotten(self) -> None:
        """After an hour of peace all is well."""
        self.guess(times=NAME.free + 1)
        self.clock.advance(NAME.memory + 1)
        self.assertEqual(self.guess(), 0.0)

    def test_attempts_at_once_are_bounded(self) -> None:
        """Opening many connections and guessing on all of them at once does not outrun the count."""
        attempts = [self.throttle.begin("ann", STRANGER) for _ in range(NAME.at_once)]
        self.assertEqual(self.wait(), 1.0)
        for attempt in attempts:
            attempt.failed()
        self.assertGreaterEqual(self.wait(), NAME.longest)

    def test_abandoned_attempts_cost_nothing(self) -> None:
        """An attempt that fails by our fault is not the client's."""
        for _ in range(50):
            self.throttle.begin("ann", STRANGER).abandoned()
        self.assertEqual(self.wait(), 0.0)

    def test_mapped_address_is_the_same(self) -> None:
        """An IPv4 client on an IPv6 socket is the same client."""
        self.guess_spread(ADDRESS.free + 1, STRANGER)
        self.assertGreater(self.wait("new", f"::ffff:{STRANGER}"), 0)

    def test_odd_peers(self) -> None:
        """A peer that is no IP address still counts by name."""
        for peer in ("", "unix", "fe80::1%eth0"):
            throttle = Throttle(self.clock)
            throttle.begin("ann", peer).succeeded()
            throttle.begin("ann", peer).failed()

    def test_memory_is_bounded(self) -> None:
        """A flood of names and addresses does not fill the memory."""
        self.throttle = Throttle(self.clock, capacity=100)
        for number in range(1000):
            self.guess(f"name{number}", f"10.{number // 250}.{number % 250}.1")
            self.succeed(f"other{number}", f"11.{number // 250}.{number % 250}.1")
        sizes = [
            len(self.throttle._names.tallies),
            len(self.throttle._addresses.tallies),
            len(self.throttle._networks.tallies),
            len(self.throttle._proven),
        ]
        self.assertTrue(all(size <= 100 for size in sizes), sizes)
