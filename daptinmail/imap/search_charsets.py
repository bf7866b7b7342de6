"""The charsets that texts of a search program may come in (RFC 9051 §6.4.4, RFC 2978)."""

from daptinmail.errors import Malformed

CODECS: dict[bytes, str] = {
    b"UTF-8": "utf-8",
    b"US-ASCII": "ascii",
    **{b"ISO-8859-%d" % part: f"iso8859-{part}" for part in (*range(1, 12), 13, 14, 15, 16)},
    **{b"WINDOWS-%d" % page: f"cp{page}" for page in (874, *range(1250, 1259))},
    b"KOI8-R": "koi8-r",
    b"KOI8-U": "koi8-u",
    b"ISO-2022-JP": "iso2022_jp",
    b"SHIFT_JIS": "shift_jis",
    b"EUC-JP": "euc_jp",
    b"EUC-KR": "euc_kr",
    b"GB2312": "gb2312",
    b"GBK": "gbk",
    b"GB18030": "gb18030",
    b"BIG5": "big5",
}
"""Names registered with IANA, and Python's codecs for them. No other codec can be reached."""

ALIASES: dict[bytes, bytes] = {
    b"UTF8": b"UTF-8",
    b"ASCII": b"US-ASCII",
    b"LATIN1": b"ISO-8859-1",
    b"SHIFT-JIS": b"SHIFT_JIS",
    b"SJIS": b"SHIFT_JIS",
}

BADCHARSET = b"BADCHARSET (%b)" % b" ".join(CODECS)


def codec(charset: bytes) -> str | None:
    """The codec of a charset, ``None`` for one that is not known. Case does not matter."""
    name = charset.upper()
    return CODECS.get(ALIASES.get(name, name))


def decode(text: bytes, codec_name: str) -> str:
    """Raises ``Malformed`` for octets that are no text in that charset."""
    try:
        return text.decode(codec_name)
    except UnicodeDecodeError:
        raise Malformed("Search text does not fit its charset") from None
