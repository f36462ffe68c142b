"""What the checks catch: seeded faults over the shipped campaigns, in all languages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.unit.content.mutation import every_kind
from tests.unit.content.mutation.fault import WITHOUT_EXCEPTION
from tests.unit.content.mutation.harness import (
    Harness,
    Result,
    drawn,
    missed,
    report,
)
from tests.unit.content.mutation.remembering import remembering
from tests.unit.content.mutation.shipped import CAMPAIGNS, LANGUAGES, text_of

#: Whichever test comes first runs the faults; on a busy machine that takes minutes.
#: In one process, since two would each run them all.
pytestmark = [pytest.mark.timeout(1200), pytest.mark.xdist_group("mutation")]

KINDS = tuple(drawn())
MISSES = Path(__file__).with_name("misses.md")
FEWEST = 500
SHARE = 0.99

Run = Callable[[str], list[Result]]


def known_misses() -> set[str]:
    """The faults that misses.md lists with reasons."""
    return set(re.findall(r"^- `([^`]+)`", MISSES.read_text(encoding="utf-8"), re.MULTILINE))


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    with remembering():
        yield Harness(tmp_path_factory.mktemp("mutation"))


@pytest.fixture(scope="module")
def run(harness: Harness) -> Run:
    """The results of one kind; each fault is run once."""
    faults = drawn()
    return cache(lambda kind: harness.run_all(faults[kind]))


def test_the_faults_are_many_and_spread_over_everything_a_marketer_writes() -> None:
    faults = [fault for of_kind in drawn().values() for fault in of_kind]
    assert len(faults) >= FEWEST
    files = {fault.file for fault in faults}
    for campaign in CAMPAIGNS:
        assert f"campaigns/{campaign}/campaign.yaml" in files
        assert {f"campaigns/{campaign}/copy.{language}.yaml" for language in LANGUAGES} <= files
    assert {"brand.yaml", "attributes.yaml"} <= files
    assert len({file for file in files if file.startswith("layouts/")}) >= 6


def test_the_same_faults_are_drawn_each_time() -> None:
    assert drawn() == drawn()


def test_the_faults_are_of_content_and_not_of_yaml() -> None:
    for fault in (fault for of_kind in drawn().values() for fault in of_kind):
        if fault.file.endswith(".yaml"):
            assert YAML(typ="safe", pure=True).compose(fault.text), fault
            assert fault.text != text_of(fault.file)


@pytest.mark.parametrize("campaign", [*CAMPAIGNS, every_kind.CAMPAIGN])
def test_the_untouched_campaigns_have_no_finding(harness: Harness, campaign: str) -> None:
    assert [str(finding) for finding in harness.findings(campaign)] == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_is_told_at_the_file_that_holds_it(run: Run, kind: str) -> None:
    results = run(kind)
    known = set() if kind in WITHOUT_EXCEPTION else known_misses()
    unknown = [r for r in results if not r.caught and f"{kind}: {r.fault.name}" not in known]
    assert not unknown, missed(unknown)


def test_of_all_faults_at_least_99_in_100_are_caught(run: Run) -> None:
    results = [result for kind in KINDS for result in run(kind)]
    caught = sum(result.caught for result in results)
    assert caught >= SHARE * len(results), report(results)


@pytest.mark.slow
def test_no_fault_is_listed_as_missed_that_is_caught(run: Run) -> None:
    missed_now = {
        f"{kind}: {result.fault.name}"
        for kind in KINDS
        for result in run(kind)
        if not result.caught
    }
    assert known_misses() <= missed_now
