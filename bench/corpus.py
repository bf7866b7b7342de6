"""The messages: realistic in kind and size, and made from their number alone, so that every run has the same."""

import base64
import quopri
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from random import Random

from attrs import frozen

SUBJECT_WORD = b"budgetary"
"""Stands in the subject of one message in fifty."""
SENDER_WORD = b"annika"
"""Stands in the sender of one message in forty."""
BODY_WORD = b"quokkalope"
"""Stands in the text of one message in a hundred, in whatever encoding that has."""
TEXT_WORD = b"zephyrine"
"""Stands in the header section or the text of one message in a hundred."""

FIRST_DATE = datetime(2021, 1, 4, 8, 0, tzinfo=UTC)
SYLLABLES = [
    "ka",
    "re",
    "mo",
    "ti",
    "lu",
    "san",
    "der",
    "vo",
    "pel",
    "ni",
    "gra",
    "bo",
    "sti",
    "fen",
    "ha",
    "zu",
    "wim",
    "cor",
    "lan",
    "de",
    "mi",
    "ro",
    "tas",
    "el",
    "ar",
    "on",
]
NAMES = [
    "Berit",
    "Chidi",
    "Dagny",
    "Emeka",
    "Farid",
    "Grete",
    "Hana",
    "Ivo",
    "Jorun",
    "Kofi",
    "Lotte",
    "Mirza",
    "Nadia",
    "Oskar",
    "Priya",
    "Quim",
    "Ravi",
    "Signe",
]
ODD_NAMES = ("Jörg Müßig", "Zoë Brontë", "Łukasz Żak", "渡辺 健", "Ольга Петрова", "Ångström Æble")


@frozen
class Message:
    """One message as it is appended. ``flags`` as in IMAP."""

    content: bytes
    flags: bytes
    internal_date: datetime


def _vocabulary() -> list[str]:
    random = Random("vocabulary")
    return ["".join(random.choices(SYLLABLES, k=random.choice((1, 2, 2, 3)))) for _ in range(3000)]


WORDS = _vocabulary()


def _lines(odd: bool) -> list[str]:
    """Ready-made lines: making them anew for each message would take longer than most servers take to store it."""
    random = Random("lines")
    lines = [" ".join(random.choices(WORDS, k=random.randint(6, 11))) for _ in range(5000)]
    return [f"{line} Grüße" if odd and random.random() < 0.2 else line for line in lines]


LINES, ODD_LINES = _lines(odd=False), _lines(odd=True)
LINE = sum(map(len, LINES)) // len(LINES) + 2
"""Octets of a line at the average."""


def messages(count: int, start: int = 0) -> Iterator[Message]:
    """The messages from number ``start`` on."""
    return map(message, range(start, start + count))


def message(number: int) -> Message:
    """The message with this number."""
    random = Random(f"message {number}")
    kind = random.choices(KINDS, weights=WEIGHTS)[0]
    date = FIRST_DATE + timedelta(minutes=7 * number)
    fields, body = kind(random, _planted(number))
    content = _header(random, number, date) + fields + b"\r\n" + body
    return Message(content, _flags(random), date)


def of_size(number: int, size: int) -> bytes:
    """A plain message of exactly ``size`` octets."""
    random = Random(f"sized {number}")
    beginning = _header(random, number, FIRST_DATE) + b"Content-Type: text/plain\r\n\r\n"
    text = _text(random, 2 * size, "")
    return (beginning + text)[: size - 2] + b"\r\n"


def _planted(number: int) -> str:
    words = [BODY_WORD.decode()] if number % 100 == 37 else []
    return " ".join([*words, TEXT_WORD.decode()] if number % 200 == 11 else words)


def _flags(random: Random) -> bytes:
    chances = ((rb"\Seen", 0.7), (rb"\Answered", 0.1), (rb"\Flagged", 0.04))
    return b" ".join(flag for flag, chance in chances if random.random() < chance)


def _person(random: Random) -> str:
    name = random.choice(NAMES)
    if random.random() < 0.15:
        encoded = base64.b64encode(random.choice(ODD_NAMES).encode()).decode()
        return f"=?utf-8?B?{encoded}?= <{name.lower()}.{random.choice(WORDS)}@{random.choice(WORDS)}.example>"
    return (
        f"{name} {random.choice(WORDS).title()} <{name.lower()}.{random.choice(WORDS)}@{random.choice(WORDS)}.example>"
    )


def _subject(random: Random, number: int) -> str:
    words = random.choices(WORDS, k=random.randint(3, 9))
    if number % 50 == 7:
        words.insert(1, SUBJECT_WORD.decode())
    text = " ".join(words).capitalize()
    if random.random() < 0.15:
        return "=?utf-8?Q?" + quopri.encodestring(f"Größe: {text}"[:40].encode(), header=True).decode() + "?="
    return random.choice(("", "", "Re: ", "Fwd: ", "[list] ")) + text


def _identifier(random: Random) -> str:
    return f"<{random.getrandbits(64):016x}.{random.getrandbits(32):08x}@{random.choice(WORDS)}.example>"


