"""Schedules that know people, the whole way: files, plan, sending, what is shown.

The clock is ours: it moves a little whenever it is looked at, and to the next hour when all wait.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, select

from campaigns.bootstrap import App
from campaigns.bootstrap.history import history
from campaigns.bootstrap.learning import learn
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import DeliveryState
from campaigns.domain.reason import SkipReason
from campaigns.store import schema
from campaigns.store.clock import to_ms
from tests.acceptance.test_pressure import ROOT, Night, night
from tests.contract.store_world import World
from tests.runs import plan_run

#: A Wednesday, five in the morning in Madrid.
DAWN = datetime(2027, 3, 10, 4, 0, tzinfo=UTC)
ZONES = {
    "Europe/Madrid": "ES",
    "America/New_York": "US",
    "Europe/London": "GB",
    "Europe/Andorra": "AD",
}


@pytest.fixture
def files(tmp_path: Path) -> Callable[[str, str], Path]:
    """A templates folder whose brand and spring sale say more."""

    def made(brand: str, campaign: str) -> Path:
        folder = tmp_path / "templates"
        shutil.copytree(ROOT / "templates", folder, dirs_exist_ok=True)
        for file, more in (
            ("brand.yaml", brand),
            ("campaigns/spring_sale/campaign.yaml", campaign),
            ("attributes.yaml", "\nregion: {type: text}\n"),
        ):
            path = folder / file
            path.write_text(path.read_text("utf-8") + "\n" + more, "utf-8")
        return folder

    return made


def people(app: App, each: int = 3, **values: object) -> dict[int, str]:
    """Customers who may be mailed, some in every zone: customer → zone."""
    world, found = World(app.database), {}
    before = app.clock.now() - timedelta(days=30)
    for zone, country in ZONES.items():
        for customer in world.customers(
            each,
            channels=(Channel.EMAIL,),
            country=country,
            time_zone=zone,
            last_purchase_at=to_ms(before),
            **values,
        ):
            found[customer] = zone
    return found


def sent(made: Night) -> dict[int, datetime]:
    """Customer → when the call with their message began."""
    d = schema.deliveries.c
    rows = World(made.app.database).rows(select(d.id, d.customer_id).where(d.customer_id > 0))
    return {row.customer_id: made.calls[row.id][0] for row in rows if row.id in made.calls}


def test_everybody_gets_it_at_ten_by_their_own_clock(
    tmp_path: Path, files: Callable[[str, str], Path]
) -> None:
    templates = files("", 'send_at: {time: "10:00", zone: customer}')
    with night(tmp_path, at=DAWN, templates=templates) as made:
        zones = people(made.app)
        plan = made.app.preview("spring_sale")
        told = {why: (n, a, b) for why, (n, a, b) in plan.waits_by_reason.items()}
        report = made.send_until_done("spring_sale")
        moments = sent(made)
        shown = made.app.profiles.show(next(iter(zones)))
    assert told == {
        "10:00 by their own clock": (
            len(zones),
            datetime(2027, 3, 10, 9, tzinfo=UTC),
            datetime(2027, 3, 10, 15, tzinfo=UTC),
        )
    }
    assert report.in_state(DeliveryState.ACCEPTED) == len(zones) == len(moments)
    for customer, moment in moments.items():
        local = moment.astimezone(ZoneInfo(zones[customer]))
        assert (local.date(), local.hour, local.minute < 5) == (date(2027, 3, 10), 10, True)
    assert "waited for its time: 10:00 by their own clock" in shown.deliveries[0].why


def test_a_run_tells_what_its_messages_wait_for(
    tmp_path: Path, files: Callable[[str, str], Path]
) -> None:
    blackout = "blackouts: [{from: 2027-03-10, until: 2027-03-11, reason: stocktaking}]"
    with night(tmp_path, at=DAWN, templates=files(blackout, "")) as made:
        zones = people(made.app)
        run = plan_run(made.app)
        made.app.begin_sending(run.id)
        made.app.dispatch_all(run.id)
        waits = made.app.finish(run.id).waits
        assert sent(made) == {}  # nor in New York, where it is still the ninth
        assert made.sandbox.log.counts() == {}
    # With the public post.
    assert {w.why: w.messages for w in waits} == {"stocktaking (10 Mar to 11 Mar)": len(zones) + 1}
    assert waits[0].first == datetime(2027, 3, 11, 23, tzinfo=UTC)


def test_a_holiday_in_catalonia_is_a_working_day_elsewhere(
    tmp_path: Path, files: Callable[[str, str], Path]
) -> None:
    templates = files("holidays: {region: region}", "")
    saint_john = datetime(2027, 6, 24, 9, 0, tzinfo=UTC)
    with night(tmp_path, at=saint_john, templates=templates) as made:
        world = World(made.app.database)
        common = {
            "country": "ES",
            "time_zone": "Europe/Madrid",
            "last_purchase_at": to_ms(saint_john - timedelta(days=30)),
        }
        catalan = world.customer(attributes={"region": "ES-CT"}, **common)
        madrilenian = world.customer(attributes={"region": "MD"}, **common)
        made.send_until_done("spring_sale")
        moments = sent(made)
        why = made.app.profiles.show(catalan).deliveries[0].why
    assert moments[madrilenian].date() == saint_john.date()
    assert moments[catalan].astimezone(ZoneInfo("Europe/Madrid")).date() == date(2027, 6, 25)
    assert "Saint John the Baptist (24 Jun)" in why


def test_a_region_of_an_attribute_that_is_not_declared_is_told(
    tmp_path: Path, files: Callable[[str, str], Path]
) -> None:
    with night(tmp_path, at=DAWN, templates=files("holidays: {region: regoin}", "")) as made:
        (finding,) = made.app.check("spring_sale")
    assert "unknown text or choice attribute `regoin`; did you mean `region`?" in finding.message
    assert finding.file.endswith("brand.yaml")


def test_what_no_day_is_left_for_is_dropped_with_its_reason(
    tmp_path: Path, files: Callable[[str, str], Path]
) -> None:
    blackout = "blackouts: [{from: 2032-03-10, until: 2032-04-02, reason: we move}]"
    in_its_last_month = DAWN.replace(year=2032)
    with night(tmp_path, at=in_its_last_month, templates=files(blackout, "")) as made:
        zones = people(made.app, each=1)
        report = made.send_until_done("spring_sale")
        shown = made.app.profiles.show(next(iter(zones)))
        plan = made.app.preview("spring_sale")
        assert made.sandbox.log.counts() == {}
    assert report.skipped == {SkipReason.NO_TIME_LEFT: len(zones)}
    assert plan.skipped == {"no_time_left": len(zones)}
    assert "we move (10 Mar to 2 Apr)" in shown.skips[0].why


def test_a_best_hour_is_learnt_kept_to_and_shown(
    tmp_path: Path, files: Callable[[str, str], Path]
) -> None:
    templates = files("", 'send_at: {time: "10:00", best_hour: true}')
    with night(tmp_path, at=DAWN, templates=templates) as made:
        zones = people(made.app, each=2)
        world = World(made.app.database)
        evening, morning = list(zones)[:2]  # both in Madrid
        clicks = [
            {
                "customer_id": evening,
                "at": to_ms(datetime(2027, 3, day, 18, 20, tzinfo=UTC)),
                "kind": "clicked",
                "channel": "email",
                "agent": "human",
            }
            for day in range(1, 8)
        ]
        world.execute(insert(schema.interactions).values(clicks))
        learn(made.app)
        known = history(made.app, evening)
        made.send_until_done("spring_sale")
        moments = sent(made)
        why = made.app.profiles.show(evening).deliveries[0].why
    assert known.best_hour is not None
    assert json.loads(json.dumps(known.as_json()["best_hour"])) == {
        "hour": 19,
        "near": 7,
        "answers": 7,
    }
    local = {c: moments[c].astimezone(ZoneInfo("Europe/Madrid")).hour for c in (evening, morning)}
    assert local == {evening: 19, morning: 10}
    assert "best hour 19:00, 7 of 7 answers around it" in why


def test_a_campaign_that_recurs_reaches_everybody_once_in_each_edition(
    tmp_path: Path, files: Callable[[str, str], Path]
) -> None:
    with night(tmp_path, at=DAWN, templates=files("", "recurs: weekly")) as made:
        zones = people(made.app, each=1)
        for _ in range(2):  # the second run of the week has nobody left
            made.send_until_done("spring_sale")
        assert made.sandbox.log.counts()["email"] == len(zones)
        made.clock.at += timedelta(days=7)
        report = made.send_until_done("spring_sale")
        assert made.sandbox.log.counts()["email"] == 2 * len(zones)
        assert report.run.edition == "2027-W11"
        # One that was due last week and starts now, within its tolerance, is last week's.
        late = made.app.compile("spring_sale", datetime(2027, 3, 14, 23, 30))
        assert late.edition == "2027-W10"
