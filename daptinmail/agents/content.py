"""Reading and changing the header section of a content that may be large: the body stays on disk."""

from collections.abc import Callable, Collection
from functools import cached_property
from pathlib import Path

from attrs import define, frozen

from daptinmail.errors import Refused
from daptinmail.interfaces.runtime import IBlocking
from daptinmail.interfaces.storage import Content, ISpool
from daptinmail.mail.header import MAX_FIELDS, MAX_HEADER, HeaderSection, find_fields, header_end
from daptinmail.mail.reply import Reply

CHUNK = 256 * 1024

HEADER_TOO_LARGE = Reply(552, "5.3.4", f"The header section is larger than {MAX_HEADER} octets")
STRAY_FOLD = Reply(554, "5.6.0", "The header section begins in the middle of a field")
TOO_MANY_FIELDS = Reply(552, "5.3.4", f"The message has more than {MAX_FIELDS} header fields")


@frozen
class Header:
    """The header section of a content, with its empty line if there is one."""

    raw: bytes

    @cached_property
    def fields(self) -> HeaderSection:
        """Its fields."""
        return HeaderSection(self.raw)

    @property
    def separator(self) -> bytes:
        """What has to stand between added fields and a content that has no fields of its own."""
        return b"" if self.raw[:2] == b"\r\n" or next(find_fields(self.raw), None) else b"\r\n"

    def without(self, names: Collection[bytes]) -> bytes:
        """The section without the fields of these names (lower case)."""
        kept, position = [], 0
        for one in find_fields(self.raw):
            if one.name.lower() in names:
                kept.append(self.raw[position : one.start])
                position = one.end
        return b"".join([*kept, self.raw[position:]])


@define(eq=False)
class ContentReader:
    """Looks at contents in a pool thread."""

    blocking: IBlocking
    spool: ISpool

    async def header(self, content: Content) -> Header:
        """The header section.

        Raises:
            Refused: it is larger than ``MAX_HEADER``, has more than ``MAX_FIELDS`` fields, or begins with a
                continuation line, which would become part of the field that we put before it.
        """
        if content.path is not None:
            start = await self.blocking.run(read_start, content.path, MAX_HEADER + 1)
        else:
            start = (content.body or b"")[: MAX_HEADER + 1]
        end = header_end(start)
        if len(start) > MAX_HEADER and not start[:end].endswith((b"\n\r\n", b"\n\n")) and end > 2:
            raise Refused(HEADER_TOO_LARGE)
        raw = start[:end]
        # A field that is not looked at could hide a second From.
        if raw.count(b"\n") > MAX_FIELDS and sum(1 for _ in find_fields(raw)) > MAX_FIELDS:
            raise Refused(TOO_MANY_FIELDS)
        header = Header(raw)
        if raw[:1] in {b" ", b"\t"} and not header.separator:
            raise Refused(STRAY_FOLD)
        return header

    async def with_header(self, content: Content, old: Header, new: bytes) -> tuple[Content, Callable[[], None]]:
        """The content with another header section, and what to call when it has been stored."""
        skip = len(old.raw)
        if content.path is None:
            body = new + (content.body or b"")[skip:]
            return Content(body_size=len(body), body=body, prefix=content.prefix), lambda: None
        spooled = self.spool.create()
        try:
            data = new
            while data:
                waiting = spooled.write(data)
                if waiting is not None:
                    await waiting
                data = await self.blocking.run(_read_at, content.path, skip)
                skip += len(data)
            changed = await spooled.finish()
        except BaseException:
            spooled.discard()
            raise
        return changed.with_prefix(content.prefix), spooled.discard


def read_start(path: Path, size: int) -> bytes:
    """The first octets of a file. Blocking."""
    with path.open("rb") as file:
        return file.read(size)


def _read_at(path: Path, offset: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(CHUNK)
