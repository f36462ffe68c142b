"""A yes or no to one release and plan."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest
from sqlalchemy import insert, text

from campaigns.bootstrap import App
from campaigns.bootstrap.approving import (
    approve_release,
    ask_approval,
    question_timed_out,
    reject_release,
)
from campaigns.bootstrap.control import cancel, pause, resume
from campaigns.bootstrap.forecasting import forecast
from campaigns.bootstrap.outages import pause_for_outage, standing_outage
from campaigns.cli import run as cli
from campaigns.domain.allotment import Allotment
from campaigns.domain.delivery import DeliveryState
from campaigns.errors import (
    ApprovalNeededError,
    DatabaseError,
    NotFoundError,
    RunHeldError,
    UserError,
)
from campaigns.store import schema
from campaigns.store.clock import to_ms
from tests.acceptance.plan.world import add, import_people, planned, rows
from tests.runs import send_run


def with_fewer_than_approved(app: App, tmp_path: Path) -> int:
    """A planned run, of which those who permit e-mail alone were lost since the yes."""
    import_people(app, tmp_path, 100)
    add(app, "needs_approval: true")
    approve_release(app, "spring_sale", by="Berta")
    with app.database.write() as connection:
        connection.execute(text("DELETE FROM standings WHERE channel = 'email'"))
    return planned(app)


def test_a_no_with_its_reason_stops_the_release_until_a_yes(app: App, tmp_path: Path) -> None:
    import_people(app, tmp_path, 40)
    add(app, "needs_approval: true")
    reject_release(app, "spring_sale", by="Ana Puig", why="the code is last year's")
    with pytest.raises(ApprovalNeededError, match=r"rejected by Ana Puig .* last year's"):
        app.start_run("spring_sale")
    said = approve_release(app, "spring_sale", by="Berta Soler", note="checked")
    assert said.plan == forecast(app, "spring_sale").plan
    send_run(app, planned(app))
    trail = app.audit.entries(f"release:{said.release_hash}")
    assert [(e.action, e.actor, e.why, e.data["plan"]) for e in trail] == [
        ("approved", "Berta Soler", "checked", said.plan),
        ("rejected", "Ana Puig", "the code is last year's", None),
    ]
    assert "exactly as planned" in " ".join(app.report(app.latest_run().id).course)


def test_a_no_without_a_reason_is_none(app: App) -> None:
    with pytest.raises(UserError, match="--why"):
        reject_release(app, "spring_sale", by="Ana", why="  ")
    assert app.approvals.of(app.compile("spring_sale").hash) == []


def test_a_yes_for_the_first_few_is_used_up_by_one_run(
    on_both: App, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    app = on_both
    import_people(app, tmp_path, 60)
    add(app, "needs_approval: true")
    assert cli(["approve", "spring_sale", "--by", "Berta", "--first", "7"]) == 0
    assert cli(["run", "spring_sale", "--json"]) == 0
    out = capsys.readouterr().out
    assert json.loads(out[out.index("{") :])["accepted"] == 7
    assert cli(["run", "spring_sale"]) == 2
    assert "for the first 7; that run is over" in capsys.readouterr().err
    assert cli(["approve", "spring_sale", "--by", "Berta"]) == 0
    assert cli(["run", "spring_sale"]) == 0


def test_a_yes_binds_to_the_plan_that_was_looked_at(
    app: App, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import_people(app, tmp_path, 60)
    add(app, "needs_approval: true")
    question = ask_approval(app, "spring_sale")
    assert question is not None
    assert question.answered is None
    looked_at = question.told.plan
    import_people(app, tmp_path, 30, seed=9)  # the customers of another file
    with pytest.raises(UserError, match="there is no plan 0123456789"):
        approve_release(app, "spring_sale", by="Berta", plan="0123456789")
    assert approve_release(app, "spring_sale", by="Berta", plan=looked_at[:10]).plan == looked_at
    asked = ask_approval(app, "spring_sale")
    assert asked is not None
    assert asked.answered is not None
    assert asked.told.changed is not None
    assert asked.told.changed.customers > 0


def test_what_changed_since_the_yes_is_told_and_too_much_of_it_waits_for_a_person(
    app: App, tmp_path: Path
) -> None:
    import_people(app, tmp_path, 100)
    add(app, "needs_approval: true")
    approve_release(app, "spring_sale", by="Berta")
    lost = rows(app, "SELECT min(customer_id) FROM addresses WHERE channel = 'email'")
    few = forecast(app, "spring_sale").counts.planned.total()
    with app.database.write() as connection:
        connection.execute(text("DELETE FROM standings WHERE channel = 'email'"))
    run_id = planned(app)
    with pytest.raises(RunHeldError, match=r"fewer by e-mail.*customers changed"):
        app.begin_sending(run_id)
    made = app.plans.of_run(run_id)
    assert made is not None
    assert made.people < few
    assert lost
    resume(app, run_id, by="Berta", why="they opted out, rightly")
    send_run(app, run_id)
    told = " ".join(app.report(run_id).course)
    assert "Approved by Berta" in told
    assert "fewer by e-mail" in told


@pytest.mark.parametrize("paused", ["crashed", "resumed"])
def test_a_run_that_was_paused_while_it_was_planned_is_held_to_its_yes_all_the_same(
    on_both: App, tmp_path: Path, paused: str
) -> None:
    app = on_both
    run_id = with_fewer_than_approved(app, tmp_path)
    if paused == "crashed":
        assert pause_for_outage(app, run_id, "the flow run crashed", crashed=True)
    else:
        pause(app, run_id, by="Ana")
        resume(app, run_id, by="Ana")
    with pytest.raises(RunHeldError, match=r"fewer by e-mail.*customers changed"):
        app.begin_sending(run_id)
    assert standing_outage(app, app.runs.get(run_id)) is None


def test_a_database_that_goes_away_as_a_changed_plan_is_held_loses_no_hold(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = with_fewer_than_approved(app, tmp_path)

    def away(*_: object, **__: object) -> bool:
        raise DatabaseError("the database is away")

    with monkeypatch.context() as patch:
        patch.setattr(app.runs, "move", away)
        with pytest.raises(DatabaseError):
            app.begin_sending(run_id)
    with pytest.raises(RunHeldError, match="customers changed"):
        app.begin_sending(run_id)


def test_whom_a_first_run_told_is_no_change_for_the_next_by_the_same_yes(
    app: App, tmp_path: Path
) -> None:
    import_people(app, tmp_path, 100)
    add(app, "needs_approval: true")
    approve_release(app, "spring_sale", by="Berta")
    send_run(app, planned(app, limit=20))
    told = forecast(app, "spring_sale")
    assert str(told.changed) == "exactly as planned"
    run_id = planned(app)
    send_run(app, run_id)
    assert app.report(run_id).accepted > 20
    import_people(app, tmp_path, 90, seed=9)  # of whom nobody was approved
    with pytest.raises(RunHeldError, match=r"more by e-mail.*customers changed"):
        app.begin_sending(planned(app))


def test_whoever_is_lost_between_two_runs_by_the_same_yes_still_waits_for_a_person(
    on_both: App, tmp_path: Path
) -> None:
    """A first run told twenty; a second one was held and cancelled: that explains no other loss."""
    app = on_both
    import_people(app, tmp_path, 100)
    add(app, "needs_approval: true")
    approve_release(app, "spring_sale", by="Berta")
    send_run(app, planned(app, limit=20))
    with app.database.write() as connection:
        connection.execute(text("DELETE FROM standings WHERE customer_id % 2 = 0"))
    for _ in range(2):
        run_id = planned(app)
        with pytest.raises(RunHeldError, match=r"fewer by e-mail.*customers changed"):
            app.begin_sending(run_id)
        cancel(app, run_id, by="Berta", why="who took their consent away?")


def enough(app: App, customers: list[int]) -> None:
    """These have had as many messages as the caps allow."""
    lately = to_ms(app.clock.now() - timedelta(hours=1))
    row = {"customer_id": customers, "delivery_id": [10**9 + n for n in range(3)]}
    pairs = [dict(zip(row, pair, strict=True)) for pair in product(*row.values())]
    with app.database.write() as connection:
        connection.execute(insert(schema.contacts), [{**pair, "at": lately} for pair in pairs])


def test_whom_a_cap_kept_back_is_no_change_for_the_next_run_by_the_same_yes(
    on_both: App, tmp_path: Path
) -> None:
    app = on_both
    import_people(app, tmp_path, 100)
    add(app, "needs_approval: true")
    said = approve_release(app, "spring_sale", by="Berta")
    release = app.releases.load(said.release_hash)
    approved = app.plans.load(said.plan, release)
    assert approved is not None
    first, *others = sorted(c for c, _, _ in Allotment.of(release).differing(approved))
    enough(app, [first])
    run_id = planned(app)
    enough(app, others[:30])  # by another campaign, that was quicker
    send_run(app, run_id)
    assert "1 fewer by" in " ".join(app.report(run_id).course), "it was not as approved"
    assert app.report(run_id).in_state(DeliveryState.SUPPRESSED) >= 20
    assert str(forecast(app, "spring_sale").changed) == "exactly as planned"
    run_id = planned(app)
    send_run(app, run_id)
    assert "exactly as planned" in " ".join(app.report(run_id).course)
    with app.database.write() as connection:
        had = schema.contacts.c.customer_id == first
        connection.execute(schema.contacts.delete().where(had))
    run_id = planned(app)
    send_run(app, run_id)
    by = app.plans.of_run(run_id)
    assert by is not None
    assert by.approval_id is not None
    waiting = app.plans.kept_back(by.approval_id)
    assert set(others[:20]) & waiting
    assert first not in waiting, "who was told since explains nobody else's loss a second time"


def test_nobody_answering_leaves_nothing_begun_and_a_later_yes_counts(
    app: App, tmp_path: Path
) -> None:
    import_people(app, tmp_path, 40)
    brand = app.settings.templates / "brand.yaml"
    brand.write_text(brand.read_text(encoding="utf-8") + "\napproval: {wait: 90 min}\n")
    add(app, "needs_approval: true")
    question = ask_approval(app, "spring_sale")
    assert question is not None
    assert question.until - app.clock.now() <= timedelta(minutes=90)
    question_timed_out(app, question.told.release, question.told.plan)
    assert app.runs.latest() is None
    with pytest.raises(ApprovalNeededError, match="not answered in time"):
        app.start_run("spring_sale")
    approve_release(app, "spring_sale", by="Berta", plan=question.told.plan)
    assert planned(app)


def test_a_campaign_whose_name_is_mistyped_is_told_as_such(app: App) -> None:
    with pytest.raises(NotFoundError, match="no campaign `spring_sal`; did you mean"):
        approve_release(app, "spring_sal", by="Berta")


def test_a_yes_that_nobody_asked_for_says_so(
    app: App, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import_people(app, tmp_path, 40)
    assert cli(["approve", "spring_sale", "--by", "Berta"]) == 0
    assert "spring_sale needs no approval: it runs without one" in capsys.readouterr().err
    add(app, "needs_approval: true")
    assert cli(["approve", "spring_sale", "--by", "Berta"]) == 0
    assert "needs no approval" not in capsys.readouterr().err


def test_a_yes_for_the_first_few_is_refused_where_a_run_would_send_to_everybody(
    app: App, tmp_path: Path
) -> None:
    import_people(app, tmp_path, 40)
    with pytest.raises(UserError, match="campaigns run spring_sale --limit 7"):
        approve_release(app, "spring_sale", by="Berta", first=7)
    assert app.approvals.of(app.compile("spring_sale").hash) == []
