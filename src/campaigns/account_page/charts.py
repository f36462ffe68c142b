"""The charts, as SVG that stands in the page: no script, no font, no address of anything.

A chart is drawn twice, wide and narrow, and the page shows the one that fits: scaled down, its
words would be too small to read. Colours are Okabe and Ito's, which people with any colour vision
tell apart; the page replaces them in the dark (page.css names the very same values).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

WIDE, NARROW = 760, 330
#: Channel or series → colour. In the dark, page.css puts others in their place.
COLOURS = {
    "e-mail": "#0072b2",
    "SMS": "#d55e00",
    "WhatsApp": "#009e73",
    "X direct message": "#aa4499",
    "everyone": "#8a93a3",
}
INK, SOFT, LINE, ACCENT = "#161a22", "#596273", "#dfe3ea", "#3450d2"
#: Text stays out of ligatures and fonts that only this machine has.
_FONT = "sans-serif"
_SIZE = 13


@dataclass(frozen=True, slots=True)
class Drawn:
    """One chart: what it says to those who do not see it, and its two drawings."""

    says: str
    wide: str
    narrow: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of a bar: which bar, which part, how long."""

    label: str
    part: str
    value: float


@dataclass(frozen=True, slots=True)
class Interval:
    """A difference with its interval, in the unit that `unit` names."""

    label: str
    value: float
    low: float
    high: float


def bars(rows: Sequence[Bar], totals: Sequence[tuple[str, str]], says: str) -> Drawn:
    """Lying bars, one a line, in the order given; `totals` are what is written at their ends."""
    import altair as alt

    data = [{"label": r.label, "part": r.part, "value": r.value} for r in rows]
    order = [label for label, _ in totals]
    parts = list(dict.fromkeys(r.part for r in rows))
    ends = [
        {"label": label, "said": said, "value": sum(r.value for r in rows if r.label == label)}
        for label, said in totals
    ]

    def draw(width: int) -> alt.TopLevelMixin:
        axis = alt.Axis(
            title=None, ticks=False, domain=False, labelPadding=8,
            labelLimit=230 if width == WIDE else 128,
        )  # fmt: skip
        y = alt.Y("label:N", sort=order, axis=axis, scale=alt.Scale(paddingInner=0.32))
        most = max([e["value"] for e in ends if isinstance(e["value"], float | int)] or [1])
        room = 1.16 if width == WIDE else 1.5
        x = alt.X("value:Q", axis=None, scale=alt.Scale(domain=[0, max(1.0, most * room)]))
        colours = [COLOURS.get(p, ACCENT) for p in parts]
        legend = alt.Legend(title=None, orient="top", columns=4 if width == WIDE else 2)
        colour = alt.Color(
            "part:N",
            scale=alt.Scale(domain=parts, range=colours),
            legend=legend if len(parts) > 1 else None,
        )
        place = alt.Order("at:Q")
        ordered = [{**d, "at": parts.index(str(d["part"]))} for d in data]
        drawn = alt.Chart(alt.Data(values=ordered)).mark_bar(cornerRadiusEnd=2).encode(
            x=x, y=y, color=colour, order=place
        )
        words = alt.Chart(alt.Data(values=ends)).mark_text(
            align="left", dx=6, color=INK, fontSize=_SIZE
        ).encode(x=x, y=y, text="said:N")
        return (drawn + words).properties(width=width, height=alt.Step(30))

    return _twice(draw, says)


