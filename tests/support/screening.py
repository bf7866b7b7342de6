"""``IScreening`` in memory: one verdict for all."""

from attrs import define, field
from zope.interface import implementer

from daptinmail.interfaces.reception import Origin
from daptinmail.interfaces.screening import Action, IScreening, Verdict
from daptinmail.interfaces.storage import Content
from daptinmail.mail.envelope import Envelope
from daptinmail.mail.header import HeaderSection


@implementer(IScreening)
@define(eq=False)
class FixedScreening:
    """Answers ``verdict``; ``screened`` holds the header sections that were looked at."""

    verdict: Verdict = field(factory=lambda: Verdict(Action.ACCEPT))
    ids: tuple[str, ...] = ()
    screened: list[bytes] = field(factory=list)

    async def screen(self, origin: Origin, envelope: Envelope, content: Content, header: HeaderSection) -> Verdict:
        """The verdict."""
        self.screened.append(header.raw)
        return self.verdict

    def authserv_ids(self, origin: Origin) -> tuple[str, ...]:
        """The names."""
        return self.ids
