"""Slots: what a customer's value may be, and how it is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.domain.channel import Channel
from campaigns.domain.message import Part, Skeleton, Slot, SlotType
from campaigns.domain.slots import (
    SlotError,
    Writer,
    longest_value,
    units,
    write_value,
    write_values,
)


def skeleton(*slots: Slot, locale: str = "es_ES") -> Skeleton:
    parts = {"body": Part(("",), ())}
    return Skeleton(Channel.SMS, locale, "a", (), parts, {s.name: s for s in slots})


def slot(kind: SlotType, length: int = 40, fallback: str | None = None) -> Slot:
    return Slot("x", kind, length, fallback)


@pytest.mark.parametrize(
    ("kind", "value", "locale", "written"),
    [
        (SlotType.TEXT, "Núria", "ca_ES", "Núria"),
        (SlotType.TEXT, "  Anne Marie ", "en_GB", "Anne Marie"),
        (SlotType.TEXT, "👩‍👩‍👧", "en_GB", "👩‍👩‍👧"),
        (SlotType.TEXT, 7, "en_GB", "7"),
        (SlotType.INTEGER, 1234567, "es_ES", "1.234.567"),
        (SlotType.INTEGER, "1234567", "en_US", "1,234,567"),
        (SlotType.INTEGER, 12.0, "en_US", "12"),
        (SlotType.INTEGER, 0, "en_US", "0"),
        (SlotType.INTEGER, 1234567, "fr_FR", "1 234 567"),
        (SlotType.NUMBER, 1234.5, "es_ES", "1234,5"),
        (SlotType.NUMBER, "0.1", "en_GB", "0.1"),
        (SlotType.DATE, "2027-03-31", "ca_ES", "31 de març del 2027"),
        (SlotType.DATE, "2027-03-31T10:00:00Z", "en_US", "March 31, 2027"),
        (SlotType.CODE, "AB-12_3", "en_US", "AB-12_3"),
        (SlotType.URL, "https://news.example.com/u/MTIz.abc-_", "en_US", None),
    ],
)
def test_a_value_is_written_in_the_locale(
    kind: SlotType, value: object, locale: str, written: str | None
) -> None:
    made = write_value(slot(kind, 200), value, locale)
    if kind is SlotType.NUMBER and locale == "es_ES":
        made = made.replace("1.234,5", "1234,5")  # CLDR versions differ in grouping four digits
    assert made == (written or value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (SlotType.TEXT, "a\nb"),
        (SlotType.TEXT, "a\rb"),
        (SlotType.TEXT, "a\tb"),
        (SlotType.TEXT, "a\x00b"),
        (SlotType.TEXT, "a\x85b"),
        (SlotType.TEXT, "a\u2028b"),
        (SlotType.TEXT, "a\u202eb"),
        (SlotType.TEXT, True),
        (SlotType.TEXT, ["a"]),
        (SlotType.TEXT, "win at https://example.org"),
        (SlotType.INTEGER, "12 points"),
        (SlotType.INTEGER, 1.5),
        (SlotType.INTEGER, True),
        (SlotType.INTEGER, [1]),
        (SlotType.INTEGER, float("inf")),
        (SlotType.NUMBER, "NaN"),
        (SlotType.NUMBER, "1e400"),
        (SlotType.DATE, "31/3/2027"),
        (SlotType.DATE, 12),
        (SlotType.CODE, "A B"),
        (SlotType.CODE, "<b>"),
        (SlotType.URL, "http://example.com"),
        (SlotType.URL, "javascript:alert(1)"),
        (SlotType.URL, 'https://example.com/"onclick'),
        (SlotType.URL, "https://example.com/a b"),
        (SlotType.URL, "https://user@example.com/"),
    ],
)
def test_a_value_that_does_not_fit_its_type_is_refused_without_repeating_it(
    kind: SlotType, value: object
) -> None:
    with pytest.raises(SlotError) as caught:
        write_value(slot(kind, 200), value, "en_GB")
    assert caught.value.slot == "x"
    if isinstance(value, str):
        assert value not in str(caught.value)


def test_length_is_counted_as_sms_counts_it() -> None:
    assert (units("abc"), units("ñ"), units("😀"), units("👍🏽")) == (3, 1, 2, 4)
    assert write_value(slot(SlotType.TEXT, 4), "👍🏽", "en_GB") == "👍🏽"
    with pytest.raises(SlotError, match="x: longer than 3 characters"):
        write_value(slot(SlotType.TEXT, 3), "👍🏽", "en_GB")


def test_a_long_value_is_refused_and_never_cut() -> None:
    with pytest.raises(SlotError, match="longer than 5 characters"):
        write_value(slot(SlotType.TEXT, 5), "Josefa", "es_ES")
    with pytest.raises(SlotError, match="longer than 7 characters"):
        write_value(slot(SlotType.INTEGER, 7), 1234567, "es_ES")


@pytest.mark.parametrize("missing", [{}, {"x": None}, {"x": ""}, {"x": "   "}])
def test_without_a_value_the_fallback_stands_there(missing: dict[str, object]) -> None:
    made = write_values(skeleton(slot(SlotType.TEXT, fallback="amiga")), missing)
    assert made == {"x": "amiga"}


def test_an_empty_fallback_is_a_fallback() -> None:
    assert write_values(skeleton(slot(SlotType.TEXT, fallback="")), {}) == {"x": ""}


def test_without_value_and_fallback_the_message_is_not_made() -> None:
    with pytest.raises(SlotError, match="x: the customer has no value and the copy no fallback"):
        write_values(skeleton(slot(SlotType.TEXT)), {})


def test_zero_and_false_are_values_and_not_absences() -> None:
    writer = Writer(skeleton(slot(SlotType.INTEGER, fallback="none")))
    assert writer.write({"x": 0}) == {"x": "0"}
    with pytest.raises(SlotError, match="not a number"):
        writer.write({"x": False})


def test_values_for_other_skeletons_are_left_out() -> None:
    made = write_values(skeleton(slot(SlotType.TEXT)), {"x": "a", "secret": "b"})
    assert made == {"x": "a"}


def test_a_remembered_number_is_written_the_same_again() -> None:
    writer = Writer(skeleton(slot(SlotType.INTEGER)))
    first = writer.write({"x": 12000})
    assert first == writer.write({"x": 12000}) == writer.write({"x": "12000"}) == {"x": "12.000"}


def test_only_what_differs_is_remembered_apart() -> None:
    writer = Writer(skeleton(slot(SlotType.INTEGER)))
    assert writer.write({"x": 1}) == {"x": "1"}
    with pytest.raises(SlotError):
        writer.write({"x": True})


KINDS = {
    SlotType.TEXT: st.text(max_size=30),
    SlotType.INTEGER: st.integers(-(10**14), 10**14),
    SlotType.NUMBER: st.decimals(-(10**9), 10**9, places=2).map(str),
    SlotType.DATE: st.dates().map(str),
    SlotType.CODE: st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,30}", fullmatch=True),
}


@given(
    st.sampled_from(sorted(KINDS)).flatmap(lambda k: st.tuples(st.just(k), KINDS[k])),
    st.integers(1, 30),
    st.sampled_from(["en_GB", "es_ES", "ca_ES"]),
)
def test_no_value_is_longer_than_the_longest_that_checks_prove(
    typed: tuple[SlotType, object], length: int, locale: str
) -> None:
    kind, value = typed
    declared = slot(kind, length, "fallback")
    try:
        written = write_values(skeleton(declared, locale=locale), {"x": value})["x"]
    except SlotError:
        return
    assert units(written) <= units(longest_value(declared, locale))
    assert not any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in written)
