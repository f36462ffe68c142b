"""prefect.yaml as people edit it: what is not read as it was meant is one error, with its place."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from campaigns.content.schedule_file import read_schedules
from campaigns.errors import FileError

ROOT = Path(__file__).parents[3]


def written(folder: Path, schedules: str) -> Path:
    path = folder / "prefect.yaml"
    path.write_text(
        "deployments:\n"
        "  - name: sale\n"
        "    parameters: {campaign: spring_sale}\n"
        f"    schedules: {schedules}\n",
        encoding="utf-8",
    )
    return path


def test_the_shipped_file_is_read() -> None:
    assert {s.campaign for s in read_schedules(ROOT / "prefect.yaml")} >= {"spring_sale"}


def test_a_schedule_tells_when_and_whether_it_is_on(tmp_path: Path) -> None:
    (one, other) = read_schedules(
        written(tmp_path, '[{interval: 3600, slug: hourly}, {cron: "0 9 * * *", active: false}]')
    )
    assert (one.name, one.every, one.active) == ("hourly", timedelta(hours=1), True)
    assert (other.name, other.cron, other.active) == ("sale 2", "0 9 * * *", False)


@pytest.mark.parametrize(
    ("schedules", "told"),
    [
        ('[{corn: "0 9 * * *"}]', "schedules[1]`: say when, by `cron`, `rrule` or `interval`"),
        ("[{interval: 1h}]", "schedules[1].interval`: write seconds, such as 3600"),
        ("[{interval: 0}]", "schedules[1].interval`: input should be greater than"),
        ("[{interval: 60, anchor_date: soon}]", "anchor_date`: write a moment, such as"),
        ('[{cron: "0 9 * * *", active: perhaps}]', "active`: write true or false"),
        ('{cron: "0 9 * * *"}', "`deployments[1].schedules`: write a list"),
        ("[daily]", "`deployments[1].schedules[1]`: write `key: value` lines"),
    ],
)
def test_a_schedule_that_would_come_never_is_an_error(
    tmp_path: Path, schedules: str, told: str
) -> None:
    with pytest.raises(FileError) as caught:
        read_schedules(written(tmp_path, schedules))
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"- sale\n", "`the file`: write `key: value` lines"),
        (b"deployments: sale\n", "`deployments`: write a list"),
        (b"deployments: [", "this is no YAML"),
        (b"\xff\xfe", "save it as UTF-8"),
    ],
)
def test_a_file_that_is_something_else_is_told(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "prefect.yaml"
    path.write_bytes(content)
    with pytest.raises(FileError) as caught:
        read_schedules(path)
    assert told in str(caught.value)
