"""A run that would break the budget does not begin."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text

from campaigns.account_page.markdown import answer_sentences
from campaigns.bootstrap import App
from campaigns.bootstrap.forecasting import forecast
from campaigns.bootstrap.reporting import account_of
from campaigns.cli import run as cli
from campaigns.domain.channel import Channel
from campaigns.domain.prices import money
from campaigns.domain.run import RunState
from campaigns.errors import BudgetError
from campaigns.sandbox.process import SandboxProcess
from tests.acceptance.plan.world import SALE, add, import_people, planned
from tests.runs import send_run


def test_what_would_break_the_budget_is_refused_by_the_plan_and_by_the_run(
    app: App, tmp_path: Path, capsys: pytest.CaptureFixture[str], sandbox: SandboxProcess
) -> None:
    import_people(app, tmp_path)
    add(app, "budget: {amount: 0.2, currency: EUR}")
    before = sandbox.log.counts()
    assert cli(["plan", "spring_sale"]) == 2
    refused = capsys.readouterr().err.strip().removeprefix("Refused: ")
    assert refused.startswith("it would cost")
    assert "the budget is €0.20" in refused
    assert cli(["run", "spring_sale"]) == 2
    assert refused in capsys.readouterr().err  # the same words, and the same amount
    run = app.latest_run()
    assert run.state is RunState.STOPPED
    assert run.stopped_because is not None
    assert run.stopped_because.startswith("budget: it would cost")
    assert sandbox.log.counts() == before
    (path,) = app.settings.templates.glob(SALE)
    path.write_text(path.read_text(encoding="utf-8").replace("amount: 0.2,", "amount: 100,"))
    assert cli(["run", "spring_sale"]) == 0  # raised, it goes: the stopped run is in nobody's way
    assert forecast(app, "spring_sale").spent > Decimal("0.2")


def test_a_budget_counts_what_earlier_runs_spent(app: App, tmp_path: Path) -> None:
    import_people(app, tmp_path)
    cost = forecast(app, "spring_sale").cost
    add(app, f"budget: {{amount: {cost * 2 / 3:.2f}, currency: EUR}}")
    assert "Raise `budget`" in str(forecast(app, "spring_sale").over_budget)
    send_run(app, planned(app, limit=20))
    run_id = planned(app)
    with pytest.raises(BudgetError, match="of earlier runs"):
        app.begin_sending(run_id)
    told = " ".join(answer_sentences(account_of(app, str(run_id))))
    assert (
        f"of which its other runs took {money(forecast(app, 'spring_sale').spent, 'EUR')}" in told
    )


def test_a_budget_is_not_kept_by_what_has_no_price(app: App, tmp_path: Path) -> None:
    import_people(app, tmp_path)
    brand = app.settings.templates / "brand.yaml"
    brand.write_text(brand.read_text(encoding="utf-8").replace(", other: 0.09", ""))
    add(app, "budget: {amount: 1000, currency: EUR}")
    with app.database.write() as connection:
        connection.execute(text("UPDATE customers SET country = NULL"))
    add(app, "", SALE)
    path = app.settings.templates / SALE
    path.write_text(
        path.read_text(encoding="utf-8").replace("    - country: {in: [ES, AD, GB, US]}\n", "")
    )
    told = forecast(app, "spring_sale")
    assert told.unpriced == told.counts.planned[Channel.SMS] > 0
    assert f"{told.unpriced} messages have no price" in str(told.over_budget)


def test_a_run_with_nobody_new_breaks_no_budget_and_asks_no_provider(
    app: App, tmp_path: Path
) -> None:
    import_people(app, tmp_path)
    send_run(app, planned(app))
    assert app.report(app.latest_run().id).waiting == 0
    add(app, "budget: {amount: 0.01, currency: EUR}")
    assert forecast(app, "spring_sale").over_budget is None
    nowhere = app.settings.model_copy(update={"sandbox_url": "http://127.0.0.1:9"})
    with App(nowhere) as again:
        run_id = send_run(again, planned(again))
        told = again.report(run_id)
    assert (told.run.state, told.planned) == (RunState.FINISHED, {})
    assert told.already == sum(app.report(run_id - 1).planned.values()) > 0
