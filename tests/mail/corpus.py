"""Ugly messages, by what is wrong with them. LF in the source stands for CRLF on the wire."""


def crlf(text: bytes) -> bytes:
    """The octets with CRLF line ends."""
    return text.replace(b"\n", b"\r\n")


UGLY: dict[str, bytes] = {
    name: crlf(text)
    for name, text in {
        "empty": b"",
        "only an empty line": b"\n",
        "no header": b"\nbody\n",
        "no body": b"Subject: x\n",
        "text before fields": b"Hello there\nSubject: x\n\nbody\n",
        "mbox line": b"From a@b.test Fri Jan  2 03:04:05 2026\nSubject: x\n\nbody\n",
        "blank folded line": b"Subject: x\n \n y\nTo: a@b.test\n\nbody\n",
        "no boundary parameter": b"Content-Type: multipart/mixed\n\n--x\n\na\n--x--\n",
        "boundary never used": b"Content-Type: multipart/mixed; boundary=x\n\nnothing\n",
        "empty boundary": b'Content-Type: multipart/mixed; boundary=""\n\n--\n\na\n----\n',
        "no end boundary": b"Content-Type: multipart/mixed; boundary=x\n\n--x\n\na\n--x\n\nb",
        "end boundary only": b"Content-Type: multipart/mixed; boundary=x\n\n--x--\n",
        "boundary at once after boundary": b"Content-Type: multipart/mixed; boundary=x\n\n--x\n--x\n--x--\n",
        "boundary prefix of another": (
            b"Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: multipart/alternative; boundary=xy\n\n"
            b"--xy\n\na\n--xy--\n--x\n\nb\n--x--\n"
        ),
        "inner never closed": (
            b"Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: multipart/alternative; boundary=y\n\n"
            b"--y\n\na\n--x\n\nb\n--x--\nepilogue\n"
        ),
        "same boundary inside": (
            b"Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\na\n"
        ),
        "blanks after boundary": b"Content-Type: multipart/mixed; boundary=x\n\n--x \t\n\na\n--x--  \n",
        "text after boundary": b"Content-Type: multipart/mixed; boundary=x\n\n--x y\n\na\n--x-- z\n",
        "message in message": (
            b"Content-Type: message/rfc822\n\nContent-Type: message/rfc822\n\nSubject: in\nFrom: a@b.test\n\nbody\n"
        ),
        "encoded message": b"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogeAo=\n",
        "digest": (
            b"Content-Type: multipart/digest; boundary=x\n\n--x\n\nSubject: one\n\n1\n--x\n\nSubject: two\n\n2\n--x--\n"
        ),
        "message of multipart": (
            b"Content-Type: multipart/mixed; boundary=x\n\n--x\n\ntext\n--x\nContent-Type: message/rfc822\n\n"
            b"Subject: in\nContent-Type: multipart/mixed; boundary=y\n\n--y\n\np\n--y\nContent-Type: text/html\n\nq\n"
            b"--y--\n--x--\n"
        ),
        "quote in everything": (
            b'From: "a\nTo: "b" <c"@d>\nSubject: say "x\\"\nContent-Type: text/plain; name="a\\"b\n\nx\n'
        ),
        "literals": "From: Jörg <j@b.test>\nSubject: ü\nContent-Type: text/plain; name=ü\n\nx\n".encode(),
        "parentheses": b"From: ((a)) <b@c> (d\nSubject: )(\nContent-ID: )\nContent-Type: text/(\n\nx\n",
        "bad type": b"Content-Type: text\nContent-Disposition: ;\nContent-Transfer-Encoding: ;\n\nx\n",
        "multipart without subtype": b"Content-Type: multipart/; boundary=x\n\n--x\n\na\n--x--\n",
        "nul": b"Subject: a\0b\nFrom: \0@\0\nContent-Type: text/plain; a=\0\n\n\0\n",
        "attachment": (
            b"Content-Type: multipart/mixed; boundary=x\n\n--x\n\na\n--x\nContent-Type: application/pdf\n"
            b"Content-Disposition: attachment; filename*=utf-8''%c3%a4.pdf\nContent-Language: de, en\n"
            b"Content-MD5: Q2hlY2s=\nContent-Location: a/b\nContent-Description: d\nContent-ID: <1@x>\n\nJVBE\n--x--\n"
        ),
        "blanks everywhere": (
            b"From: John . Q . Doe <j . d @ e . test> Bob\nTo: a@b.test Ann, <c@d.test> (x) Carl\n"
            b"Content-Type: (a) text / html ; (b) charset = (c) utf-8 (d)\n\nx\n"
        ),
        "obsolete group": (
            b"To: A Group(Some people)\n     :Chris Jones <c@(Chris's host.)public.example>,\n"
            b"         joe@example.org,\n  John <jdoe@one.test> (my dear friend); (the end of the group)\n"
            b"Cc:(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;\n\nx\n"
        ),
        "nothing but angles": b"From: <>\nTo: <@>, <<a@b.test>>\nCc: @x.test, a@\nBcc: ,,;:\n\nx\n",
        "fields without values": b"From:\nTo: \nSubject:\nDate:\nMessage-ID: \nIn-Reply-To:\nContent-Type:\n\nx\n",
        "fields twice": b"From: a@b.test\nFrom: c@d.test\nSubject: one\nSubject: two\nContent-Type: text/html\n\nx\n",
        "parameters in pieces": (
            b"Content-Type: multipart/mixed; boundary*0=a; boundary*1=b\n\n--ab\n"
            b"Content-Type: application/x; title*0*=us-ascii'en'This%20is; title*1*=%2A; title*2=\"isn't it!\"\n"
            b'Content-Disposition: "attachment"; filename*1=b; filename*0=a; filename*3=c\n\nx\n--ab--\n'
        ),
        "encoded boundary": b"Content-Type: multipart/mixed; boundary*=us-ascii''a%62\n\n--ab\n\nx\n--ab--\n",
        "blank at the end of a boundary": b'Content-Type: multipart/mixed; boundary="ab "\n\n--ab\n\nx\n--ab--\n',
        "quoted encoding": b'Content-Transfer-Encoding: "Base64" (x)\nContent-Language: en (English), de\n\neA==\n',
        "message/global": (
            "Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: message/global\n\n"
            "Subject: Grüße\nFrom: jörg@bücher.test\n\nHallo\n--x--\n"
        ).encode(),
        "message without body": b"Content-Type: multipart/digest; boundary=x\n\n--x\n\nSubject: a\n--x\n\n--x\n--x--\n",
        "message cut off": (
            b"Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: message/rfc822\n\n"
            b"Content-Type: multipart/mixed; boundary=y\n\n--y\n\nin\n--x\n\nlast\n--x--\n"
        ),
        "parts after the end": b"Content-Type: multipart/mixed; boundary=x\n\n--x\n\na\n--x--\n--x\n\nb\n--x--\n",
        "header within the boundary line": (
            b"Content-Type: multipart/mixed; boundary=x\n\n--x Content-Type: a/b\n\na\n--x--\n"
        ),
        "encoded multipart": (
            b"Content-Type: multipart/mixed; boundary=x\nContent-Transfer-Encoding: base64\n\n--x\n\na\n--x--\n"
        ),
        "like numbered boundaries": (
            b"Content-Type: multipart/mixed; boundary=Apple-1\n\n--Apple-1\n"
            b"Content-Type: multipart/alternative; boundary=Apple-12\n\n--Apple-12\n\np\n--Apple-12\n"
            b"Content-Type: text/html\n\nh\n--Apple-12--\n\n--Apple-1\n\nlast\n--Apple-1--\n"
        ),
    }.items()
}
UGLY["line feeds only"] = b"Subject: x\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\na\n--x--\n"
UGLY["bare carriage returns"] = (
    b"Subject: a\rb\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n\r--x\r\r\n--x\r\n\r\na\r"
)
