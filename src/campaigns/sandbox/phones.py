"""What Twilio makes of a telephone number."""

from __future__ import annotations

import re

import phonenumbers
from phonenumbers import PhoneNumberType as Type

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_NO_MOBILE = frozenset({Type.FIXED_LINE, Type.TOLL_FREE, Type.PREMIUM_RATE, Type.PAGER, Type.UAN})

#: Twilio's own test numbers: https://www.twilio.com/docs/iam/test-credentials
MAGIC_TO = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}
MAGIC_FROM = {"+15005550001": 21212, "+15005550007": 21606, "+15005550008": 21611}


def is_e164(number: str) -> bool:
    """Whether it is written as Twilio wants it: `+`, country, number."""
    return _E164.fullmatch(number) is not None


def fault_of(number: str) -> int | None:
    """Twilio's error code for texting this number, or None.

    A number of the right length passes even when no carrier has it: the ranges reserved for
    fiction (such as +44 7700 900xxx) are what a sandbox is written to.
    """
    code = MAGIC_TO.get(number)
    if code is not None:
        return code
    if not is_e164(number):
        return 21211
    parsed = _parsed(number)
    if parsed is None:
        return 21211
    kind = phonenumbers.number_type(parsed)
    if kind == Type.UNKNOWN:
        return None if phonenumbers.is_possible_number(parsed) else 21211
    return 21614 if kind in _NO_MOBILE else None


def _parsed(number: str) -> phonenumbers.PhoneNumber | None:
    """The number in two parts. E.164 leaves nothing else to parse, so the library's parser, which
    takes as long as everything else here, is not asked."""
    for digits in (1, 2, 3):
        country = int(number[1 : 1 + digits])
        if country in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            rest = number[1 + digits :]
            zeros = len(rest) - len(rest.lstrip("0"))
            return phonenumbers.PhoneNumber(
                country_code=country,
                national_number=int(rest),
                italian_leading_zero=zeros > 0 or None,
                number_of_leading_zeros=zeros if zeros > 1 else None,
            )
    return None


def is_us(number: str) -> bool:
    """Whether the number is one of the United States."""
    return number.startswith("+1") and (
        phonenumbers.region_code_for_number(phonenumbers.parse(number)) == "US"
    )
