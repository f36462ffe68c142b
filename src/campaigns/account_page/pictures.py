"""Which charts an account has, and what each shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from campaigns.account_page.charts import Bar, Drawn, Interval, bars, intervals, listed, timeline
from campaigns.account_page.words import goal_words
from campaigns.domain.account import Account
from campaigns.domain.channel import PERSONAL_CHANNELS
from campaigns.domain.experiment import GoalKind
from campaigns.domain.figures import ALL, Figure


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the funnel: everybody's figure, and each channel's where it has one."""

    label: str
    whole: Figure
    by_channel: Mapping[str, Figure]


#: Series of the timeline: what is counted, its name, its colour.
_SERIES = {
    "sent": ("messages sent", "#0072b2"),
    "clicked": ("clicks by people", "#009e73"),
    "goal": ("", "#d55e00"),
    "left": ("opt-outs and complaints", "#aa4499"),
}


def stages(account: Account) -> list[Stage]:
    """From the audience to the goal."""
    told = account.answers
    used = {key[0] for key in told.keys("funnel")}
    channels = [str(c.value) for c in PERSONAL_CHANNELS if c.value in used]

    def stage(label: str, query: str, *key: str, column: str) -> Stage:
        figures = {c: told.figure(query, c, *key, column=column) for c in channels}
        return Stage(label, told.figure(query, ALL, *key, column=column), figures)

    found = [
        Stage("Audience", told.figure("audience", column="people"), {}),
        Stage("Eligible", told.figure("audience", column="eligible"), {}),
        stage("Planned", "funnel", column="planned"),
        stage("Sent", "funnel", column="sent"),
        stage("Delivered", "funnel", column="delivered"),
        stage("Clicked", "reactions", "clicked", "human", column="people"),
    ]
    goal = goal_words(account)
    if goal is not None:
        found.append(stage(goal.did.capitalize(), "conversions", column="people"))
    return found


def moments(account: Account) -> list[tuple[str, list[tuple[datetime, Figure]]]]:
    """The timeline as it is told in the table: series, and when how many."""
    told, goal = account.answers, goal_words(account)
    series: list[tuple[str, list[tuple[datetime, Figure]]]] = []
    for what, (name, _) in _SERIES.items():
        label = goal.times if what == "goal" and goal else name
        found = [
            (
                account.here(account.run.started_at + account.step * int(place)),
                told.figure("timeline", what, place, column="times"),
            )
            for kind, place in told.keys("timeline")
            if kind == what
        ]
        if found:
            series.append((label, sorted(found, key=lambda row: row[0])))
    return series


def drawn(account: Account) -> dict[str, Drawn]:
    """The charts that have something to show."""
    charts: dict[str, Drawn] = {}
    if any(stage.whole.value for stage in stages(account)):
        charts["funnel"] = _funnel(account)
    if moments(account):
        charts["timeline"] = _timeline(account)
    differences = _differences(account)
    if differences:
        says = "Differences with their intervals, in points: " + "; ".join(
            f"{d.label} {d.value:+.2f} ({d.low:+.2f} to {d.high:+.2f})" for d in differences
        )
        charts["experiment"] = intervals(differences, "difference in points", says)
    return charts


def _funnel(account: Account) -> Drawn:
    rows, totals = [], []
    first = account.answers.number("audience", column="people") or 1
    labels = {c.value: c.label for c in PERSONAL_CHANNELS}
    for stage in stages(account):
        share = stage.whole.value / first
        totals.append((stage.label, f"{stage.whole.value:,}  ({share:.0%})"))
        parts = {labels[c]: f.value for c, f in stage.by_channel.items() if f.value}
        for part, value in (parts or {"everyone": stage.whole.value}).items():
            rows.append(Bar(stage.label, part, value))
    return bars(rows, totals, f"People from the audience to the goal: {listed(totals)}.")


def _timeline(account: Account) -> Drawn:
    series = moments(account)
    goal = goal_words(account)
    colours = {name or (goal.times if goal else ""): colour for name, colour in _SERIES.values()}
    rows = [  # the brand's clock, written as if it were UTC, so that nobody's browser moves it
        (label, f"{at:%Y-%m-%dT%H:%M:%SZ}", int(figure.value))
        for label, found in series
        for at, figure in found
    ]
    order = [label for label, _ in series]
    says = "; ".join(_busiest(label, found) for label, found in series)
    return timeline(rows, order, [colours[o] for o in order], f"Over time, {says}.")


def _busiest(label: str, found: list[tuple[datetime, Figure]]) -> str:
    at, figure = max(found, key=lambda row: row[1].value)
    return f"{label}: most ({figure.value:,}) around {at.day} {at:%b %H:%M %Z}"


def _differences(account: Account) -> list[Interval]:
    return [
        Interval(f"{_SHORT[q.name]}: {d.arm}", d.value * 100, d.low * 100, d.high * 100)
        for q in account.questions
        if q.result is not None
        for g in q.result.goals
        if g.kind is GoalKind.YES_NO
        for d in g.differences
    ]


_SHORT = {
    "variants": "words",
    "channels": "channel",
    "holdout": "campaign",
    "brand_holdout": "marketing",
}
