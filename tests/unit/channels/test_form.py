"""A form is encoded as the standard library would."""

from __future__ import annotations

from urllib.parse import urlencode

from hypothesis import given
from hypothesis import strategies as st

from campaigns.channels.twilio.form import encoded

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=120)
_VALUES = _TEXT | st.integers() | st.booleans() | st.lists(_TEXT | st.integers(), max_size=3)


@given(st.dictionaries(_TEXT, _VALUES, max_size=6))
def test_a_form_is_what_urlencode_makes_of_it(fields: dict[str, object]) -> None:
    for _ in range(2):  # what is remembered is the same as what is worked out
        assert encoded(fields) == urlencode(fields, doseq=True).encode("ascii")
