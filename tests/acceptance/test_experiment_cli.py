"""`campaigns experiment --outcomes`: a table somebody brings, analysed as ours are."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import pytest

from campaigns.cli import run as cli
from tests.hillstrom import SOURCE
from tests.shared import shared

# The randomised test of Kevin Hillstrom's e-mail challenge as it was published: N. J. Radcliffe,
# "Hillstrom's MineThatData Email Analytics Challenge: An Approach Using Uplift Modelling",
# Stochastic Solutions (2008). Rates in percent, spend in dollars per head, rises in points.
PUBLISHED = {
    "visit": {"No E-Mail": 10.62, "Mens E-Mail": 18.28, "Womens E-Mail": 15.14},
    "conversion": {"No E-Mail": 0.57, "Mens E-Mail": 1.25, "Womens E-Mail": 0.88},
    "spend": {"No E-Mail": 0.65, "Mens E-Mail": 1.42, "Womens E-Mail": 1.08},
}
PUBLISHED_RISES = {
    "visit": {"Mens E-Mail": 7.66, "Womens E-Mail": 4.52},
    "conversion": {"Mens E-Mail": 0.68, "Womens E-Mail": 0.31},
    "spend": {"Mens E-Mail": 0.77, "Womens E-Mail": 0.42},
}
# The whole test's averages, as the documentation of the package pyuplift publishes them.
PUBLISHED_AVERAGES = {"visit": 0.14678, "conversion": 0.00903, "spend": 1.05091}


def analyse(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    assert cli(["experiment", *arguments, "--json"]) == 0
    answer: dict[str, object] = json.loads(capsys.readouterr().out)
    return answer


def test_a_published_randomised_test_comes_out_to_the_last_published_digit(
    capsys: pytest.CaptureFixture[str],
) -> None:
    goals = [word for goal in PUBLISHED for word in ("--goal", goal)]
    answer = analyse(capsys, "--outcomes", str(shared(SOURCE)), "--arm", "segment", *goals)
    assert answer["control"] == "No E-Mail"
    assert answer["people"] == 64_000
    for goal in answer["goals"]:  # type: ignore[attr-defined]
        name = goal["goal"]
        scale = 1 if name == "spend" else 100
        assert {a["arm"]: round(a["mean"] * scale, 2) for a in goal["arms"]} == PUBLISHED[name]
        rises = {d["arm"]: round(d["difference"] * scale, 2) for d in goal["differences"]}
        assert rises == PUBLISHED_RISES[name]
        average = sum(a["total"] for a in goal["arms"]) / 64_000
        assert round(average, 5) == PUBLISHED_AVERAGES[name]
        assert all(d["low"] > 0 and d["adjusted_p_value"] < 0.01 for d in goal["differences"])


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "outcomes.csv"
    rows = [("control", n % 10 == 0, 0.0) for n in range(300)]
    rows += [("b", n % 4 == 0, 5.5) for n in range(300)]
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["group", "bought", "spent"])
        writer.writerows(rows)
    return path


def test_people_read_one_sentence_for_each_arm(
    table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli(["experiment", "--outcomes", str(table), "--arm", "group", "--goal", "bought"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "b against control: +15.00 points (95% interval +8.99 to +20.95), " in told
    assert "+150.0% of it, p < 0.001." in told


def test_gzip_and_parquet_say_the_same_as_csv(
    table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import pyarrow.csv
    import pyarrow.parquet

    packed, parquet = table.with_suffix(".csv.gz"), table.with_suffix(".parquet")
    packed.write_bytes(gzip.compress(table.read_bytes()))
    pyarrow.parquet.write_table(pyarrow.csv.read_csv(table), parquet)
    told = [
        analyse(
            capsys, "--outcomes", str(p), "--arm", "group", "--goal", "bought", "--goal", "spent"
        )
        for p in (table, packed, parquet)
    ]
    assert told[0] == told[1] == told[2]


def test_the_option_that_the_error_names_reads_a_table_that_is_not_utf_8(
    table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table.write_bytes(table.read_text().replace("control", "sin envío").encode("latin-1"))
    base = (
        "--outcomes",
        str(table),
        "--arm",
        "group",
        "--goal",
        "bought",
        "--control",
        "sin envío",
    )
    assert cli(["experiment", *base]) == 2
    assert "outcomes.csv:2: this is not UTF-8" in (told := capsys.readouterr().err)
    assert "--encoding latin-1" in told
    assert analyse(capsys, *base, "--encoding", "latin-1")["control"] == "sin envío"


def test_an_early_look_is_wider_and_says_so(
    table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = ("--outcomes", str(table), "--arm", "group", "--goal", "bought")
    end, early = analyse(capsys, *base), analyse(capsys, *base, "--early", "bought=0.05")
    widths = [
        answer["goals"][0]["differences"][0]["high"]  # type: ignore[index]
        - answer["goals"][0]["differences"][0]["low"]  # type: ignore[index]
        for answer in (end, early)
    ]
    assert widths[1] > widths[0] * 1.2
    assert (end["early"], early["early"]) == (False, True)


def test_arms_of_the_wrong_sizes_are_told_first_and_by_the_exit_code(
    table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = ["experiment", "--outcomes", str(table), "--arm", "group", "--goal", "bought"]
    assert cli([*base, "--share", "control=1", "--share", "b=2"]) == 1
    told = capsys.readouterr().out
    assert told.lstrip().startswith("The arms do not have the sizes")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--arm", "grup", "--goal", "bought"], "Did you mean `group`?"),
        (["--arm", "group", "--goal", "sold"], "there is no column `sold`"),
        (["--arm", "spent", "--goal", "bought"], "say which arm"),
        (["--arm", "group", "--goal", "group"], "outcomes.csv:2: group: `control` is neither"),
        (["--arm", "group", "--goal", "bought", "--control", "a"], "--control a is no arm"),
        (["--arm", "group", "--goal", "bought", "--share", "b=1"], "must name every arm"),
        (["--arm", "group", "--goal", "bought", "--share", "b"], "not NAME=NUMBER"),
        (["--arm", "group", "--goal", "bought", "--early", "spent=1"], "once for every --goal"),
    ],
)
def test_a_wrong_option_or_column_gets_one_clear_error(
    table: Path, options: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli(["experiment", "--outcomes", str(table), *options]) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "the file is empty"),
        (b"group,bought\n", "holds nobody"),
        (b"group,bought\na,1\na,0\n", "holds only one arm, a"),
        (b"group,bought\ncontrol,1\ncontrol,0\nb,1\n", "too few people in b"),
        (b"group,bought\ncontrol,1\n,0\n", ":3: `group` is empty"),
        (b"group,bought\ncontrol,1,2\n", ":2: the row has 3 cells"),
        (b"group,bought\ncontrol,nan\n", ":2: bought: `nan` is no number"),
        (gzip.compress(b"group,bought\ncontrol,1\n" * 50, mtime=0)[:30], "unpacked"),
    ],
)
def test_a_broken_table_gets_one_clear_error(
    tmp_path: Path, content: bytes, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "outcomes.csv"
    path.write_bytes(content)
    assert cli(["experiment", "--outcomes", str(path), "--arm", "group", "--goal", "bought"]) == 2
    assert told in capsys.readouterr().err
