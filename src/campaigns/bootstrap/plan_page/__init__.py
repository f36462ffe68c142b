"""A forecast written out: JSON for programs, markdown for Prefect, one HTML page that opens
anywhere. All of them tell the same numbers; the command line's table is `Forecast.rows`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from campaigns.domain.channel import Channel
from campaigns.domain.costing import ChannelForecast
from campaigns.domain.counting import counted, people
from campaigns.domain.forecast import NOBODY, WAITING, Forecast, time_in_words
from campaigns.domain.plan import ALREADY
from campaigns.domain.prices import money
from campaigns.domain.reason import SKIP_TEXT, SkipReason

_TEMPLATES: Final = Path(__file__).parent
#: What has a table of its own where sentences are told.
COLUMNS: Final = ("channel", "messages", "words in", "segments", "cost", "time")


def channel_rows(told: Forecast) -> list[tuple[str, ...]]:
    """People by channel and locale, segments, price and time, as COLUMNS names them."""
    return [
        (
            c.channel.label,
            f"{c.messages:,}",
            ", ".join(f"{locale} {n:,}" for locale, n in c.locales.items()),
            _segments(c),
            _cost(told, c),
            "" if c.takes is None else time_in_words(c.takes),
        )
        for c in told.channels
    ]


def _segments(c: ChannelForecast) -> str:
    if not c.segments:
        return ""
    most = f", at most {c.most_segments:,}" if c.most_segments != c.segments else ""
    return f"{c.segments:,}{most}"


def _cost(told: Forecast, c: ChannelForecast) -> str:
    if told.currency is None or c.unpriced == c.messages:
        return "no price"
    cost = money(c.cost, told.currency)
    return cost if c.cost == c.most else f"{cost}, at most {money(c.most, told.currency)}"


def as_json(told: Forecast) -> dict[str, Any]:
    """For `--json`. Amounts are text, so that no digit is lost; times are seconds."""
    counts = told.counts
    return {
        "campaign": told.campaign,
        "release": told.release,
        "plan": told.plan,
        "at": told.at.isoformat(),
        "limit": told.limit,
        "channels_only": list(told.portion.channels),
        "locales_only": list(told.portion.locales),
        "audience": counts.audience,
        "planned": dict(counts.planned),
        "skipped": dict(counts.skipped),
        "already": counts.already,
        "exploring": counts.exploring,
        "channels": {str(c.channel): _channel_json(c) for c in told.channels},
        "currency": told.currency,
        "cost": str(told.cost),
        "most": str(told.most),
        "spent": str(told.spent),
        "goal": None if told.goal is None else told.goal.model_dump(mode="json"),
        "budget": None if told.budget is None else told.budget.model_dump(mode="json"),
        "over_budget": told.over_budget,
        "seconds": None if told.takes is None else told.takes.total_seconds(),
        "needs_approval": told.needs_approval,
        "refused": told.refused,
        "canary": None if told.canary is None else told.canary.model_dump(mode="json"),
        "waits": told.waits,
        "waits_until": None if told.until is None else told.until.isoformat(),
        "samples": [asdict(s) for s in told.samples],
        "findings": [asdict(f) for f in told.findings],
        "power": [asdict(p) for p in told.power],
        "changed": None if told.changed is None else str(told.changed),
    }


def _channel_json(c: ChannelForecast) -> dict[str, Any]:
    return {
        "messages": c.messages,
        "locales": dict(c.locales),
        "segments": c.segments,
        "most_segments": c.most_segments,
        "cost": str(c.cost),
        "most": str(c.most),
        "unpriced": c.unpriced,
        "seconds": None if c.takes is None else c.takes.total_seconds(),
    }


def as_markdown(told: Forecast) -> str:
    """For an artifact of Prefect's: give it a masked forecast."""
    counts = told.counts
    lines = [
        f"**{counts.planned.total():,} of {people(counts.audience)} get it.** "
        "This is the plan: nothing has been sent by it.",
        "",
        "| | | people |",
        "|---|---|---:|",
    ]
    lines += [f"| {a} | {b} | {n:,} |" for a, b, n in told.rows()]
    if told.channels:
        lines += ["", "| " + " | ".join(COLUMNS) + " |", "|---|---:|---|---:|---:|---:|"]
        lines += ["| " + " | ".join(row) + " |" for row in channel_rows(told)]
    lines += ["", *(f"- {sentence}" for sentence in told.sentences())]
    if told.over_budget:
        lines.append(f"- **Refused: {told.over_budget}**")
    if told.caution:
        lines.append(f"- Caution: {told.caution}")
    lines += [f"- Finding: {finding}" for finding in told.findings]
    if told.samples:
        lines += ["", "Some of the messages, with made-up values in place of the customers' own:"]
    for sample in told.samples:
        lines += ["", f"**{sample.who}**, {sample.locale}. {sample.why}", ""]
        lines += [f"    {line}" for line in (sample.trouble or sample.text).splitlines()]
    lines += ["", f"Plan `{told.plan}` of release `{told.release}`."]
    return "\n".join(lines)


def as_html(told: Forecast) -> str:
    """One page that needs nothing else: light and dark, for a phone as well."""
    from campaigns.page_templates import page_templates

    environment = page_templates(_TEMPLATES)
    page = environment.get_template("plan.html")
    return page.render(
        told=told,
        columns=COLUMNS,
        channels=channel_rows(told),
        bars=list(_bars(told)),
        labels={c: c.label for c in Channel},
        time_in_words=time_in_words,
        counted=counted,
        people=people,
        nobody=NOBODY,
    )


def _bars(told: Forecast) -> Iterator[tuple[str, str, int, float]]:
    """The funnel: section, line, people, percent of the audience."""
    counts = told.counts
    parts: Sequence[tuple[str, str, int]] = [
        *(("planned", c.label, n) for c, n in counts.planned.most_common()),
        *(row for row in told.rows() if row[0] == WAITING),
        *(("skipped", SKIP_TEXT[SkipReason(r)], n) for r, n in counts.skipped.most_common()),
        *([("already", ALREADY, counts.already)]
          if counts.already else []),
    ]  # fmt: skip
    whole = max(1, counts.audience)
    for section, line, number in parts:
        yield section, line, number, 100.0 * number / whole
