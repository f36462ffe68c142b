"""Addresses: what people and spreadsheets write, brought to the one form that is mailed and the
one form that is compared.

Sources of the rules: e-mail syntax as in RFC 5321/6531 (email-validator, no DNS); comparison by
NFKC, casefold and IDNA, so that the same mailbox in another spelling stays suppressed; phones by
phonenumbers to E.164, and only numbers that can receive texts; X handles as X documents them.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from unicodedata import normalize

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from email_validator.rfc_constants import CASE_INSENSITIVE_MAILBOX_NAMES
from phonenumbers import PhoneNumber, PhoneNumberType

from campaigns.domain.channel import AddressKind
from campaigns.domain.mobile_patterns import surely_mobile


class AddressError(ValueError):
    """This is no address of that kind; the message is the reason, ready to be shown."""


class Address(NamedTuple):
    """One address.

    Attributes:
        mailable: as the provider gets it; an e-mail keeps its capitals, its domain is ASCII.
        normalised: as it is compared and hashed; two spellings of one mailbox have the same.
    """

    mailable: str
    normalised: str


def normalise(kind: AddressKind, value: str, region: str | None = None) -> str:
    """The form that suppressions and look-ups compare. Idempotent.

    `region` is the country (ISO 3166) whose national phone numbers are meant. Raises AddressError.
    """
    return read(kind, value, region).normalised


def read(kind: AddressKind, value: str, region: str | None = None) -> Address:
    """Read an address as people write it: `Ana <ana@example.com>`, `0034 612…`, `@demo_ana`.

    Raises AddressError with the reason: control characters, bad syntax, a number that cannot
    receive texts.
    """
    if not value.isprintable() and _CONTROL.search(value):  # the first is a tenth of the second
        raise AddressError("it has control characters or line breaks in it")
    match kind:
        case AddressKind.EMAIL:
            return _email(value.strip())
        case AddressKind.PHONE:
            number = _mobile(value.strip().lstrip("'"), region)
            return Address(number, number)
        case AddressKind.HANDLE:
            handle = _handle(value.strip().lstrip("'"))
            return Address(handle, handle)


_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")

# E-mail -----------------------------------------------------------------------------------

_NAMED = re.compile(r"[^<>]*<([^<>]*)>")
#: What email-validator surely takes as it is, at a fiftieth of its price; a test compares them.
_PLAIN_LOCAL = re.compile(r"[A-Za-z0-9_+-]{1,60}(?:\.[A-Za-z0-9_+-]{1,60}){0,5}")
#: RFC 2142's: `WWW@` is `www@` everywhere, and email-validator writes them in small letters.
_IN_SMALL = frozenset(CASE_INSENSITIVE_MAILBOX_NAMES)


def _email(value: str) -> Address:
    value = _unwrapped(value)
    local, _, domain = value.rpartition("@")
    if len(value) <= 120 and len(local) <= 64 and _PLAIN_LOCAL.fullmatch(local):
        ascii_domain = _domain(domain)
        if ascii_domain is not None and local.lower() not in _IN_SMALL:
            mailable = f"{local}@{ascii_domain}"
            return Address(mailable, mailable.lower())
    return _careful_email(value)


def _unwrapped(value: str) -> str:
    """Without the name, the angle brackets and the `mailto:` that mail programs add."""
    if value.endswith(">"):
        named = _NAMED.fullmatch(value)
        value = named[1].strip() if named else value
    if value[:7].lower() == "mailto:":
        value = value[7:].partition("?")[0].strip()
    return value


@lru_cache(maxsize=20_000)
def _domain(domain: str) -> str | None:
    """The ASCII form of a domain that email-validator accepts in a short address; else None."""
    if not domain.isascii() or len(domain) > 100:
        return None
    try:
        return validate_email(f"a@{domain}", check_deliverability=False).ascii_domain
    except EmailNotValidError:
        return None


def _careful_email(value: str) -> Address:
    # NFKC first: what is checked is what is mailed and compared, so that no compatibility
    # character can turn into an `@` or a quote after the check.
    try:
        checked = validate_email(normalize("NFKC", value), check_deliverability=False, strict=True)
    except EmailNotValidError as error:
        raise AddressError(str(error).rstrip(".")) from error
    mailable = f"{checked.local_part}@{checked.ascii_domain}"
    if len(mailable) > 254:
        raise AddressError("it is longer than 254 characters")
    return Address(mailable, _folded(mailable))


def _folded(text: str) -> str:
    """NFKC and casefold until nothing changes (Unicode's toNFKC_Casefold takes two rounds)."""
    while (folded := normalize("NFKC", text.casefold())) != text:
        text = folded
    return text


# Phones -----------------------------------------------------------------------------------

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_DECORATION = re.compile(r"[\s().\-/\u2010-\u2015\u00a0]")
_CUT_BY_SPREADSHEET = re.compile(r"[0-9][.,]?[0-9]*E\+?[0-9]+", re.IGNORECASE)
#: Numbers Ofcom keeps free for drama: they reach nobody, so demos and tests may use them.
#: phonenumbers (9.0, November 2026) calls them unassigned.
_DRAMA_MOBILE = re.compile(r"\+447700900[0-9]{3}")
_TEXTABLE = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})
_TYPE_NAMES = {
    PhoneNumberType.FIXED_LINE: "a fixed line",
    PhoneNumberType.TOLL_FREE: "a freephone number",
    PhoneNumberType.PREMIUM_RATE: "a premium-rate number",
    PhoneNumberType.SHARED_COST: "a shared-cost number",
    PhoneNumberType.VOIP: "an internet phone (VoIP)",
    PhoneNumberType.PERSONAL_NUMBER: "a personal number",
    PhoneNumberType.PAGER: "a pager",
    PhoneNumberType.UAN: "a company number",
    PhoneNumberType.VOICEMAIL: "a voicemail number",
}


