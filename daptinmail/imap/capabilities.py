"""What the server says it can do, by state, and what a client may ENABLE."""

from daptinmail.imap.login import offered
from daptinmail.imap.session import Session

ALWAYS = (
    b"IMAP4rev1",  # RFC 3501
    b"IMAP4rev2",  # RFC 9051
    b"SASL-IR",  # RFC 4959
    b"ID",  # RFC 2971
    b"ENABLE",  # RFC 5161
    b"IDLE",  # RFC 2177
    b"NAMESPACE",  # RFC 2342
    b"CHILDREN",  # RFC 3348
    b"UIDPLUS",  # RFC 4315
    b"UNSELECT",  # RFC 3691
    b"MOVE",  # RFC 6851
    b"SPECIAL-USE",  # RFC 6154
    b"CREATE-SPECIAL-USE",  # RFC 6154
    b"CONDSTORE",  # RFC 7162
    b"QRESYNC",  # RFC 7162
    b"UIDONLY",  # RFC 9586
    b"INPROGRESS",  # RFC 9585
    b"ESEARCH",  # RFC 4731
    b"SEARCHRES",  # RFC 5182
    b"WITHIN",  # RFC 5032
    b"PARTIAL",  # RFC 9394
    b"SORT",  # RFC 5256
    b"SORT=DISPLAY",  # RFC 5957
    b"THREAD=ORDEREDSUBJECT",  # RFC 5256
    b"THREAD=REFERENCES",  # RFC 5256
    b"ESORT",  # RFC 5267
    b"CONTEXT=SEARCH",  # RFC 5267
    b"CONTEXT=SORT",  # RFC 5267
    b"MULTISEARCH",  # RFC 7377
    b"MULTIAPPEND",  # RFC 3502
    b"CATENATE",  # RFC 4469
    b"REPLACE",  # RFC 8508
    b"BINARY",  # RFC 3516
    b"PREVIEW",  # RFC 8970
    b"SAVEDATE",  # RFC 8514
    b"OBJECTID",  # RFC 8474
    b"UTF8=ACCEPT",  # RFC 9755
    b"LIST-EXTENDED",  # RFC 5258
    b"LIST-STATUS",  # RFC 5819
    b"LIST-MYRIGHTS",  # RFC 8440
    b"LIST-METADATA",  # RFC 9590
    b"STATUS=SIZE",  # RFC 8438
    b"METADATA",  # RFC 5464
    b"ACL",  # RFC 4314
    b"RIGHTS=texk",  # RFC 4314
    b"QUOTA",  # RFC 9208
    b"QUOTA=RES-STORAGE",  # RFC 9208
    b"QUOTA=RES-MESSAGE",  # RFC 9208
    b"NOTIFY",  # RFC 5465
)
"""In every state."""

AFTER_LOGIN = (b"LITERAL+",)  # RFC 7888
"""Once it is known who asks."""

ENABLED_BY: dict[bytes, frozenset[bytes]] = {
    b"CONDSTORE": frozenset(),
    b"QRESYNC": frozenset({b"CONDSTORE"}),
    b"UIDONLY": frozenset(),
    b"IMAP4REV2": frozenset(),
    b"UTF8=ACCEPT": frozenset(),
}
"""What ENABLE takes, and what else that switches on (RFC 5161 §3.1)."""


def capabilities(session: Session) -> list[bytes]:
    """The words of CAPABILITY now (RFC 9051 §7.2.2)."""
    if session.state != "unauth":
        compression = () if session.wire.compressed else (b"COMPRESS=DEFLATE",)  # RFC 4978
        return [*ALWAYS, _append_limit(session), *compression, *AFTER_LOGIN]
    return [*ALWAYS, _append_limit(session), b"LITERAL-", *_logins(session)]


def _append_limit(session: Session) -> bytes:
    """The largest message of every mailbox (RFC 7889 §3)."""
    return b"APPENDLIMIT=%d" % session.edge.append_limit


def _logins(session: Session) -> list[bytes]:
    """How to log in on this connection."""
    if session.secure:
        return [b"AUTH=" + name for name in offered(session)]
    return [b"LOGINDISABLED"] if session.edge.tls is None else [b"LOGINDISABLED", b"STARTTLS"]
