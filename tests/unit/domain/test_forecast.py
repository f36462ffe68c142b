"""What a run would cost, how long it takes, and what the budget says."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from campaigns.bootstrap import plan_page
from campaigns.domain.channel import Channel
from campaigns.domain.consent import Purpose
from campaigns.domain.costing import Messages, Segments, by_channel, over_budget
from campaigns.domain.findings import Finding, Level
from campaigns.domain.forecast import Forecast, Power
from campaigns.domain.plan import PlanCounts
from campaigns.domain.prices import Budget, Prices
from tests.contract.store_world import release

RELEASE = release(channels=(Channel.EMAIL, Channel.SMS))
SKELETONS = {s.hash: s for s in RELEASE.skeletons}
PLACES = {(s.channel, s.locale): s.hash for s in RELEASE.skeletons}
EMAIL, SMS = PLACES[Channel.EMAIL, "en_GB"], PLACES[Channel.SMS, "en_GB"]
PRICES = Prices.model_validate({"currency": "EUR", "email": "0.001", "sms_segment": {"ES": "0.1"}})
BUDGET = Budget.model_validate({"amount": 10, "currency": "EUR"})


def channels(messages: Messages) -> dict[Channel, object]:
    segments = {EMAIL: Segments(), SMS: Segments(2, 3)}
    made = by_channel(SKELETONS, Purpose.MARKETING, messages, segments, PRICES)
    return {
        c.channel: (c.messages, c.segments, c.most_segments, c.cost, c.most, c.unpriced)
        for c in made
    }


def test_a_text_is_paid_by_segment_and_an_email_each() -> None:
    told = channels(Messages({(EMAIL, "ES"): 1000, (SMS, "ES"): 10}))
    assert told == {
        Channel.EMAIL: (1000, 0, 0, Decimal("1.000"), Decimal("1.000"), 0),
        Channel.SMS: (10, 20, 30, Decimal("2.0"), Decimal("3.0"), 0),
    }


def test_what_has_no_price_is_counted_apart_and_never_as_free() -> None:
    told = channels(Messages({(SMS, "ES"): 10, (SMS, "FR"): 5, (SMS, None): 1}))
    assert told[Channel.SMS] == (16, 32, 48, Decimal("2.0"), Decimal("3.0"), 6)


def test_a_budget_may_be_spent_to_the_last_cent_and_not_beyond() -> None:
    assert over_budget(BUDGET, Decimal(6), Decimal(4), 0) is None
    assert over_budget(None, Decimal(6000), Decimal(4), 9) is None
    assert over_budget(BUDGET, Decimal(0), Decimal(6000), 0) is None
    told = over_budget(BUDGET, Decimal("6.01"), Decimal(4), 0)
    assert told is not None
    assert "would cost €6.01 after €4.00 of earlier runs, and the budget is €10.00" in told


def forecast(**more: object) -> Forecast:
    counts = PlanCounts(
        Counter({Channel.EMAIL: 1200, Channel.SMS: 3}), Counter({"no_consent": 40}), already=7
    )
    made = {
        "campaign": "sale", "title": "Sale", "release": "r" * 32, "plan": "p" * 32,
        "at": datetime(2027, 3, 1, tzinfo=UTC), "limit": None, "counts": counts,
        "channels": by_channel(SKELETONS, Purpose.MARKETING,
                               Messages({(EMAIL, "ES"): 1200, (SMS, "ES"): 3}),
                               {EMAIL: Segments(), SMS: Segments(2, 3)}, PRICES),
        "currency": "EUR",
    }  # fmt: skip
    return Forecast(**{**made, **more})  # type: ignore[arg-type]


def test_the_table_adds_up_to_the_audience() -> None:
    *rows, audience = forecast().rows()
    assert sum(n for _, _, n in rows) == audience[2] == 1250
    written = plan_page.as_markdown(forecast())
    assert "| audience | everyone the campaign is for | 1,250 |" in written
    assert "Cost: €1.80, at most €2.10." in written


def test_a_text_longer_than_usual_may_break_the_budget_and_is_told_so() -> None:
    told = forecast(budget=Budget.model_validate({"amount": 2, "currency": "EUR"}))
    assert told.over_budget is None
    assert told.caution is not None
    assert "€2.10: above the budget" in told.caution


def test_the_page_says_no_in_words_and_escapes_what_customers_are_called() -> None:
    from campaigns.domain.forecast import Sample

    shown = Sample(Channel.SMS, "en_GB", "<b>Ann</b>", "because", {"body": "5 < 6"})
    page = plan_page.as_html(forecast(budget=Budget.model_validate(
        {"amount": 1, "currency": "EUR"}), samples=[shown], waits=3,
        until=datetime(2027, 3, 2, 8, tzinfo=UTC)))  # fmt: skip
    assert "Refused:" in page
    assert "<b>Ann" not in page
    assert "5 &lt; 6" in page
    assert "3 wait for their hour" in page


def test_the_page_shows_an_e_mail_as_it_arrives_and_lets_nothing_of_it_run_or_leave_its_frame() -> (
    None
):
    from campaigns.domain.forecast import Sample

    parts = {"subject": "Hello", "html": '<p title="x">"Hi"</p></iframe><script>1</script>'}
    page = plan_page.as_html(
        forecast(samples=[Sample(Channel.EMAIL, "en_GB", "Ann", "because", parts)])
    )
    assert "<iframe sandbox " in page
    assert "&lt;p title=&#34;x&#34;&gt;" in page
    assert "<script>" not in page


def test_the_artifact_begins_with_how_many_get_it_and_has_what_was_found() -> None:
    found = Finding("rule", Level.WARNING, "A long line.", "Shorten it.", "copy.es.yaml")
    written = plan_page.as_markdown(forecast(findings=[found]))
    assert written.startswith("**1,203 of 1,250 people get it.**")
    assert "- Finding: copy.es.yaml: A long line. Shorten it." in written


def test_a_plan_in_which_nobody_gets_it_has_no_time_and_no_empty_table() -> None:
    counts = PlanCounts(Counter(), Counter({"no_consent": 40}), already=7)
    told = forecast(counts=counts, channels=[])
    assert told.sentences() == ["Cost: €0.00."]
    assert "| channel |" not in plan_page.as_markdown(told)
    page = plan_page.as_html(told)
    assert "no rate is set" not in page
    assert "By channel" not in page


def test_what_an_experiment_can_see_is_one_sentence() -> None:
    assert str(Power("variants", 2000, 2000, 1.234)) == (
        "variants: with 2,000 people against 2,000 you can see a difference of 1.2 points."
    )
    assert str(Power("holdout", 300, 30, 13.04, worth=5)).endswith(
        "see a difference of 13.0 points. That is too few people for the 5 that would matter."
    )
    assert "matter" not in str(Power("holdout", 300, 30, 13.04, worth=13.5))
    assert "cannot be told" in str(Power("holdout", 5, 1, None, "too few people"))


def test_moments_are_told_by_the_brands_clock() -> None:
    told = forecast(zone="Europe/Madrid", waits=3, until=datetime(2027, 3, 28, 8, tzinfo=UTC))
    assert "3 wait for their hour, the last until 28 Mar 10:00 CEST." in told.sentences()
    assert "as of 1 March 2027 01:00 CET" in plan_page.as_html(told)


def test_time_is_told_only_where_rates_are_set() -> None:
    assert "no rate is set" in forecast().duration()
    from dataclasses import replace

    slow = [replace(c, takes=timedelta(seconds=90.4)) for c in forecast().channels]
    assert forecast(channels=slow).duration() == "about 1 min at the rates set"
    assert forecast(channels=[slow[0], forecast().channels[1]]).duration() == (
        "about 1 min at the rates set; SMS as fast as the provider takes it"
    )
