"""The charts, as SVG that stands in the page: no script, no font, no address of anything.

A chart is drawn twice, wide and narrow, and the page shows the one that fits: scaled down, its
words would be too small to read. Colours are Okabe and Ito's, which people with any colour vision
tell apart; the page replaces them in the dark (page.css names the very same values).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
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
_SIZE = 13
#: Vega-Lite's configuration of every chart.
_LOOKS: dict[str, Any] = {
    "font": "sans-serif",
    "background": "transparent",
    "autosize": {"type": "fit-x", "contains": "padding"},
    "padding": {"left": 14, "right": 4, "top": 2, "bottom": 2},
    "view": {"stroke": None},
    "axis": {
        "labelFontSize": _SIZE,
        "labelColor": INK,
        "titleFontSize": _SIZE,
        "titleColor": SOFT,
        "titleFontWeight": "normal",
        "tickColor": LINE,
    },
    "legend": {
        "labelFontSize": _SIZE,
        "labelColor": INK,
        "symbolType": "square",
        "symbolSize": 110,
        "padding": 0,
    },
}


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
    alt = _altair()
    parts = list(dict.fromkeys(r.part for r in rows))
    data = [
        {"label": r.label, "part": r.part, "value": r.value, "at": parts.index(r.part)}
        for r in rows
    ]
    lengths = {label: sum(r.value for r in rows if r.label == label) for label, _ in totals}
    ends = [{"label": label, "said": said, "value": lengths[label]} for label, said in totals]

    def draw(width: int) -> Any:
        y = alt.Y("label:N", sort=[t for t, _ in totals], axis=_names(width))
        room = 1.16 if width == WIDE else 1.5  # for the words at the ends
        longest = max(1.0, max(lengths.values()) * room)
        x = alt.X("value:Q", axis=None, scale=alt.Scale(domain=[0, longest]))
        colour = alt.Color(
            "part:N",
            scale=alt.Scale(domain=parts, range=[COLOURS[p] for p in parts]),
            legend=alt.Legend(title=None, orient="top", columns=5 if width == WIDE else 2)
            if len(parts) > 1
            else None,
        )
        drawn = alt.Chart(alt.Data(values=data)).mark_bar(cornerRadiusEnd=2)
        words = alt.Chart(alt.Data(values=ends)).mark_text(
            align="left", dx=6, color=INK, fontSize=_SIZE
        )
        layers = drawn.encode(x=x, y=y, color=colour, order="at:Q") + words.encode(
            x=x, y=y, text="said:N"
        )
        return layers.properties(width=width, height=alt.Step(30))

    return _twice(draw, says)


def timeline(
    rows: Sequence[tuple[str, str, int]], order: Sequence[str], colours: Sequence[str], says: str
) -> Drawn:
    """Columns over time, a strip for each series with a scale of its own. Rows: (series, moment in
    ISO, how many)."""
    alt = _altair()
    moments = sorted({at for _, at, _ in rows})

    def strip(what: str, colour: str, width: int) -> Any:
        own = [{"at": at, "value": value} for label, at, value in rows if label == what]
        top = max(value for label, _, value in rows if label == what)
        title = alt.Title(
            what, anchor="start", fontSize=_SIZE, fontWeight="normal", color=SOFT, offset=2
        )
        column = max(2, min(18, (width - 70) // len(moments) - 1))
        drawn = alt.Chart(alt.Data(values=own), title=title).mark_bar(width=column, color=colour)
        x_axis = _time_axis(moments, width, labels=what == order[-1])
        x_scale = alt.Scale(domain=[moments[0], moments[-1]], padding=10, type="utc")
        y_axis = alt.Axis(
            title=None, values=[0, top], format=",d", grid=False, domain=False, ticks=False
        )
        return drawn.encode(
            x=alt.X("at:T", axis=x_axis, scale=x_scale),
            y=alt.Y("value:Q", axis=y_axis, scale=alt.Scale(domain=[0, top])),
        ).properties(width=width - 62, height=46)

    def draw(width: int) -> Any:
        strips = [strip(what, colour, width) for what, colour in zip(order, colours, strict=True)]
        return alt.vconcat(*strips, spacing=14)

    return _twice(draw, says)


def intervals(rows: Sequence[Interval], unit: str, says: str) -> Drawn:
    """Differences as dots on their intervals, around a line at nought."""
    alt = _altair()
    data = [
        {"label": r.label, "value": r.value, "low": r.low, "high": r.high, "zero": 0} for r in rows
    ]

    def draw(width: int) -> Any:
        y = alt.Y("label:N", sort=None, axis=_names(width))
        base = alt.Chart(alt.Data(values=data))
        axis = alt.Axis(title=unit, grid=True, gridColor=LINE, domain=False, tickCount=5)
        x = alt.X("low:Q", axis=axis, scale=alt.Scale(zero=False, nice=True, padding=8))
        line = base.mark_rule(strokeWidth=3, color=ACCENT).encode(x=x, x2="high:Q", y=y)
        dot = base.mark_point(filled=True, size=110, color=ACCENT, opacity=1)
        nought = base.mark_rule(color=SOFT, strokeDash=[4, 3]).encode(x="zero:Q")
        drawn = nought + line + dot.encode(x="value:Q", y=y)
        return drawn.properties(width=width, height=alt.Step(38))

    return _twice(draw, says)


def _altair() -> Any:
    """Imported when something is drawn: it takes a second. Its stubs know no `alt.Data`."""
    import altair

    return altair


def _time_axis(moments: Sequence[str], width: int, *, labels: bool) -> Any:
    """Hours where all is on one day, else days."""
    one_day = moments[0][:10] == moments[-1][:10]
    return _altair().Axis(
        title=None,
        labels=labels,
        ticks=labels,
        domainColor=LINE,
        gridColor=LINE,
        tickCount=6 if width == WIDE else 3,
        labelOverlap=True,
        labelFlush=True,
        format="%H:%M" if one_day else "%-d %b",
    )


def _names(width: int) -> Any:
    """The axis of the names at the left, with the room that the drawing has for them."""
    limit = 230 if width == WIDE else 128
    return _altair().Axis(title=None, ticks=False, domain=False, labelPadding=8, labelLimit=limit)


def _twice(draw: Callable[[int], Any], says: str) -> Drawn:
    return Drawn(says, _svg(draw(WIDE), WIDE), _svg(draw(NARROW), NARROW))


def _svg(chart: Any, width: int) -> str:
    """As text for a page: words stay words, nothing is given a role of its own (the figure has
    one), and the ids of two drawings do not meet."""
    import vl_convert

    drawn: str = vl_convert.vegalite_to_svg(chart.configure(**_LOOKS).to_dict())
    drawn = re.sub(r' (role|aria-[a-z]+)="[^"]*"', "", drawn)
    sized = re.compile(r'<svg ([^>]*?) width="[^"]*" height="[^"]*"')
    drawn = sized.sub(rf'<svg class="drawn" style="max-width:{width}px" \1', drawn, count=1)
    drawn = drawn.replace(' class="marks"', "", 1)
    own = blake2b(drawn.encode(), digest_size=4).hexdigest()
    return re.sub(r'(id="|url\(#)', rf"\1d{own}-", drawn)


def listed(labels: Sequence[tuple[str, str]]) -> str:
    """`sent 412; delivered 398`: what a chart says in words."""
    return "; ".join(f"{label} {said}" for label, said in labels)
