"""How many SMS segments a text takes, and in which encoding."""

from __future__ import annotations

import re
from math import ceil

import smsutil

# The characters of GSM 03.38 that are also ASCII and take one septet: for a text of these alone
# the count is arithmetic. A test compares it with smsutil, which walks character by character.
_PLAIN = re.compile(r"[A-Za-z0-9 @$_!\"#%&'()*+,\-./:;<=>?\r\n]*")
_SINGLE, _PART = 160, 153


def segments(text: str) -> tuple[int, str]:
    """Segments and encoding (`GSM-7` or `UCS-2`) of an SMS."""
    if _PLAIN.fullmatch(text):
        length = len(text)
        return (1 if length <= _SINGLE else ceil(length / _PART)), "GSM-7"
    split = smsutil.split(text)
    return max(1, len(split.parts)), "GSM-7" if split.encoding == "gsm0338" else "UCS-2"
