"""Messages as text to search in: decoded, without regard to case. Runs in pool threads."""

from daptinmail.mail.header import HeaderSection, find_fields, unfold
from daptinmail.mail.structure import parse_structure
from daptinmail.mail.textpart import decode_text
from daptinmail.mail.words import decode_words


def field_texts(header: HeaderSection, name: bytes) -> list[str]:
    """The values of all fields called ``name`` (lower case)."""
    return [decode_words(value).casefold() for value in header.every(name)]


def header_text(header: bytes) -> str:
    """A whole header section."""
    lines = [f"{one.name.decode('latin-1')}: {decode_words(unfold(one.value))}" for one in find_fields(header)]
    return "\n".join(lines).casefold()


def body_text(content: bytes) -> str:
    """The text parts of a content, and the header sections of the messages inside it."""
    texts = []
    for part in parse_structure(content).walk():
        if part.message is not None:
            texts.append(header_text(part.message.header))
        elif part.type == "text" and not part.children:
            texts.append(decode_text(part, content[part.body_start : part.body_end]))
    return "\n".join(texts).casefold()
