"""Destinations take turns."""

from sqlalchemy import select, update

from daptinmail.db.schema import outbox, outbox_destination
from daptinmail.mail.reply import Reply
from daptinmail.queue.turns import LONGEST_REST
from tests.queue.case import QueueCase
from tests.support.transfer import BUSY, TAKEN, receipts

UNREACHABLE = Reply(451, "4.4.1", "No connection to port 25")


class FairnessTests(QueueCase):
    """One domain does not stand in the way of others."""

    def test_slow_domain_blocks_nobody(self) -> None:
        """Two connections to a slow domain at most, while others are served."""
        self.transfer.slow.add("slow.example")
        self.start()
        for number in range(30):
            self.enqueue(f"r{number}@slow.example")
        self.enqueue("a@x.example")
        self.assertEqual([one.domain for one in self.transfer.requests], ["slow.example"] * 2 + ["x.example"])
        request, answer = self.transfer.waiting[0]
        answer.callback(receipts(request, TAKEN))
        self.timers.advance(0)
        self.assertEqual(len(self.transfer.waiting), 3)

    def test_deferred_rows_block_nobody(self) -> None:
        """A thousand rows that wait for their next try do not hide one that is due."""
        self.transfer.replies["x.example"] = BUSY
        self.enqueue(*(f"r{number}@x.example" for number in range(600)))
        self.assertEqual(self.run_pass(), 600)
        self.enqueue("a@y.example")
        self.assertEqual(self.run_pass(), 1)

    def test_unreadable_row_blocks_nobody(self) -> None:
        """A row whose address is no address is given up, and the others leave."""
        self.enqueue("a@x.example", "b@y.example")
        self.change(update(outbox).where(outbox.c.to_host == "x.example").values(to_address="nonsense\r\n"))
        self.start()
        self.assertEqual([row.state for row in self.rows()], ["failed", "sent"])

    def test_ten_at_a_time(self) -> None:
        """There are never more than ten transfers under way."""
        names = [f"d{number}.example" for number in range(15)]
        self.transfer.slow.update(names)
        self.start()
        self.enqueue(*(f"a@{name}" for name in names))
        self.assertEqual(len(self.transfer.waiting), 10)


class TurnTests(QueueCase):
    """Whose turn it is, whatever waits."""

    def test_every_domain_has_its_turn(self) -> None:
        """A domain with many messages and domains with few are served in turn, one message each."""
        for number in range(30):
            self.enqueue(f"r{number}@big.example")
        for name in "abc":
            self.enqueue(f"x@{name}.example")
        self.run_pass()
        domains = [one.domain for one in self.transfer.requests]
        self.assertEqual(set(domains[:8]), {"big.example", "a.example", "b.example", "c.example"})
        self.assertEqual(domains.count("big.example"), 30)

    def test_dead_destinations_slow_nobody(self) -> None:
        """Destinations that never answer keep nobody else waiting for more than their first tries."""
        dead = [f"dead{number}.example" for number in range(4)]
        self.transfer.slow.update(dead)
        self.start()
        for domain in dead:
            for number in range(20):
                self.enqueue(f"r{number}@{domain}")
        for number in range(50):
            self.enqueue(f"r{number}@good.example")
        sent = [row for row in self.rows() if row.state == "sent"]
        self.assertEqual(len(sent), 50)
        self.assertEqual(len(self.transfer.waiting), 8)

    def test_rest(self) -> None:
        """A destination that cannot be reached is not tried with every message: it rests, longer each time."""
        self.transfer.replies["dead.example"] = UNREACHABLE
        self.start()
        for number in range(100):
            self.enqueue(f"r{number}@dead.example")
        tries = len(self.transfer.requests)
        self.assertLess(tries, 5)
        self.wait(1)
        self.assertLess(len(self.transfer.requests), tries + 10)
        self.wait(1)
        self.assertLess(len(self.transfer.requests), tries + 13)

    def test_back_again(self) -> None:
        """When it answers again, everything leaves without delay; messages keep their own times before that."""
        self.transfer.replies["dead.example"] = UNREACHABLE
        self.start()
        for number in range(20):
            self.enqueue(f"r{number}@dead.example")
        self.wait(2)
        self.transfer.replies.clear()
        self.wait(LONGEST_REST.total_seconds() / 3600 + 0.1)
        states = [row.state for row in self.rows()]
        self.assertGreaterEqual(states.count("sent"), 16)
        self.wait(4)
        self.assertEqual({row.state for row in self.rows()}, {"sent"})

    def test_new_mail_does_not_end_a_rest(self) -> None:
        """New messages wait with the others, and are not forgotten."""
        self.transfer.replies["dead.example"] = UNREACHABLE
        self.start()
        for number in range(5):
            self.enqueue(f"r{number}@dead.example")
        tries = len(self.transfer.requests)
        self.enqueue("new@dead.example")
        self.assertEqual(len(self.transfer.requests), tries)
        self.transfer.replies.clear()
        self.wait(1)
        self.assertEqual(self.rows()[-1].state, "sent")

    def test_a_refusal_is_an_answer(self) -> None:
        """A host that says "later" was reached: its destination does not rest."""
        self.transfer.replies["x.example"] = BUSY
        self.start()
        for number in range(10):
            self.enqueue(f"r{number}@x.example")
        self.assertEqual(len(self.transfer.requests), 10)

    def test_nothing_is_left_of_a_destination(self) -> None:
        """When nothing waits for it any more a destination is forgotten."""
        self.start()
        self.enqueue("a@x.example")
        self.wait(0.5)
        query = select(outbox_destination)
        found = self.successResultOf(self.storage.read(lambda connection: connection.execute(query).all()))
        self.assertEqual(found, [])
