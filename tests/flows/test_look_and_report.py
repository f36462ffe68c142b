"""The flows that only show: messages as they will arrive, and what ran."""

from __future__ import annotations

from datetime import date

import pytest

from campaigns.bootstrap import connect
from campaigns.bootstrap.reporting import report_markdown
from flows.look import look
from flows.report import report
from flows.send_campaign import send_campaign
from tests.flows.conftest import Prefect, Shop
from tests.flows.pages import artifacts, newest_run

pytestmark = pytest.mark.prefect


def test_the_messages_chosen_are_shown_as_they_will_arrive_and_nothing_is_sent(
    prefect: Prefect, shop: Shop
) -> None:
    assert look("spring_sale", channels=["sms", "x_post"], locales=["es_ES"]) == {"shown": 2}

    run = newest_run()
    assert run.name == "Spring sale, as it will arrive"
    words = str(artifacts(run.id)["look-spring-sale"])
    assert "### SMS" in words
    assert "20 % de descuento" in words
    assert "Baja: responde STOP." in words
    assert "e-mail" not in words
    assert shop.sandbox.log.counts() == {}


def test_the_report_of_a_campaign_is_its_newest_runs_and_a_list_has_every_run_of_its_days(
    prefect: Prefect, shop: Shop
) -> None:
    none = report("shop_moves", return_state=True)
    assert none.is_failed()
    assert "shop_moves has not run yet" in none.message
    first = send_campaign("shop_moves", limit=3)
    second = send_campaign("shop_moves")

    report("shop_moves")

    run = newest_run()
    assert run.name.startswith("report of The Barcelona shop moves, ")
    with connect() as app:
        newest = report_markdown(app, str(second["run"]))
    assert artifacts(run.id)["report-shop-moves"] == newest

    report(run=first["run"])
    assert "| sent | 3 | 3 |" in str(artifacts(newest_run().id)["report-shop-moves"])

    with connect() as app:
        started = app.runs.get(first["run"]).started_at.astimezone(app.home).date()
        ended = app.now_at_home().date()
    report(since=started, until=ended)
    table = str(artifacts(newest_run().id)["runs"])
    assert f"| {first['run']} | The Barcelona shop moves |" in table
    assert table.count("\n") == 3
    report(until=date(2020, 1, 1))
    assert str(artifacts(newest_run().id)["runs"]).count("\n") == 1


def test_days_in_the_wrong_order_are_refused_in_words(prefect: Prefect, shop: Shop) -> None:
    state = report(since=date(2027, 3, 2), until=date(2027, 3, 1), return_state=True)

    assert state.is_failed()
    assert "no day lies between" in state.message
