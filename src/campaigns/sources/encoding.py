"""Is the whole file in the encoding it is read in? Asked before the first row goes in, so that
an unreadable byte at line 900,000 does not leave half an import."""

from __future__ import annotations

import codecs
import zlib
from pathlib import Path
from typing import IO

from campaigns.errors import FileError, UserError
from campaigns.sources.opening import open_bytes

_CHUNK = 1 << 20
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def checked_encoding(path: Path, wanted: str | None) -> str:
    """The encoding to open the file with; a byte order mark is accepted and dropped.

    Raises FileError naming the first line that cannot be read, UserError for an unknown encoding.
    """
    start = _first_bytes(path)
    if not start:
        raise FileError("the file is empty. Export it again.", path=path)
    if start.startswith(b"PK\x03\x04"):
        raise FileError(
            "this is a zip archive or an Excel workbook. Unpack it, or save the sheet as "
            "“CSV UTF-8”, and import that file.",
            path=path,
        )
    if wanted is None and start.startswith(_UTF16_MARKS):
        raise FileError(
            "the file is in UTF-16 (Excel’s “Unicode text”). Pass --encoding utf-16, or save it "
            "as “CSV UTF-8”.",
            path=path,
        )
    name = _known(wanted or "utf-8")
    name = "utf-8-sig" if name == "utf-8" else name
    _scan(path, name)
    return name


def _first_bytes(path: Path) -> bytes:
    try:
        with open_bytes(path) as file:
            return file.read(4)
    except FileNotFoundError:
        raise FileError("there is no such file.", path=path) from None
    except (OSError, EOFError, zlib.error) as error:
        why = getattr(error, "strerror", None) or "it cannot be unpacked"
        raise FileError(f"it cannot be read: {why}.", path=path) from error


def _known(name: str) -> str:
    try:
        info = codecs.lookup(name)
    except LookupError:
        info = None
    if info is None or not info._is_text_encoding:
        raise UserError(
            f"--encoding {name} is not known. Common ones: utf-8, latin-1, cp1252, utf-16."
        )
    return info.name


def _scan(path: Path, encoding: str) -> None:
    decoder = codecs.getincrementaldecoder(encoding)()
    lines = 0
    with open_bytes(path) as file:
        while True:
            chunk = _chunk(file, path)
            try:
                lines += decoder.decode(chunk, final=not chunk).count("\n")
            except UnicodeDecodeError as error:
                line = lines + 1 + bytes(error.object[: error.start]).count(b"\n")
                raise _unreadable(path, encoding, line) from None
            if not chunk:
                return


def _chunk(file: IO[bytes], path: Path) -> bytes:
    try:
        return file.read(_CHUNK)
    except (OSError, EOFError, zlib.error) as error:  # a gzip archive that was cut short
        raise FileError("it cannot be unpacked whole. Copy it again.", path=path) from error


def _unreadable(path: Path, encoding: str, line: int) -> FileError:
    shown = encoding.removesuffix("-sig").upper()
    if shown == "UTF-8":
        way_out = (
            "Save it as “CSV UTF-8”, or pass the encoding it is in: --encoding latin-1 "
            "(from Windows: --encoding cp1252)."
        )
    else:
        way_out = "Pass another --encoding, or save it as “CSV UTF-8”."
    return FileError(f"this is not {shown}. {way_out}", path=path, line=line)
