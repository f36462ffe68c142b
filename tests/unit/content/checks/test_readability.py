"""The reading level of a body, where the brand asks for one."""

from __future__ import annotations

import pytest

from campaigns.content.checks.readability import lix
from tests.unit.content.checks.told import BRAND, EN
from tests.unit.content.files import Files

_TEN_SHORT = "we put the old pots out in the warm sun"


def test_it_is_the_words_of_a_sentence_and_the_share_of_long_ones() -> None:
    assert lix([f"{_TEN_SHORT}. {_TEN_SHORT}.", f"{_TEN_SHORT}."]) == pytest.approx(10)
    long = _TEN_SHORT.replace("put", "planted").replace("pots", "geraniums")
    assert lix([f"{long}. {long}. {long}."]) == pytest.approx(10 + 20)


def test_a_short_text_has_none() -> None:
    assert lix([_TEN_SHORT]) is None


def test_numbers_and_facts_are_short_words() -> None:
    assert lix(["we have 1.000.000 \ufffc pots in the big old shed. " * 3]) == pytest.approx(10)


def test_who_asks_for_none_is_told_nothing(files: Files) -> None:
    files.change(EN, "Until {{", "Notwithstanding considerable circumstances " * 12 + "until {{")
    assert "reading-level" not in files.rules()
    files.change(BRAND, "words:", "voice: {max_lix: 60}\nwords:")
    assert "reading-level" in files.rules()