def _header(random: Random, number: int, date: datetime) -> bytes:
    """Everything but the MIME fields: about 2 KiB, as mail from the Internet has."""
    stamp = format_datetime(date)
    sender = "Annika Holt <annika.holt@partner.example>" if number % 40 == 3 else _person(random)
    lines = [f"Return-Path: <bounce-{random.getrandbits(40):x}@{random.choice(WORDS)}.example>"]
    for hop in range(random.randint(2, 4)):
        lines.append(
            f"Received: from mx{hop}.{random.choice(WORDS)}.example\r\n"
            f"\t(mx{hop}.{random.choice(WORDS)}.example [192.0.2.{hop}])\r\n"
            f"\tby in{hop}.example.net with ESMTPS id {random.getrandbits(64):016x}\r\n"
            f"\t(version=TLSv1.3 cipher=TLS_AES_256_GCM_SHA384);\r\n\t{stamp}"
        )
    signature = base64.b64encode(random.randbytes(256)).decode()
    folded = "\r\n\t".join(signature[start : start + 70] for start in range(0, len(signature), 70))
    lines.append(
        "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=partner.example; s=s1;\r\n"
        f"\th=from:to:subject:date:message-id; bh={base64.b64encode(random.randbytes(32)).decode()};\r\n\tb={folded}"
    )
    lines += [f"Date: {stamp}", f"From: {sender}", f"To: {_person(random)}"]
    if random.random() < 0.4:
        lines.append("Cc: " + ",\r\n\t".join(_person(random) for _ in range(random.randint(1, 5))))
    lines += [f"Subject: {_subject(random, number)}", f"Message-ID: {_identifier(random)}"]
    if random.random() < 0.5:
        thread = [_identifier(random) for _ in range(random.randint(1, 6))]
        lines += [f"In-Reply-To: {thread[-1]}", "References: " + "\r\n\t".join(thread)]
    if number % 200 == 111:
        lines.append(f"X-Campaign: {TEXT_WORD.decode()}")
    if random.random() < 0.3:
        name = random.choice(WORDS)
        lines += [f"List-Id: <{name}.lists.example>", f"List-Unsubscribe: <mailto:{name}-leave@lists.example>"]
    lines += ["X-Spam-Status: No, score=-1.9 required=5.0", "MIME-Version: 1.0"]
    return "".join(f"{line}\r\n" for line in lines).encode()


def _text(random: Random, size: int, planted: str, odd: bool = False) -> bytes:
    """Lines of words, about ``size`` octets."""
    lines = random.choices(ODD_LINES if odd else LINES, k=size // LINE + 1)
    if planted:
        lines.insert(len(lines) // 2, planted)
    return "".join(f"{line}\r\n" for line in lines).encode()


def _quoted_printable(text: bytes) -> bytes:
    return quopri.encodestring(text.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")


def _base64(octets: bytes) -> bytes:
    return base64.encodebytes(octets).replace(b"\n", b"\r\n")


def _part(fields: bytes, body: bytes) -> bytes:
    return fields + b"\r\n" + body


def _multipart(random: Random, subtype: bytes, *parts: bytes) -> tuple[bytes, bytes]:
    boundary = b"=_%016x" % random.getrandbits(64)
    inside = b"".join(b"--%b\r\n%b\r\n" % (boundary, part) for part in parts)
    fields = b'Content-Type: multipart/%b;\r\n\tboundary="%b"\r\n' % (subtype, boundary)
    return fields, b"This is a message in MIME format.\r\n" + inside + b"--%b--\r\n" % boundary


def _plain(random: Random, planted: str) -> tuple[bytes, bytes]:
    fields = b"Content-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n"
    return fields, _text(random, random.randint(800, 6000), planted)


def _accented(random: Random, planted: str) -> tuple[bytes, bytes]:
    fields = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n"
    return fields, _quoted_printable(_text(random, random.randint(800, 5000), planted, odd=True))


def _coded(random: Random, planted: str) -> tuple[bytes, bytes]:
    fields = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n"
    return fields, _base64(_text(random, random.randint(800, 4000), planted, odd=True))


def _alternative(random: Random, planted: str) -> tuple[bytes, bytes]:
    text = _text(random, random.randint(600, 2500), planted, odd=True)
    page = b"<html><body><p>" + text.replace(b"\r\n", b"</p>\r\n<p>") + b"</p></body></html>\r\n"
    coding = b"Content-Transfer-Encoding: quoted-printable\r\n"
    plain = _part(b"Content-Type: text/plain; charset=utf-8\r\n" + coding, _quoted_printable(text))
    html = _part(b"Content-Type: text/html; charset=utf-8\r\n" + coding, _quoted_printable(page))
    return _multipart(random, b"alternative", plain, html)


def _attached(random: Random, planted: str) -> tuple[bytes, bytes]:
    text = _part(*_plain(random, planted))
    name = random.choice(WORDS).encode()
    fields = (
        b'Content-Type: application/pdf; name="%b.pdf"\r\nContent-Transfer-Encoding: base64\r\n'
        b'Content-Disposition: attachment;\r\n\tfilename="%b.pdf"; size=%d\r\n'
    )
    octets = random.randbytes(random.randint(2000, 9000))
    return _multipart(random, b"mixed", text, _part(fields % (name, name, len(octets)), _base64(octets)))


def _forwarded(random: Random, planted: str) -> tuple[bytes, bytes]:
    inner = _header(random, random.randrange(10**6) * 1000 + 1, FIRST_DATE) + _part(*_alternative(random, planted))
    message_part = _part(b"Content-Type: message/rfc822\r\nContent-Disposition: inline\r\n", inner)
    return _multipart(random, b"mixed", _part(*_plain(random, "")), message_part)


Kind = Callable[[Random, str], tuple[bytes, bytes]]
KINDS: tuple[Kind, ...] = (_plain, _accented, _coded, _alternative, _attached, _forwarded)
WEIGHTS = (36, 12, 4, 30, 14, 4)
