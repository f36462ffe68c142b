"""Prefect holds ids and counts: marked customers go through every flow and leave no mark there."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from campaigns.bootstrap import connect
from flows.ahead import calendar
from flows.housekeeping import housekeeping
from flows.import_customers import import_customers
from flows.look import look
from flows.report import report as report_flow
from flows.send_campaign import send_campaign
from tests.files import restate
from tests.flows.conftest import Prefect, Shop
from tests.flows.pages import artifacts, newest_run
from tests.flows.test_approval import answered, form_of, started
from tests.marked import MARK, write_marked

pytestmark = pytest.mark.prefect


@pytest.fixture
def marked(shop: Shop) -> tuple[Path, Path]:
    """Customers whose every personal value is marked, three of them with an error."""
    file = shop.home / "marked.csv"
    mapping = write_marked(file, wrong=("email", "phone", "country"))
    return file, mapping


def test_no_personal_data_reaches_prefect(
    prefect: Prefect, shop: Shop, marked: tuple[Path, Path]
) -> None:
    file, mapping = marked
    report = import_customers(str(file), str(mapping))
    dry = send_campaign("spring_sale", dry_run=True)
    sent = send_campaign("spring_sale")
    look("spring_sale")
    report_flow("spring_sale")
    report_flow()
    calendar()
    housekeeping()
    import_customers(str(shop.home / "absent.csv"), return_state=True)
    (shop.home / "wrong.csv").write_text(f"id,mail\n{MARK}-9,{MARK} at example.com\n", "utf-8")
    (shop.home / "wrong.yaml").write_text("ref: id\nfields: {email: mail}\n", "utf-8")
    wrong = import_customers(
        str(shop.home / "wrong.csv"), str(shop.home / "wrong.yaml"), return_state=True
    )

    assert wrong.is_failed()
    assert "Every row was refused (1 rows" in wrong.message
    assert report["created"] > 100
    assert report["refused"] + report.get("values left out", 0) > 0
    assert dry["planned"] == sent["accepted"] > 0
    with connect() as app:
        view = app.profiles.show(app.profiles.find(f"{MARK}-100"))
        assert view.first_name == f"{MARK}-first", "nothing marked went through"
    assert _holding(prefect.home, b"spring_sale"), "Prefect's files are not where they are sought"
    assert _holding(prefect.home, MARK.encode()) == []
    assert _holding(prefect.home, b"+34600") == []


def test_no_personal_data_reaches_prefect_while_a_run_is_asked_for_and_its_canary_watched(
    prefect: Prefect, checkout: Path, templates: Path, shop: Shop, marked: tuple[Path, Path]
) -> None:
    sale = templates / "campaigns" / "spring_sale" / "campaign.yaml"
    restate(sale, "canary: {people: 10, watch: 0 min}")
    file, mapping = marked
    import_customers(str(file), str(mapping))
    waits = started()
    assert "people get it**" in form_of(waits)
    housekeeping()

    run = answered(waits, decision="yes", who="Berta Soler", why="read in all languages")

    assert run.state_name == "Completed", run.state
    assert shop.sent() > 100
    assert _holding(prefect.home, b"read in all languages"), "the form's words are kept elsewhere"
    assert _holding(prefect.home, MARK.encode()) == []
    assert _holding(prefect.home, b"+34600") == []


def test_an_import_that_cannot_read_its_file_fails_with_one_message(
    prefect: Prefect, shop: Shop
) -> None:
    state = import_customers(str(shop.home / "absent.csv"), return_state=True)

    assert state.is_failed()
    assert "absent.csv" in state.message
    assert "Traceback" not in state.message


def test_an_import_shows_its_counts(
    prefect: Prefect, shop: Shop, marked: tuple[Path, Path]
) -> None:
    file, mapping = marked
    report = import_customers(str(file), str(mapping))

    run = newest_run()
    assert run.name.startswith("marked.csv, ")
    assert f"| created | {report['created']:,} |" in str(artifacts(run.id)["import"])
    again = import_customers(str(file), str(mapping))
    assert again["created"] == 0
    assert again["rows"] == report["rows"]


def contents(file: Path) -> bytes:
    """Nothing, where the server has removed it meanwhile."""
    with suppress(FileNotFoundError):
        return file.read_bytes()
    return b""


def _holding(folder: Path, text: bytes) -> list[tuple[str, bytes]]:
    """Files below the folder that hold this text in any letter case, and what is around it."""
    read = ((f.name, contents(f)) for f in folder.rglob("*") if f.is_file())
    found = ((name, data, data.lower().find(text.lower())) for name, data in read)
    return [(name, data[max(0, at - 60) : at + 60]) for name, data, at in found if at >= 0]
