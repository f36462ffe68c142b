"""The studio shows each step of a journey."""

from __future__ import annotations

from pathlib import Path

from campaigns.bootstrap.preview import Choices, Drafts
from campaigns.domain.channel import Channel
from campaigns.studio.app import create_app
from campaigns.studio.watch import Watch
from tests.unit.studio.test_app import Client

CAMPAIGN = "campaigns/spring_sale"
WORDS = {"en": "Still here", "es": "Aún a tiempo", "ca": "Encara hi ets a temps"}


def _add_steps(templates: Path) -> None:
    with (templates / CAMPAIGN / "campaign.yaml").open("a") as file:
        file.write("\nsteps:\n  - {name: announce}\n  - {name: last_day, wait: {days: 2}}\n")
    for language, words in WORDS.items():
        with (templates / CAMPAIGN / f"copy.{language}.yaml").open("a") as file:
            file.write(f"\nsteps:\n  last_day:\n    headline: {words}\n    short: >-\n")
            file.write("      " + words + " {{ facts.discount }} {{ facts.ends_on }}\n")
            file.write("      {{ facts.code }} {{ facts.shop }}\n")


def test_a_step_is_chosen_and_shown_and_the_post_stays_that_of_the_first(
    templates: Path, drafts: Drafts
) -> None:
    _add_steps(templates)
    previewer = drafts.examine("spring_sale").previewer
    assert previewer is not None
    assert [o.label for o in previewer.offer.steps] == ["announce", "last day"]
    first = previewer.skeleton(Channel.SMS, "en_GB", Choices())
    last = previewer.skeleton(Channel.SMS, "en_GB", Choices(step="last_day"))
    assert (first.step, last.step) == ("announce", "last_day")
    post = previewer.skeleton(Channel.X_POST, "en_GB", Choices(step="last_day"))
    assert post.step == "announce"
    assert previewer.settled(Choices(step="gone")).step == "announce"
    page = Client(create_app(drafts, Watch(drafts)))
    assert "Still here" not in page.get("/?campaign=spring_sale").text
    assert "Still here" in page.get("/?campaign=spring_sale&step=last_day").text
