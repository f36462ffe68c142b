"""What is exported comes back as it was, by the command line."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from campaigns.cli import run as cli

ROOT = Path(__file__).parents[2]
Say = Callable[..., tuple[int, str, str]]


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    for name in [n for n in os.environ if n.startswith("CAMPAIGNS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CAMPAIGNS_TEMPLATES", str(ROOT / "templates"))
    monkeypatch.chdir(tmp_path)

    def run(*words: str, home: str = "one") -> tuple[int, str, str]:
        monkeypatch.setenv("CAMPAIGNS_HOME", str(tmp_path / home))
        return (cli(words), *capsys.readouterr())

    assert run("sample", "--count", "60", "--out", "people.csv")[0] == 0
    assert run("import", "people.csv", "--mapping", "people.mapping.yaml")[0] == 0
    return run


def profiles(say: Say, home: str) -> list[dict[str, object]]:
    _, out, _ = say("export", "--all", home=home)
    return [json.loads(line)["profile"] for line in out.splitlines()]


def test_everyone_exported_as_json_lines_comes_back_the_same(say: Say) -> None:
    assert say("export", "--all", "--out", "all.jsonl")[0] == 0
    code, out, _ = say("import", "all.jsonl", "--json", home="two")
    assert (code, json.loads(out)["customers"]) == (0, 60)
    assert profiles(say, "two") == profiles(say, "one")


def test_one_customer_exported_as_json_comes_back(say: Say) -> None:
    assert say("export", "S0000003", "--out", "one.json")[0] == 0
    assert say("import", "one.json", home="two")[0] == 0
    assert [p["ref"] for p in profiles(say, "two")] == ["S0000003"]


def test_a_table_for_spreadsheets_comes_back_by_the_mapping_beside_it(say: Say) -> None:
    assert say("export", "--all", "--out", "all.csv")[0] == 0
    code, out, _ = say("import", "all.csv", "--mapping", "all.mapping.yaml", "--json", home="two")
    report = json.loads(out)
    assert (code, report["refused"]) == (0, 0)
    here = {p["ref"]: (p["locale"], p["country"]) for p in profiles(say, "one")}
    there = {p["ref"]: (p["locale"], p["country"]) for p in profiles(say, "two")}
    assert there == here


@pytest.mark.parametrize("text", ["{}", "[1]", "not json", '{"profile": {"ref": 1}}'])
def test_a_line_that_is_no_export_is_named(say: Say, tmp_path: Path, text: str) -> None:
    (tmp_path / "odd.jsonl").write_text(f"\n{text}\n", encoding="utf-8")
    code, _, err = say("import", "odd.jsonl")
    assert code == 2
    assert "odd.jsonl:2:" in err
    assert "Traceback" not in err
