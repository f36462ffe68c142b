"""What Twilio makes of a number."""

from __future__ import annotations

import phonenumbers
import pytest

from campaigns.sandbox.phones import _parsed, fault_of, is_us


@pytest.mark.parametrize(
    "number", ["+447700900123", "+12025550123", "+34600000123", "+376312345", "+351912345678"]
)
def test_numbers_one_can_text_pass_also_those_reserved_for_fiction(number: str) -> None:
    assert fault_of(number) is None


@pytest.mark.parametrize(
    "number", ["", "600000123", "+34600123", "+34 600 000 123", "+0600", "+999"]
)
def test_what_is_no_number_is_21211(number: str) -> None:
    assert fault_of(number) == 21211


@pytest.mark.parametrize("number", ["+34930000000", "+442079460000", "+18005550123"])
def test_landlines_and_free_numbers_are_no_mobiles(number: str) -> None:
    assert fault_of(number) == 21614


def test_twilios_own_test_numbers_fail_as_twilio_documents() -> None:
    found = {n: fault_of(f"+1500555000{n}") for n in (1, 2, 3, 4, 6, 9)}
    assert found == {1: 21211, 2: 21612, 3: 21408, 4: 21610, 6: None, 9: 21614}


@pytest.mark.parametrize(
    "number", ["+390612345678", "+2250102030405", "+4915112345678", "+12025550123"]
)
def test_an_e164_number_is_taken_apart_as_the_library_does(number: str) -> None:
    assert _parsed(number) == phonenumbers.parse(number)


def test_canada_is_not_the_united_states() -> None:
    assert is_us("+12025550123")
    assert not is_us("+16135550123")
    assert not is_us("+34600000123")
