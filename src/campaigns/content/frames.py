"""Frames on the pipes of the compiling process: one letter, four bytes of length, the content."""

from __future__ import annotations

import struct
from typing import BinaryIO, Final

HEAD: Final = struct.Struct("!cI")
#: A pickled `Compiled`; no such campaign, with the words for it; the file that runs now.
COMPILED, NOT_FOUND, PROGRESS = b"C", b"N", b"P"


def write_frame(stream: BinaryIO, kind: bytes, content: bytes) -> None:
    """Send one frame."""
    stream.write(HEAD.pack(kind, len(content)) + content)
    stream.flush()


def read_frame(stream: BinaryIO) -> tuple[bytes, bytes] | None:
    """One frame; None when the other side is gone."""
    head = stream.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    kind, length = HEAD.unpack(head)
    content = stream.read(length)
    return (kind, content) if len(content) == length else None