def _mobile(value: str, region: str | None) -> str:
    """The number in E.164, if it can receive texts."""
    bare = _DECORATION.sub("", value)
    if bare.startswith("00"):
        bare = "+" + bare[2:]
    if _E164.fullmatch(bare) and (surely_mobile(bare) or _DRAMA_MOBILE.fullmatch(bare)):
        return bare
    number = parse_phone(value, region)
    written = e164(number)
    kind = phonenumbers.number_type(number)
    if kind in _TEXTABLE or _DRAMA_MOBILE.fullmatch(written):
        return written
    if kind in _TYPE_NAMES:
        raise AddressError(f"{_TYPE_NAMES[kind]} receives no texts; give a mobile number")
    raise AddressError(_why_invalid(number))


def parse_phone(value: str, region: str | None) -> PhoneNumber:
    """A phone of any type, valid or not, from how people write it. Raises AddressError."""
    if _CUT_BY_SPREADSHEET.fullmatch(value):
        raise AddressError(
            "a spreadsheet has cut this number; format the column as text and export it again"
        )
    international = "+" + value[2:] if value.startswith("00") else value
    try:
        number = phonenumbers.parse(international, region)
    except phonenumbers.NumberParseException as error:
        return _with_country_code(value, error)
    if number.extension:
        raise AddressError("it has an extension, which receives no texts")
    return number


def e164(number: PhoneNumber) -> str:
    """`+34612345678`."""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _with_country_code(value: str, error: phonenumbers.NumberParseException) -> PhoneNumber:
    """No country is known: `34612345678` is still plain if it is a number once a + is added."""
    if error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE:
        try:
            number = phonenumbers.parse("+" + value, None)
        except phonenumbers.NumberParseException:
            pass
        else:
            if phonenumbers.is_valid_number(number):
                return number
        raise AddressError(
            "it has no country code; write it as +34…, or give the row's country or a default"
        ) from error
    raise AddressError("it is no phone number") from error


def _why_invalid(number: PhoneNumber) -> str:
    match phonenumbers.is_possible_number_with_reason(number):
        case phonenumbers.ValidationResult.TOO_SHORT:
            return "it has too few digits for its country"
        case phonenumbers.ValidationResult.TOO_LONG:
            return "it has too many digits for its country"
        case phonenumbers.ValidationResult.INVALID_COUNTRY_CODE:
            return "no country has this code"
        case _:
            return "no such number is in use in its country"


# X handles --------------------------------------------------------------------------------

_HANDLE = re.compile(r"[a-z0-9_]{1,15}")
_HANDLE_URL = re.compile(r"https?://(?:www\.|mobile\.)?(?:x|twitter)\.com/([^/?#]+).*", re.I)


def _handle(value: str) -> str:
    url = _HANDLE_URL.fullmatch(value)
    handle = (url[1] if url else value).removeprefix("@").lower()
    if not (value.isascii() and _HANDLE.fullmatch(handle)):
        raise AddressError("an X handle is 1 to 15 letters (a–z), digits and _, such as @demo_ana")
    return handle


# One person's spellings ---------------------------------------------------------------------

_DOTS_SAY_NOTHING = frozenset({"gmail.com", "googlemail.com"})


def mailbox(normalised: str) -> str:
    """The mailbox behind an e-mail address, as far as it can be told: without `+tag` (RFC 5233),
    and with Gmail's dots and second name taken away (as Google documents).

    Only to know an erased person again: for sending, `ana+shop@…` and `ana@…` are two addresses.
    """
    local, _, domain = normalised.rpartition("@")
    local = local.partition("+")[0] or local
    if domain in _DOTS_SAY_NOTHING:
        local, domain = local.replace(".", ""), "gmail.com"
    return f"{local}@{domain}"
