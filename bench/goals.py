"""What is expected of daptinmail, and whether a run shows it."""

from typing import Protocol

from attrs import frozen

from bench.turns import Results

OURS = "daptinmail"


@frozen
class Verdict:
    """``met`` is ``None`` if the run cannot tell."""

    goal: str
    figure: str
    met: bool | None


class Goal(Protocol):
    """One expectation."""

    def judge(self, name: str, results: Results) -> Verdict:
        """What the run says of the measurement called ``name``."""


@frozen
class Faster:
    """At least so many times as fast as a peer, by the best turn of each: wall clock, CPU on a busy machine."""

    than: str
    times: float

    def judge(self, name: str, results: Results) -> Verdict:
        """By the ratio."""
        goal = f"{self.times:g} x {self.than}"
        ours, theirs = results.figure(name, OURS), results.figure(name, self.than)
        if ours is None or theirs is None:
            return Verdict(goal, "-", None)
        ratio = theirs.best / ours.best
        if results.busy and ours.cpu and theirs.cpu:
            ratio = theirs.cpu / ours.cpu
        return Verdict(goal, f"{ratio:.2f} x", ratio >= self.times)


@frozen
class AtMost:
    """No more than this, in the unit of the measurement."""

    value: float
    unit: str = "ms"

    def judge(self, name: str, results: Results) -> Verdict:
        """By the best turn."""
        goal = f"<= {self.value:g} {self.unit}"
        ours = results.figure(name, OURS)
        if ours is None:
            return Verdict(goal, "-", None)
        return Verdict(goal, f"{ours.best:.2f} {self.unit}", ours.best <= self.value)


@frozen
class NoMoreThan:
    """At most so many times another measurement of ours: cost that must not grow with the mailbox."""

    other: str
    times: float

    def judge(self, name: str, results: Results) -> Verdict:
        """By CPU time, which waiting does not blur."""
        goal = f"<= {self.times:g} x {self.other}"
        ours, other = results.figure(name, OURS), results.figure(self.other, OURS)
        if ours is None or other is None or not ours.cpu or not other.cpu:
            return Verdict(goal, "-", None)
        return Verdict(goal, f"{ours.cpu / other.cpu:.2f} x", ours.cpu / other.cpu <= self.times)


SAME = Faster("dovecot", 1.0)
TWICE = Faster("dovecot", 2.0)
HUNDREDFOLD = Faster("pymap", 100.0)
TURN = AtMost(20.0)

_METADATA = ("fetch.flags", "fetch.size", "fetch.thunderbird", "fetch.mutt", "fetch.mbsync")

GOALS: dict[str, tuple[Goal, ...]] = {
    **dict.fromkeys(("select.cold", "select.warm", "select.again"), (SAME,)),
    **dict.fromkeys(_METADATA, (SAME, HUNDREDFOLD)),
    "fetch.structure": (TWICE, HUNDREDFOLD),
    "fetch.bodies": (Faster("dovecot", 0.5), HUNDREDFOLD),
    "search.flag": (SAME, HUNDREDFOLD),
    **dict.fromkeys(("search.subject", "search.from"), (TWICE, HUNDREDFOLD)),
    **dict.fromkeys(("search.body", "search.text"), (Faster("dovecot", 20.0), HUNDREDFOLD)),
    "store.all": (TWICE,),
    **dict.fromkeys(("copy.1000", "move.1000", "expunge.1000", "append.one"), (SAME,)),
    **dict.fromkeys(("append.ten", "login.tls", "login.tls.crowd"), (TWICE,)),
    "memory.idle": (AtMost(30.0, "KiB"),),
    "idle.median": (AtMost(3.0),),
    "idle.p99": (AtMost(20.0),),
    "catchup.big": (NoMoreThan("catchup.small", 1.5),),
    **dict.fromkeys(
        ("wait.flags.worst", "wait.structure.worst", "wait.bodies.worst", "wait.search.worst", "wait.store.worst"),
        (TURN,),
    ),
    "wait.select.worst": (TURN,),
}
