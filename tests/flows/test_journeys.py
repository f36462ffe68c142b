"""The flow journeys: who is due gets the next step, and nobody enters."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from campaigns.bootstrap import connect
from flows.journeys import journeys
from flows.send_campaign import send_campaign
from tests.flows.conftest import CHECKOUT, Prefect, Shop
from tests.flows.pages import artifacts, newest_run

pytestmark = pytest.mark.prefect

STEPS = "\nsteps:\n  - {name: announce}\n  - {name: remind}\n"
WORDS = {"en": "Still time", "es": "Aún a tiempo", "ca": "Encara hi ets a temps"}


@pytest.fixture
def stepwise(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """The shop with a second step in its campaign, due at once."""
    templates = tmp_path / "templates"
    shutil.copytree(CHECKOUT / "templates", templates)
    folder = templates / "campaigns" / "spring_sale"
    with (folder / "campaign.yaml").open("a") as file:
        file.write(STEPS)
    facts = "{{ facts.discount }}, {{ facts.ends_on }}, {{ facts.code }}, {{ facts.shop }}"
    for language, words in WORDS.items():
        step = f'\nsteps:\n  remind:\n    headline: "{words}"\n    short: "{words}: {facts}"\n'
        with (folder / f"copy.{language}.yaml").open("a") as file:
            file.write(step)
    monkeypatch.setenv("CAMPAIGNS_TEMPLATES", str(templates))
    return shop


def test_who_is_due_gets_the_next_step_once_and_nobody_enters(
    prefect: Prefect, stepwise: Shop
) -> None:
    assert journeys() == {}
    assert newest_run().state.message == "Nobody is due."
    first = send_campaign("spring_sale", limit=40)
    again = journeys()["spring_sale"]
    assert 0 < again <= first["accepted"]  # the brand's caps hold some back
    shown = str(artifacts(newest_run().id)["journey-spring-sale"])
    assert f"| remind | sent | {again} |" in shown
    assert journeys() == {}
    assert stepwise.sent() == first["accepted"] + again
    assert not stepwise.sandbox.log.duplicates()
    assert stepwise.sandbox.log.counts().get("x_post", 0) == 0


def test_a_campaign_that_cannot_run_is_told_by_name(prefect: Prefect, stepwise: Shop) -> None:
    send_campaign("spring_sale", limit=5)
    with connect() as app:
        copy = app.settings.templates / "campaigns" / "spring_sale" / "copy.en.yaml"
    copy.write_text(copy.read_text().replace("facts.discount", "facts.discont"))
    with pytest.raises(Exception, match="spring_sale"):
        journeys()
    assert stepwise.sent() == 5