def timeline(
    rows: Sequence[tuple[str, str, int]], order: Sequence[str], colours: Sequence[str], says: str
) -> Drawn:
    """Columns over time, a strip for each series with a scale of its own. Rows: (series, moment in
    ISO, how many)."""
    import altair as alt

    data = [{"what": what, "at": at, "value": value} for what, at, value in rows]

    def draw(width: int) -> alt.TopLevelMixin:
        moments = sorted({d["at"] for d in data})
        column = max(2, min(18, (width - 70) // max(1, len(moments)) - 1)) if moments else 2
        clock = "%-d %b" if moments and moments[-1][:10] > moments[0][:10] else "%H:%M"
        strips = []
        for place, (what, colour) in enumerate(zip(order, colours, strict=True)):
            last = place == len(order) - 1
            own = [d for d in data if d["what"] == what]
            top = max((int(d["value"]) for d in own), default=1)
            y_axis = alt.Axis(
                title=None, values=[0, top], format=",d", grid=False, domain=False, ticks=False
            )
            x_axis = alt.Axis(
                title=None, labels=last, ticks=last, domainColor=LINE, gridColor=LINE,
                tickCount=6 if width == WIDE else 3, labelOverlap=True, labelFlush=True, format=clock,
            )  # fmt: skip
            ends = [moments[0], moments[-1]] if moments else []
            strips.append(
                alt.Chart(alt.Data(values=own), title=alt.Title(what, anchor="start", fontSize=_SIZE,
                          fontWeight="normal", color=SOFT, offset=2))
                .mark_bar(width=column, color=colour)
                .encode(
                    x=alt.X("at:T", axis=x_axis, scale=alt.Scale(domain=ends, padding=10, type="utc")),
                    y=alt.Y("value:Q", axis=y_axis, scale=alt.Scale(domain=[0, top])),
                )
                .properties(width=width - 62, height=46)
            )  # fmt: skip
        return alt.vconcat(*strips, spacing=14)

    return _twice(draw, says)


def intervals(rows: Sequence[Interval], unit: str, says: str) -> Drawn:
    """Differences as dots on their intervals, around a line at nought."""
    import altair as alt

    data = [
        {"label": r.label, "value": r.value, "low": r.low, "high": r.high, "zero": 0} for r in rows
    ]

    def draw(width: int) -> alt.TopLevelMixin:
        axis = alt.Axis(title=None, ticks=False, domain=False, labelPadding=8,
                        labelLimit=230 if width == WIDE else 128)  # fmt: skip
        y = alt.Y("label:N", sort=None, axis=axis)
        base = alt.Chart(alt.Data(values=data))
        scale = alt.Axis(title=unit, grid=True, gridColor=LINE, domain=False, tickCount=5)
        line = base.mark_rule(strokeWidth=3, color=ACCENT).encode(
            x=alt.X("low:Q", axis=scale, scale=alt.Scale(zero=False)), x2="high:Q", y=y
        )
        dot = base.mark_point(filled=True, size=110, color=ACCENT, opacity=1).encode(
            x="value:Q", y=y
        )
        nought = base.mark_rule(color=SOFT, strokeDash=[4, 3]).encode(x="zero:Q")
        return (nought + line + dot).properties(width=width, height=alt.Step(38))

    return _twice(draw, says)


def _twice(draw: Callable[[int], Any], says: str) -> Drawn:
    return Drawn(says, _svg(draw(WIDE), WIDE), _svg(draw(NARROW), NARROW))


def _svg(chart: Any, width: int) -> str:
    """As text for a page: words stay words, nothing is given a role of its own (the figure has
    one), and the ids of two charts do not meet."""
    import vl_convert

    spec = chart.configure(
        font=_FONT, background="transparent", autosize={"type": "fit-x", "contains": "padding"},
        padding={"left": 14, "right": 4, "top": 2, "bottom": 2},
    ).configure_view(stroke=None).configure_axis(
        labelFontSize=_SIZE, labelColor=INK, titleFontSize=_SIZE, titleColor=SOFT,
        titleFontWeight="normal", tickColor=LINE,
    ).configure_legend(
        labelFontSize=_SIZE, labelColor=INK, symbolType="square", symbolSize=110, padding=0,
    ).to_dict()  # fmt: skip
    drawn = vl_convert.vegalite_to_svg(spec)
    drawn = re.sub(r' (role|aria-[a-z]+)="[^"]*"', "", drawn)
    drawn = re.sub(r"<svg ", f'<svg class="drawn" style="max-width:{width}px" ', drawn, count=1)
    drawn = re.sub(r'(?<=<svg )([^>]*?) width="[^"]*" height="[^"]*"', r"\1", drawn, count=1)
    return drawn.replace("clip", f"clip{width}-")


def listed(labels: Sequence[tuple[str, str]]) -> str:
    """`sent 412; delivered 398`: what a chart says in words."""
    return "; ".join(f"{label} {said}" for label, said in labels)
