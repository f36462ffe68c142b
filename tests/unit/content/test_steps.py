"""A campaign in several steps: its files, its skeletons, and what is told of mistakes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from campaigns.domain.channel import Channel
from campaigns.domain.journey import ANY, Happened, Kind, NoneOf
from campaigns.domain.message import fill
from campaigns.domain.release import Release
from tests.unit.content.files import Files

STEPS = """\
steps:
  - name: announce
  - name: remind
    wait: {days: 3, hours: 6}
    if: {not: {clicked: announce}}
channels:"""
EN = 'steps:\n  remind:\n    headline: "Still {{ facts.discount }} off everything"\n'
ES = 'steps:\n  remind:\n    headline: "Todavía {{ facts.discount }} en todo"\n'


@pytest.fixture
def files(tmp_path: Path) -> Files:
    made = Files(tmp_path)
    made.campaign("channels:", STEPS)
    made.english("preheader:", f"{EN}preheader:")
    made.spanish("preheader:", f"{ES}preheader:")
    return made


def release(files: Files) -> Release:
    compiled = files.compile()
    assert compiled.release is not None, compiled.findings
    return compiled.release


def test_each_step_is_compiled_into_the_same_release(files: Files) -> None:
    assert files.findings() == []
    made = release(files)
    found = {(s.channel, s.step) for s in made.skeletons}
    both = {(c, s) for c in Channel if c is not Channel.X_POST for s in ("announce", "remind")}
    assert found == both | {(Channel.X_POST, "announce")}
    sms = made.skeleton(Channel.SMS, "es_ES", step="remind")
    said = fill(sms, dict.fromkeys(sms.slots, "x"))["body"]
    assert "Todavía" in said
    assert "SPRING20" in said
    assert "Still" not in fill(sms, dict.fromkeys(sms.slots, "x"))["body"]


def test_the_policy_says_what_a_step_waits_for(files: Files) -> None:
    journey = release(files).policy.journey
    assert (journey.entry, journey.names, journey.stop) == (
        "announce",
        ("announce", "remind"),
        None,
    )
    remind = journey.steps[1]
    assert remind.wait.length == timedelta(days=3, hours=6)
    assert remind.if_ == NoneOf(**{"not": Happened({Kind.CLICKED: "announce"})})


def test_the_goal_ends_a_journey_unless_the_campaign_says_what_does(files: Files) -> None:
    files.campaign("audience:", "goal: {kind: purchased}\naudience:")
    assert release(files).policy.journey.stop == Happened({Kind.PURCHASED: ANY})
    files.campaign("audience:", "stop_when: {visited: any}\naudience:")
    assert release(files).policy.journey.stop == Happened({Kind.VISITED: ANY})


def test_a_campaign_without_steps_is_what_it_was(tmp_path: Path) -> None:
    plain = Files(tmp_path)
    made = release(plain)
    assert {s.step for s in made.skeletons} == {""}
    assert not made.policy.journey.goes_on
    assert all(b'"step"' not in s.to_json() for s in made.skeletons)


def test_a_fact_that_a_step_lacks_stops_the_campaign(files: Files) -> None:
    files.english('"Still {{ facts.discount }} off everything"', "Hurry up")
    files.spanish('"Todavía {{ facts.discount }} en todo"', "No queda nada")
    assert files.rules() == {"fact-missing"}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("- name: remind", "- name: announce", "two steps are called `announce`"),
        ("clicked: announce", "clicked: anounce", "there is no step `anounce`"),
        ("clicked: announce", "opened: announce", "opened"),
        ("clicked: announce", "clicked: {within_days: 0}", "within_days"),
        ("wait: {days: 3, hours: 6}", "wait: {weeks: 1}", "weeks"),
        ("- name: announce", "- name: announce\n    wait: {days: 1}", "at once"),
        ("- name: remind", "- name: any", "`any` means any step"),
        ("- name: remind", "- name: nudge", "remind"),
        ("steps:", "stop_when: {purchased: later}\nsteps:", "there is no step `later`"),
    ],
)
def test_a_mistake_is_told_at_its_place(files: Files, old: str, new: str, told: str) -> None:
    files.campaign(old, new)
    found = files.findings()
    assert any(told in finding for finding in found), found
    assert all("yaml:" in finding for finding in found), found


def test_a_stop_without_steps_is_told(tmp_path: Path) -> None:
    plain = Files(tmp_path)
    plain.campaign("channels:", "stop_when: {purchased: any}\nchannels:")
    assert any("no `steps` to stop" in finding for finding in plain.findings())


def test_a_deep_condition_is_refused(files: Files) -> None:
    deep = "{clicked: any}"
    for _ in range(6):
        deep = f"{{not: {deep}}}"
    files.campaign("if: {not: {clicked: announce}}", f"if: {deep}")
    assert any("nested deeper than 6" in finding for finding in files.findings())


def test_a_step_that_only_one_language_words_is_told(files: Files) -> None:
    files.spanish(ES, "")
    assert files.rules() == {"step-missing"}


def test_a_step_that_says_the_same_again_is_told_where_it_does(files: Files) -> None:
    files.english("preheader:", 'short: "{{ facts.discount }} {{ facts.ends_on }} {{ facts.code }} '
                  '{{ facts.shop }}"\npreheader:')  # fmt: skip
    found = [f for f in files.compile().findings if f.rule == "step-repeats"]
    assert {f.channel for f in found} == {"sms", "x_dm"}
    assert "step `remind` says on sms what `announce` said." in {f.message for f in found}


def test_a_misspelt_fact_of_a_step_is_told_once_with_its_line(files: Files) -> None:
    line = files.english("Still {{ facts.discount }}", "Still {{ facts.discont }}")
    (found,) = files.findings()
    assert f"copy.en.yaml:{line}" in found
    assert "discount" in found
