"""Header values as text: encoded words and raw 8-bit (RFC 2047, RFC 6532)."""

import binascii
import re
from codecs import getincrementaldecoder
from encodings.aliases import aliases

# No field of an encoded word runs past the next "?", so a scan is linear (RFC 2047 §2; RFC 2231 §5: "*language").
_WORD = re.compile(r"=\?([!-)+->@-~]{1,60})(?:\*[^?\s]*)?\?([bBqQ])\?([^?\n]*)\?=")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f]+")
# Costly, stateful or not charsets at all.
_NO_CHARSETS = {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem", "bz2_codec"}
_NO_CHARSETS |= {"base64_codec", "hex_codec", "quopri_codec", "rot_13", "uu_codec", "zlib_codec", "tactis"}
_CHARSETS = {name: codec for pair in aliases.items() for name, codec in (pair, (pair[1], pair[1]))}


def decode_charset(data: bytes, charset: str = "", cut: bool = False) -> str:
    """``data`` as text; an unknown or wrong charset falls back to UTF-8, then to Latin-1.

    ``cut`` says that ``data`` is the beginning of something longer: half a character at its end is left out.
    Only names that Python lists are looked up: its cache of unknown codecs has no bound.
    """
    codec = _CHARSETS.get(charset.strip().lower().replace("-", "_"), "utf_8")
    if codec in _NO_CHARSETS:
        codec = "utf_8"
    for name in (codec, "utf_8"):
        try:
            return getincrementaldecoder(name)().decode(data) if cut else data.decode(name)
        except (UnicodeError, LookupError):
            continue
    return data.decode("latin-1")


def clean(text: str) -> str:
    """One line that any database takes: no controls, no lone surrogates."""
    if text.isascii() and text.isprintable():
        return text
    return _CONTROLS.sub(" ", text).encode("utf-8", "replace").decode("utf-8").strip()


def decode_words(value: bytes) -> str:
    """An unfolded value as text. What cannot be decoded stays as it is written."""
    text = decode_charset(value)
    if "=?" not in text:
        return clean(text)
    pieces: list[str] = []
    encoded: tuple[str, bytearray] | None = None  # adjacent words of one charset may share a character
    position = 0
    for match in _WORD.finditer(text):
        charset, word = match[1].lower(), _decode_word(match[2], match[3])
        between = text[position : match.start()]
        if encoded and not between.strip():
            if encoded[0] == charset:
                encoded[1].extend(word)
                position = match.end()
                continue
            between = ""
        if encoded:
            pieces.append(decode_charset(bytes(encoded[1]), encoded[0]))
        pieces.append(between)
        encoded, position = (charset, bytearray(word)), match.end()
    if encoded:
        pieces.append(decode_charset(bytes(encoded[1]), encoded[0]))
    pieces.append(text[position:])
    return clean("".join(pieces))


def _decode_word(encoding: str, text: str) -> bytes:
    """The octets of one encoded word; as written if they make no sense."""
    data = text.encode("utf-8", "replace")
    try:
        if encoding in "qQ":
            return binascii.a2b_qp(data, header=True)
        return binascii.a2b_base64(data.rstrip(b"=") + b"==")
    except binascii.Error:
        return data
