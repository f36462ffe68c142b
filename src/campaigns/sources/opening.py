"""Opening a file's bytes, packed with gzip or not: people hand on large tables packed."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import IO, cast

_GZIP = b"\x1f\x8b"


def open_bytes(path: Path) -> IO[bytes]:
    """The file's content, unpacked where it is gzip. Raises OSError, also for a broken archive."""
    with path.open("rb") as file:
        packed = file.read(2) == _GZIP
    return cast(IO[bytes], gzip.open(path, "rb")) if packed else path.open("rb")
