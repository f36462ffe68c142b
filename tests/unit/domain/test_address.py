"""Addresses, as spreadsheets bring them."""

from __future__ import annotations

import csv

import phonenumbers
import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given
from hypothesis import strategies as st

from campaigns.domain.address import AddressError, e164, normalise, parse_phone, read
from campaigns.domain.channel import AddressKind
from tests.shared import shared

EMAIL, PHONE, HANDLE = AddressKind.EMAIL, AddressKind.PHONE, AddressKind.HANDLE
TEXTABLE = {"MOBILE", "FIXED_LINE_OR_MOBILE"}


@pytest.mark.parametrize(
    ("written", "mailable", "normalised"),
    [
        ("ana@example.com", "ana@example.com", "ana@example.com"),
        ("  Ana.Puig@Example.COM ", "Ana.Puig@example.com", "ana.puig@example.com"),
        ("Ana Puig <ana@example.com>", "ana@example.com", "ana@example.com"),
        ("mailto:ana@example.com?subject=hi", "ana@example.com", "ana@example.com"),
        ("Ana <mailto:Ana@example.com>", "Ana@example.com", "ana@example.com"),
        ("Ana@bücher.example", "Ana@xn--bcher-kva.example", "ana@xn--bcher-kva.example"),
        ("ａｎａ@example.com", "ana@example.com", "ana@example.com"),
        ("STRASSE@example.com", "STRASSE@example.com", "strasse@example.com"),
        ("straße@example.com", "straße@example.com", "strasse@example.com"),
    ],
)
def test_an_email_is_cleaned_kept_mailable_and_compared_without_case(
    written: str, mailable: str, normalised: str
) -> None:
    assert read(EMAIL, written) == (mailable, normalised)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "ana",
        "ana@",
        "@example.com",
        "ana@localhost",
        "a..b@example.com",
        "ana@example..com",
        "ana@example.com, eva@example.com",
        "ana@example.com\nBcc: eva@example.com",
        "ana\x00@example.com",
        "ana@exa\u0085mple.com",
        "ana＠evil.example@example.com",
        "x" * 65 + "@example.com",
        "ana@" + "a" * 250 + ".com",
    ],
)
def test_what_is_no_email_is_refused(written: str) -> None:
    with pytest.raises(AddressError):
        read(EMAIL, written)


@example("WWW@example.com")
@given(st.from_regex(r"[A-Za-z0-9._+\-]{1,66}@[A-Za-z0-9.\-]{1,30}\.(com|example)", fullmatch=True))
def test_the_quick_way_for_emails_agrees_with_email_validator(value: str) -> None:
    try:
        expected = validate_email(value, check_deliverability=False, strict=True)
    except EmailNotValidError:
        with pytest.raises(AddressError):
            read(EMAIL, value)
    else:
        assert read(EMAIL, value).mailable == expected.ascii_email


@given(st.one_of(st.emails(), st.builds("{}@example.com".format, st.text(min_size=1, max_size=12))))
def test_normalising_an_email_again_changes_nothing(value: str) -> None:
    try:
        once = normalise(EMAIL, value)
    except AddressError:
        return
    assert normalise(EMAIL, once) == once


def test_phones_agree_with_the_reference_cases() -> None:
    with shared("data/phone_cases.csv").open(newline="", encoding="utf-8") as file:
        cases = list(csv.DictReader(file))
    assert cases
    for case in cases:
        number = parse_phone(case["input"], case["default_region"])
        assert e164(number) == case["e164"], case
        if case["valid"] == "True" and case["type"] in TEXTABLE:
            assert normalise(PHONE, case["input"], case["default_region"]) == case["e164"]
        else:
            with pytest.raises(AddressError):
                normalise(PHONE, case["input"], case["default_region"])


@pytest.mark.parametrize(
    ("written", "region", "expected"),
    [
        ("+34 600 000 001", None, "+34600000001"),
        ("'+34600000001", None, "+34600000001"),
        ("0034600000001", "US", "+34600000001"),
        ("34600000001", None, "+34600000001"),
        ("tel:+34-600-000-001", None, "+34600000001"),
        ("600.000.001", "ES", "+34600000001"),
        ("(201) 555-0123", "US", "+12015550123"),
        ("07700 900123", "GB", "+447700900123"),
        ("+376 312 345", None, "+376312345"),
        ("0044 (0)7400 123456", "ES", "+447400123456"),
    ],
)
def test_a_mobile_is_brought_to_e164(written: str, region: str | None, expected: str) -> None:
    assert read(PHONE, written, region) == (expected, expected)


@pytest.mark.parametrize(
    ("written", "region", "reason"),
    [
        ("934 01 00 00", "ES", "a fixed line receives no texts"),
        ("+34 900 123 456", None, "a freephone number receives no texts"),
        ("612345", "ES", "too few digits"),
        ("+3461234567890123", None, "too many digits|no phone number"),
        ("612 34 56 78", None, "no country code"),
        ("3,46123E+10", "ES", "a spreadsheet has cut this number"),
        ("call me", "ES", "no phone number"),
        ("600000001 ext. 5", "ES", "an extension"),
        ("+34600\n000001", None, "control characters"),
        ("+999 600 000 001", None, "no phone number|no country"),
    ],
)
def test_a_number_that_receives_no_texts_is_refused_with_that_reason(
    written: str, region: str | None, reason: str
) -> None:
    with pytest.raises(AddressError, match=reason):
        read(PHONE, written, region)


@given(
    st.sampled_from(
        ["34", "376", "1", "44", "33", "351", "49", "39", "52", "54", "55", "7", "225"]
    ),
    st.from_regex(r"[0-9]{5,11}", fullmatch=True),
)
def test_the_quick_way_for_phones_agrees_with_phonenumbers(code: str, national: str) -> None:
    number = phonenumbers.parse(f"+{code}{national}", None)
    kind = phonenumbers.number_type(number)
    textable = kind in {1, 2}
    if f"+{code}{national}".startswith("+447700900"):
        return  # kept free for drama, accepted on purpose
    try:
        assert normalise(PHONE, f"+{code}{national}") == e164(number)
    except AddressError:
        assert not textable
    else:
        assert textable


@given(st.from_regex(r"\+?[0-9 ()-]{6,16}", fullmatch=True), st.sampled_from(["ES", "GB", "US"]))
def test_normalising_a_phone_again_changes_nothing(value: str, region: str) -> None:
    try:
        once = normalise(PHONE, value, region)
    except AddressError:
        return
    assert normalise(PHONE, once, region) == once


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("@Demo_Ana", "demo_ana"),
        ("demo_ana", "demo_ana"),
        ("'@demo_ana", "demo_ana"),
        ("https://x.com/Demo_Ana?lang=es", "demo_ana"),
        ("https://www.twitter.com/demo_ana/", "demo_ana"),
    ],
)
def test_an_x_handle_loses_its_at_and_its_capitals(written: str, expected: str) -> None:
    assert normalise(HANDLE, written) == expected


@pytest.mark.parametrize(
    "written", ["", "@", "demo ana", "a" * 16, "démo", "demo_ana\t", "\u212aelvin"]
)
def test_what_is_no_x_handle_is_refused(written: str) -> None:
    with pytest.raises(AddressError):
        normalise(HANDLE, written)
