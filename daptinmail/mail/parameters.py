"""Values with parameters: Content-Type and Content-Disposition (RFC 2045 §5.1, RFC 2183, RFC 2231).

Reads what is sent in practice: trailing semicolons, missing quotes, 8-bit, duplicates (the first counts).
"""

import re
from urllib.parse import unquote_to_bytes

MAX_PARAMETERS = 200
MAX_VALUE = 1 << 16  # octets of one value that are looked at

Parameters = tuple[tuple[bytes, bytes], ...]
"""Names as written, values without quotes."""

_TYPE = re.compile(rb"([^\s/;\"()<>@,=]+)[ \t]*/[ \t]*([^\s/;\"()<>@,=]+)")
_WORD = re.compile(rb"[^\s;]+")
_PARAMETER = re.compile(
    rb"([^\s=;\"]+)[ \t]*=[ \t]*"
    rb"(?:\"([^\"\\]*(?:\\.[^\"\\]*)*)\"?|([^;]*))[^;]*",
    re.S,
)
_SEPARATORS = re.compile(rb"[;\s]*")
_COMMENT_TOKEN = re.compile(rb"\"[^\"\\]*(?:\\.[^\"\\]*)*\"?|\\.|[()]", re.S)
_SECTION = re.compile(rb"([^*]+)\*(\d{1,3})(\*?)")
_ESCAPE = re.compile(rb"\\(.)", re.S)


def parse_media_type(value: bytes) -> tuple[bytes, bytes, Parameters] | None:
    """Type and subtype in lower case, and the parameters; ``None`` if it is no media type."""
    value = strip_comments(value[:MAX_VALUE])
    match = _TYPE.match(value)
    if match is None:
        return None
    return match[1].lower(), match[2].lower(), _parameters(value, match.end())


def parse_disposition(value: bytes) -> tuple[bytes, Parameters] | None:
    """The disposition in lower case, and the parameters; ``None`` if there is none."""
    value = strip_comments(value[:MAX_VALUE])
    match = _WORD.match(value)
    if match is None:
        return None
    return match[0].strip(b'"').lower(), _parameters(value, match.end())


def parameter(parameters: Parameters, name: bytes) -> bytes | None:
    """The value of the parameter ``name`` (lower case)."""
    for one, value in parameters:
        if one.lower() == name:
            return value
    return None


def plain_parameter(parameters: Parameters, name: bytes) -> bytes | None:
    """The value of ``name``, or of ``name*`` with its percent-encoding undone (RFC 2231 §4)."""
    value = parameter(parameters, name)
    if value is not None:
        return value
    extended = parameter(parameters, name + b"*")
    return None if extended is None else unquote_to_bytes(extended.split(b"'", 2)[-1])


def strip_comments(value: bytes) -> bytes:
    """``value`` without comments; nested ones too (RFC 5322 §3.2.2)."""
    if b"(" not in value:
        return value
    kept: list[bytes] = []
    depth = position = 0
    for match in _COMMENT_TOKEN.finditer(value):
        if match[0] == b"(":
            if depth == 0:
                kept.append(value[position : match.start()])
            depth += 1
        elif match[0] == b")" and depth:
            depth -= 1
            position = match.end()
    if depth == 0:
        kept.append(value[position:])
    return b" ".join(kept).strip()


def _parameters(value: bytes, position: int) -> Parameters:
    found: dict[bytes, tuple[bytes, bytes]] = {}
    continued = False
    position = value.find(b";", position)
    while position >= 0 and len(found) < MAX_PARAMETERS:
        position = _separators_end(value, position)
        match = _PARAMETER.match(value, position)
        if match is not None:
            name, quoted, bare = match.groups()
            text = bare.strip() if quoted is None else quoted
            if quoted is not None and b"\\" in quoted:
                text = _ESCAPE.sub(rb"\1", quoted)
            found.setdefault(name.lower(), (name, text))
            continued = continued or b"*" in name
            position = match.end()
        position = value.find(b";", position)
    parameters = tuple(found.values())
    return _join_sections(parameters) if continued else parameters


def _separators_end(value: bytes, position: int) -> int:
    match = _SEPARATORS.match(value, position)
    return match.end() if match else position


def _join_sections(parameters: Parameters) -> Parameters:
    """Joins ``name*0``, ``name*1*`` to ``name`` or, if encoded, ``name*`` (RFC 2231 §3, §4.1, §6)."""
    joined: list[tuple[bytes, bytes]] = []
    sections: dict[bytes, dict[int, tuple[bytes, bool]]] = {}
    names: dict[bytes, bytes] = {}
    for name, value in parameters:
        match = _SECTION.fullmatch(name)
        if match is None:
            joined.append((name, value))
            continue
        key = match[1].lower()
        names.setdefault(key, match[1])
        sections.setdefault(key, {}).setdefault(int(match[2]), (value, bool(match[3])))
    for key, numbered in sections.items():
        encoded, text = _join(numbered)
        joined.append((names[key] + (b"*" if encoded else b""), text))
    return tuple(joined)


def _join(numbered: dict[int, tuple[bytes, bool]]) -> tuple[bool, bytes]:
    """The sections up to the first gap; whether they are percent-encoded, with a charset in front."""
    last = next(number for number in range(len(numbered) + 1) if number not in numbered)
    sections = [numbered[number] for number in range(last)]
    if not any(flag for _, flag in sections):
        return False, b"".join([value for value, _ in sections])
    texts = [value if flag else value.replace(b"%", b"%25") for value, flag in sections]
    if not sections[0][1] or texts[0].count(b"'") < 2:  # only the first may name a charset
        texts.insert(0, b"utf-8''")
    return True, b"".join(texts)
