"""The messages that dialogues of the corpus talk about."""

from collections.abc import Mapping


def _text(number: int, sender: str, subject: str, body: str, more: str = "") -> bytes:
    return (
        f"From: {sender}\r\nTo: Bob <bob@example.com>\r\nSubject: {subject}\r\n"
        f"Date: Thu, {number} Jan 2026 10:00:00 +0000\r\nMessage-ID: <{number}@example.com>\r\n{more}\r\n{body}\r\n"
    ).encode()


NUMBERED: tuple[bytes, ...] = (
    _text(1, "Ann <ann@example.com>", "Hello", "Good morning."),
    _text(2, "Carl <carl@example.net>", "Re: Hello", "Good evening.", "In-Reply-To: <1@example.com>\r\n"),
    _text(3, "Dora <dora@example.org>", "Invoice", "Please pay 42 euro."),
    _text(4, "=?utf-8?Q?J=C3=BCrgen?= <j@example.org>", "=?utf-8?Q?Gr=C3=BC=C3=9Fe?=", "Hallo."),
    _text(5, "Ann <ann@example.com>", "Lunch", "At noon?"),
    _text(6, "Carl <carl@example.net>", "Re: Lunch", "Yes.", "References: <5@example.com>\r\n"),
    _text(7, "Eve <eve@example.com>", "[list] Fwd: Lunch (fwd)", "See below."),
    _text(8, "Ann <ann@example.com>", "Report", "Numbers 1 2 3."),
    _text(9, "Zoe <zoe@example.com>", "Last", "The end."),
)

NESTED = (
    b"From: ann@example.com\r\nSubject: outer\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
    b"preamble\r\n--b\r\nContent-Type: text/plain\r\nX-Part: one\r\n\r\nfirst part\r\n"
    b"--b\r\nContent-Type: message/rfc822\r\n\r\n"
    b"From: carl@example.com\r\nSubject: inner\r\n\r\ninner body\r\n\r\n--b--\r\n"
)

ENCODED = (
    b"From: ann@example.com\r\nSubject: encoded\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
    b"--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"Gr=C3=BC=C3=9Fe=\r\n aus Wien\r\n"
    b"--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\nAAECAwQF\r\n--b--\r\n"
)

UNKNOWN = b"Subject: unknown\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nabc\r\n"

GLOBAL = (
    "From: jörg@bücher.example\r\nSubject: Grüße\r\nMIME-Version: 1.0\r\n"
    'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
    "--b\r\nContent-Type: message/global\r\n\r\nSubject: ü\r\n\r\nx\r\n--b--\r\n"
).encode()

NAMED: Mapping[str, bytes] = {"nested": NESTED, "encoded": ENCODED, "unknown": UNKNOWN, "global": GLOBAL}
"""Others add theirs here."""
