"""`campaigns check`: what is printed for people, for programs and for CI."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from campaigns.cli import run
from campaigns.content.checks.rules import RULES
from tests.unit.content.checks.told import CAMPAIGN, EN, ES
from tests.unit.content.files import Files


@pytest.fixture
def checking(files: Files, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Files:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CAMPAIGNS_TEMPLATES", "templates")
    monkeypatch.setenv("CAMPAIGNS_HOME", str(tmp_path / "home"))
    files.change(CAMPAIGN, "2027-03-31", "2927-03-31")  # whenever this runs, it is not over
    return files


def test_a_clean_campaign_says_so_and_exits_0(
    checking: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check"]) == 0
    assert capsys.readouterr().out == "Clean: sale.\n"


def test_findings_are_grouped_by_file_and_the_same_fault_is_one_entry(
    checking: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    checking.spanish("con {{ facts.code }}", "con")
    checking.english("Buy now", "Buy now now")
    assert run(["check", "sale"]) == 2
    assert capsys.readouterr().out == (
        f"templates/{EN}\n"
        "    5  warning  `now now`: the same word twice. (doubled-word)\n"
        "                Remove one.\n"
        "\n"
        f"templates/{ES}\n"
        "    4  error    this message does not say the fact `code` (SPRING20). (fact-missing)\n"
        "                email es_ES html; email es_ES text; whatsapp es_ES body\n"
        "                Put {{ facts.code }} into the text.\n"
        "\n"
        "1 error and 1 warning in sale.\n"
    )


def test_a_campaign_that_is_over_is_a_warning_at_its_last_day(
    checking: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    checking.change(CAMPAIGN, "2927-03-31", "2026-03-31")
    assert run(["check"]) == 0
    assert "it ended on 2026-03-31 (`expires`)" in capsys.readouterr().out


def test_warnings_alone_exit_0(checking: Files, capsys: pytest.CaptureFixture[str]) -> None:
    checking.english("Buy now", "Buy now now")
    assert run(["check"]) == 0


def test_json_gives_every_finding_with_its_place(
    checking: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    checking.spanish("con {{ facts.code }}", "con")
    assert run(["check", "--json"]) == 2
    told = json.loads(capsys.readouterr().out)
    assert told["campaigns"] == ["sale"]
    assert told["findings"][0] == {
        "rule": "fact-missing",
        "level": "error",
        "message": "this message does not say the fact `code` (SPRING20).",
        "mend": "Put {{ facts.code }} into the text.",
        "file": f"templates/{ES}",
        "line": 4,
        "channel": "email",
        "locale": "es_ES",
        "part": "html",
    }


def test_sarif_names_rule_level_and_place_as_its_schema_asks(
    checking: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    checking.spanish("con {{ facts.code }}", "con")
    checking.english("Buy now", "Buy now now")
    assert run(["check", "--sarif"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert document["version"] == "2.1.0"
    (told,) = document["runs"]
    rules = told["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(RULES)
    assert {r["defaultConfiguration"]["level"] for r in rules} == {"error", "warning"}
    for result in told["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"]
    first, last = told["results"][0], told["results"][-1]
    assert (first["ruleId"], first["level"]) == ("doubled-word", "warning")
    assert last["level"] == "error"
    assert last["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": f"templates/{ES}"},
                "region": {"startLine": 4},
            }
        }
    ]
    fingerprints = [tuple(r["partialFingerprints"].items()) for r in told["results"]]
    assert len(set(fingerprints)) == len(fingerprints)


def test_a_finding_keeps_its_fingerprint_when_lines_move(
    checking: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    checking.spanish("con {{ facts.code }}", "con")
    run(["check", "--sarif"])
    before = json.loads(capsys.readouterr().out)["runs"][0]["results"]
    checking.spanish("subject:", "# A remark.\nsubject:")
    run(["check", "--sarif"])
    after = json.loads(capsys.readouterr().out)["runs"][0]["results"]
    lines = [r["locations"][0]["physicalLocation"]["region"]["startLine"] for r in (before + after)]
    assert lines == [4, 4, 4, 5, 5, 5]
    prints = [[r["partialFingerprints"] for r in results] for results in (before, after)]
    assert prints[0] == prints[1]


def test_a_file_outside_the_folder_is_named_in_full(
    checking: Files, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:  # fmt: skip
    checking.spanish("con {{ facts.code }}", "con")
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("CAMPAIGNS_TEMPLATES", str(checking.root))
    run(["check", "--sarif"])
    (told,) = json.loads(capsys.readouterr().out)["runs"]
    uri = told["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == (checking.root / ES).as_uri()


def test_a_file_that_campaigns_share_is_checked_with_all_of_them(
    checking: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    checking.write("identities.yaml", "joined: [email]\n")
    assert run(["check"]) == 2
    told = capsys.readouterr().out
    assert told.startswith("templates/identities.yaml\n    1  error    unknown key `joined`; did")
    assert run(["check", "sale"]) == 0, "no campaign is stopped by it"


def test_a_folder_that_is_no_campaign_is_told(
    checking: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    checking.write("campaigns/lost/copy.en.yaml", "subject: Hello\n")
    checking.write("campaigns/notes/readme.txt", "Nothing to be sent\n")
    assert run(["check"]) == 0
    told = capsys.readouterr().out
    assert "templates/campaigns/lost\n" in told
    assert "there is no campaign.yaml in it" in told
    assert "notes" not in told


def test_checking_nothing_at_all_is_no_success(
    checking: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(checking.root / "campaigns/sale")
    assert run(["check"]) == 2
    assert "there is no campaign in templates/campaigns" in capsys.readouterr().err
