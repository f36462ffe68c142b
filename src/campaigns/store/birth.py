"""When a file was made: a copy is another file, even where it is given the number of the old one.

Python tells a file's birth on macOS and Windows; on Linux only from 3.15 on, so `statx` is asked
(glibc 2.28, 2018). Where nobody knows it, it is 0 and the file's number alone has to do.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

_AT_FDCWD = -100
_BIRTH = 0x800  # STATX_BTIME
_SIZE = 256  # of struct statx
_MASK_AT, _SECONDS_AT, _NANOSECONDS_AT = 0, 80, 88


def birth(path: Path) -> int:
    """Nanoseconds since 1970-01-01 UTC; 0 where it is not known. Raises OSError for no file."""
    seen = os.stat(path)
    told = getattr(seen, "st_birthtime_ns", None) or getattr(seen, "st_birthtime", None)
    return int(told) if told is not None else _by_statx(path)


def _by_statx(path: Path) -> int:
    statx = getattr(ctypes.CDLL(None), "statx", None)
    buffer = ctypes.create_string_buffer(_SIZE)
    if statx is None or statx(_AT_FDCWD, os.fsencode(path), 0, _BIRTH, buffer) != 0:
        return 0
    if not ctypes.c_uint32.from_buffer(buffer, _MASK_AT).value & _BIRTH:
        return 0  # the file system keeps none
    seconds = ctypes.c_int64.from_buffer(buffer, _SECONDS_AT).value
    return seconds * 1_000_000_000 + ctypes.c_uint32.from_buffer(buffer, _NANOSECONDS_AT).value
