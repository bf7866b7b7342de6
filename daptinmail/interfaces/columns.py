"""What ``IMessageStore.columns`` knows of messages."""

MESSAGE_COLUMNS = frozenset({"internal_date", "saved_at", "size", "reference"})
"""What ``columns`` knows of a message in its mailbox: times as milliseconds since the epoch, size in octets, the
16 octets of its row's reference."""

CONTENT_COLUMNS = frozenset(
    {
        "email_id",
        "thread_id",
        "message_id",
        "references",
        "sent_at",
        "sent_day",
        "base_subject",
        "is_reply",
        "sort_from",
        "sort_to",
        "sort_cc",
        "display_from",
        "display_to",
        "preview",
        "fields",
        "envelope",
        "body",
        "bodystructure",
        "parts",
        "header",
    }
)
"""What ``columns`` knows of a content, the same for all copies of a message.

``email_id`` and ``thread_id`` are 16 octets (RFC 8474). ``message_id`` and ``references`` are octets without angle
brackets, joined by blanks (RFC 5256 §2.2). ``sent_at`` is milliseconds since the epoch, ``sent_day`` days since then of
the Date field as written, both ``None`` without one. ``base_subject``, ``sort_*`` and ``display_*`` are casemapped
text (RFC 5256 §2.1 and §3, RFC 5957); ``is_reply`` is a truth value. ``preview`` is UTF-8 of 200 characters at most, or
``None``: not worked out (RFC 8970). ``envelope``, ``body`` and ``bodystructure`` are ready to send. ``fields`` is
what ``mail.kept`` packs of the header section, ``header`` is that section with its empty line. ``parts`` is what
``mail.structure`` packs: where each part lies, so that BODY[1.2] needs no parsing.
"""

COLUMNS = MESSAGE_COLUMNS | CONTENT_COLUMNS
"""What ``IMessageStore.columns`` can be asked for."""
