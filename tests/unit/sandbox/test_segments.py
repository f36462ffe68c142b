"""Counting SMS segments."""

from __future__ import annotations

import smsutil
from hypothesis import given
from hypothesis import strategies as st

from campaigns.sandbox.segments import segments

_PLAIN = st.text(
    st.sampled_from("abcXYZ 019@$_!\"#%&'()*+,-./:;<=>?\r\n"), min_size=1, max_size=700
)
_ANY = st.text(st.sampled_from("ab €[]^~ñàçéü😀🇪🇸漢\n"), min_size=1, max_size=300)


@given(st.one_of(_PLAIN, _ANY))
def test_the_shortcut_counts_like_the_library(text: str) -> None:
    split = smsutil.split(text)
    encoding = "GSM-7" if split.encoding == "gsm0338" else "UCS-2"
    assert segments(text) == (len(split.parts), encoding)


def test_a_second_segment_begins_after_160_characters_and_takes_153_each() -> None:
    assert [segments("a" * n)[0] for n in (1, 160, 161, 306, 307)] == [1, 1, 2, 2, 3]


def test_one_letter_outside_gsm_makes_all_of_it_ucs2() -> None:
    assert segments("a" * 69 + "ș") == (1, "UCS-2")
    assert segments("a" * 70 + "ș") == (2, "UCS-2")
