"""A large file is read ahead in a process beside: the same comes of it, whatever happens to it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from campaigns.bootstrap import App, connect, importing
from campaigns.sample import write_csv
from campaigns.services.import_customers import ImportReport
from campaigns.settings import Settings
from tests.waiting import until

TEMPLATES = Path(__file__).parents[2] / "templates"
PEOPLE = 300
NAME = "reading-ahead"


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> Iterator[App]:
    with connect(
        Settings(home=tmp_path, templates=TEMPLATES, database_url=database_url, workers=2)
    ) as app:
        yield app


@pytest.fixture
def people(tmp_path: Path) -> tuple[Path, Path]:
    """Made-up customers, and rows that are none."""
    file = tmp_path / "people.csv"
    mapping = write_csv(file, count=PEOPLE, seed=5, now=datetime.now(UTC))
    lines = file.read_text(encoding="utf-8").splitlines()
    lines += ["", "too,few", lines[-1], lines[1]]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file, mapping


@pytest.fixture
def from_few_rows_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("campaigns.services.import_customers.BATCH", 20)
    monkeypatch.setattr(importing, "WORTH_IT", 0)
    monkeypatch.setattr(importing, "TRIED", 40)
    monkeypatch.setattr(importing, "MEANWHILE", 20)


def beside() -> list[Any]:
    return [process for process in active_children() if process.name == NAME]


def brought_in(app: App, people: tuple[Path, Path], kill: bool = False) -> tuple[ImportReport, int]:
    """The report, and how many processes there were beside."""
    seen: set[int | None] = set()

    def look(_: int) -> None:
        for process in beside():
            if kill and process.pid not in seen:
                process.kill()
            seen.add(process.pid)

    report = app.import_customers(*people, progress=look)
    assert not beside()
    return report, len(seen)


def refs(app: App) -> list[Any]:
    with app.database.read() as connection:
        return list(connection.execute(text("SELECT ref, updated_at FROM customers ORDER BY ref")))


@pytest.mark.usefixtures("from_few_rows_on")
def test_a_large_file_is_read_in_a_process_beside(app: App, people: tuple[Path, Path]) -> None:
    report, processes = brought_in(app, people)
    assert processes == 1
    assert (report.rows, report.created) == (PEOPLE + 3, PEOPLE)
    assert (report.blank, report.refused, report.repeated) == (1, 1, 2)
    before = refs(app)
    again, processes = brought_in(app, people)
    assert processes == 0  # reading ahead saves nothing where everybody is known
    assert (again.unchanged, again.repeated) == (PEOPLE, 2)
    assert refs(app) == before


@pytest.mark.usefixtures("from_few_rows_on")
def test_what_a_killed_process_left_unread_is_read_here(
    app: App, people: tuple[Path, Path]
) -> None:
    report, processes = brought_in(app, people, kill=True)
    assert processes == 1
    assert (report.created, report.refused, report.repeated) == (PEOPLE, 1, 2)


@pytest.mark.usefixtures("from_few_rows_on")
def test_an_import_that_is_interrupted_leaves_no_process(
    app: App, people: tuple[Path, Path]
) -> None:
    def stop(_: int) -> None:
        if beside():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        app.import_customers(*people, progress=stop)
    assert not beside()
    report, _ = brought_in(app, people)
    assert report.created + report.unchanged == PEOPLE
    assert report.unchanged > 0


def test_a_small_file_is_read_here(app: App, people: tuple[Path, Path]) -> None:
    _, processes = brought_in(app, people)
    assert processes == 0


def ended(pid: int) -> bool:
    """Gone, or dead with nobody to collect it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


KILLED = """
import os, sys
from pathlib import Path
from multiprocessing import active_children
from campaigns.bootstrap import connect, importing
import campaigns.services.import_customers as service
importing.WORTH_IT, importing.TRIED, importing.MEANWHILE, service.BATCH = 0, 40, 20, 20
readers = set()
def told(rows):
    readers.update(process.pid for process in active_children())  # it may soon have read it all
    if rows > 100:
        print(*readers, flush=True)
        os.kill(os.getpid(), 9)
with connect() as app:
    app.import_customers(Path(sys.argv[1]), Path(sys.argv[2]), progress=told)
"""


def test_an_import_that_is_killed_goes_on_and_leaves_no_process(
    app: App, people: tuple[Path, Path]
) -> None:
    settings = {"CAMPAIGNS_HOME": str(app.settings.home), "CAMPAIGNS_WORKERS": "2",
                "CAMPAIGNS_TEMPLATES": str(TEMPLATES),
                "CAMPAIGNS_DATABASE_URL": app.settings.database_url}  # fmt: skip
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, *map(str, people)],
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert "Traceback" not in killed.stderr
    (reader,) = map(int, killed.stdout.split())
    until(lambda: ended(reader))
    in_already = len(refs(app))
    assert in_already > 0
    report, _ = brought_in(app, people)
    assert (report.unchanged, report.created) == (in_already, PEOPLE - in_already)
