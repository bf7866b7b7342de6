"""FETCH: what Thunderbird, mutt and mbsync ask, and each part of it alone."""

from functools import partial

from bench.measures.measure import Measure, expect
from bench.samples import Sample
from bench.site import Site

BODIES = 1000

THUNDERBIRD = (
    b"UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (From To Cc Bcc Subject Date Message-ID Priority X-Priority "
    b"References Newsgroups In-Reply-To Content-Type Reply-To)]"
)
MUTT = (
    b"UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (DATE FROM SENDER SUBJECT TO CC MESSAGE-ID "
    b"REFERENCES CONTENT-TYPE CONTENT-DESCRIPTION IN-REPLY-TO REPLY-TO LINES LIST-POST LIST-SUBSCRIBE "
    b"LIST-UNSUBSCRIBE X-LABEL X-ORIGINAL-TO)]"
)
MBSYNC = b"UID FLAGS RFC822.SIZE BODY.PEEK[HEADER.FIELDS (X-TUID Message-Id)]"


def _fetch(name: str, items: bytes, most: int, site: Site, turn: int) -> list[Sample]:
    count = min(most, site.messages) if most else site.messages
    client = site.session()
    answers: list[bytes] = []
    watch = site.timed(lambda: answers.append(client.command(b"UID FETCH 1:%d (%b)" % (count, items))))
    expect(answers[0].count(b" FETCH ("), count, "FETCH responses")
    return [watch.sample(name)]


def _measure(name: str, items: bytes, most: int = 0) -> Measure:
    shown = items if len(items) < 60 else items[:40] + b"...)]"
    asked = f"UID FETCH 1:{most or '*'} ({shown.decode()})"
    return Measure(name, asked, partial(_fetch, name, items, most))


MEASURES = (
    _measure("fetch.flags", b"FLAGS"),
    _measure("fetch.size", b"RFC822.SIZE"),
    _measure("fetch.structure", b"ENVELOPE BODYSTRUCTURE"),
    _measure("fetch.thunderbird", THUNDERBIRD),
    _measure("fetch.mutt", MUTT),
    _measure("fetch.mbsync", MBSYNC),
    _measure("fetch.bodies", b"BODY.PEEK[]", BODIES),
)
