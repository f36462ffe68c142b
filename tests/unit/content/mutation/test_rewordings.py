"""What the checks leave alone: other words for the same message."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.content.mutation.harness import Harness
from tests.unit.content.mutation.remembering import remembering
from tests.unit.content.mutation.rewordings import Rewording, rewordings
from tests.unit.content.mutation.shipped import text_of

#: In one process, since what one reads the next one need not.
pytestmark = pytest.mark.xdist_group("mutation")

ALL = list(rewordings())


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    with remembering():
        yield Harness(tmp_path_factory.mktemp("rewordings"))


def test_there_are_many_and_in_every_language() -> None:
    assert len(ALL) >= 60
    files = Counter(Path(rewording.file).name for rewording in ALL)
    assert min(files[f"copy.{language}.yaml"] for language in ("en", "es", "ca")) >= 15


@pytest.mark.parametrize("rewording", ALL, ids=lambda r: r.name[-60:])
def test_a_harmless_rewording_gives_no_finding(harness: Harness, rewording: Rewording) -> None:
    path = harness.root / rewording.file
    path.write_text(rewording.text, encoding="utf-8")
    try:
        assert [str(finding) for finding in harness.findings(rewording.campaign)] == []
    finally:
        path.write_text(text_of(rewording.file), encoding="utf-8")
