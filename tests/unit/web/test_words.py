"""What customers' own pages say: the same in every language, and of everything that can happen."""

from __future__ import annotations

import pytest

from campaigns.domain.interaction import InteractionKind
from campaigns.web.pages.words import LANGUAGES, words


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_everything(language: str) -> None:
    assert set(words(language)) == set(words("en"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_whatever_can_happen_to_a_customer_has_its_words(language: str) -> None:
    assert set(words(language)["kinds"]) == {str(kind) for kind in InteractionKind}
