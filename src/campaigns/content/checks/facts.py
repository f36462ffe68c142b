"""Facts: every message states what it must, in its locale's form, and nothing else.

The facts are read back out of what people will see, by code that knows nothing of how they were
written (domain/consistency), so that a slip in the one cannot hide in the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from campaigns.content.checks.checked import Checked
from campaigns.content.checks.known import Known
from campaigns.content.checks.links import is_foreign
from campaigns.content.checks.over import last_day
from campaigns.content.checks.pieces import Piece
from campaigns.content.checks.view import (
    ALONE,
    BODIES,
    EDGE,
    OBJECT,
    SAID_BY,
    View,
    readable,
)
from campaigns.domain.channel import Channel
from campaigns.domain.consistency import Kind, Mention, Money, Remark, Verdict
from campaigns.domain.findings import Finding
from campaigns.domain.locales import language

#: The brand's words that have as many are a sentence; fewer are the words of a link.
_SENTENCE: Final = 6


def check(checked: Checked) -> Iterator[Finding]:
    """`fact-missing`, `stranger`, `wrong-format`, `in-words`, `ambiguous`, `label-empty`,
    `twin-differs`, `expires-late`, `implausible`."""
    for view in checked.views:
        verdicts = {part: checked.known[view.locale].verdict(view, part) for part in view.said}
        for part, verdict in verdicts.items():
            if part in BODIES:
                yield from _missing(checked, view, part, verdict)
            yield from remarks(checked, view, part, verdict)
        yield from _fallbacks(checked, view, checked.known[view.locale])
        yield from _labels(checked, view)
        if view.channel is Channel.EMAIL:
            yield from _twin(checked, view, verdicts)
    yield from _expiry(checked)
    yield from _implausible(checked)


def _missing(checked: Checked, view: View, part: str, verdict: Verdict) -> Iterator[Finding]:
    for name in verdict.missing:
        written = readable(checked.release.facts[name][view.locale])
        told = f"this message does not say the fact `{name}` ({written})."
        if _is_the_layouts(checked, view, part, name):
            mend = f"Print the text that says it, or {{{{ facts.{name} }}}}."
            yield checked.in_layout("fact-missing", told, mend, view, part)
        else:
            mend = f"Put {{{{ facts.{name} }}}} into the text."
            yield checked.in_copy("fact-missing", told, mend, view, part)


def _is_the_layouts(checked: Checked, view: View, part: str, name: str) -> bool:
    """Whether a layout drops a fact: the copy names it, or no language has it any more."""
    pieces = checked.words_of(view)
    keys = [key for key in SAID_BY[view.channel] if any(p.key == key for p in pieces)]
    if view.channel in ALONE:
        keys = keys[:1]
    naming = [piece for piece in pieces if piece.key in keys and piece.names(name)]
    if naming:
        return any(piece.prints(name) for piece in naming)
    like = [v for v in checked.views if v.channel is view.channel and part in v.said]
    languages = {language(v.locale) for v in like}
    verdicts = (checked.known[v.locale].verdict(v, part) for v in like)
    return len(languages) > 1 and all(name in verdict.missing for verdict in verdicts)


def remarks(
    checked: Checked,
    view: View,
    part: str,
    verdict: Verdict,
    is_meant: Callable[[Mention], bool] = lambda _: True,
) -> Iterator[Finding]:
    """What a text says wrongly, each at the words that say it."""
    groups = {
        "stranger": verdict.strangers,
        "wrong-format": verdict.wrong_format,
        "in-words": verdict.in_words,
        "ambiguous": verdict.ambiguous,
    }
    for rule, group in groups.items():
        for remark in group:
            if _leads_elsewhere(checked, remark) or not is_meant(remark.mention):
                continue  # the former is told as link-domain
            file, line = checked.place_of(view, part, remark.mention.text, remark.fact)
            told, mend = _sentence(remark), _mend(rule, remark)
            yield checked.finding(rule, told, mend, file, line, view, part)


def _leads_elsewhere(checked: Checked, remark: Remark) -> bool:
    mention = remark.mention
    if mention.kind is not Kind.URL or not isinstance(mention.value, str):
        return False
    return is_foreign(checked, mention.value.split("/")[0])


def _sentence(remark: Remark) -> str:
    advice = readable(remark.advice).replace(OBJECT, "…")
    return f"{advice[:1].upper()}{advice[1:]}."


def _mend(rule: str, remark: Remark) -> str:
    if remark.fact:
        return f"Write {{{{ facts.{remark.fact} }}}} where that is meant."
    if rule == "stranger" and remark.mention.kind is Kind.URL:
        return "Declare it as a fact, or under `pages` in brand.yaml, or remove it."
    return "Declare it under `facts` in campaign.yaml and name it, or remove it."


def _fallbacks(checked: Checked, view: View, known: Known) -> Iterator[Finding]:
    """What stands there for customers without a value, with the words around it, is read by them
    like the rest: `{{ customer.share | or_else(50) }}% off`. Nothing of something (`0 €`) is no
    offer; an address is looked at without its values, unless it is one."""
    nobody = view.for_nobody_known
    if nobody is None:
        return
    words = [slot.fallback or "" for slot in view.skeleton.slots.values()]

    def is_meant(mention: Mention) -> bool:
        value = mention.value.amount if isinstance(mention.value, Money) else mention.value
        is_link = mention.kind is Kind.URL
        return value != 0 and (not is_link or any(mention.text in given for given in words))

    for part, blocks in nobody.blocks.items():
        changed = [block for block in blocks if block not in view.blocks[part]]
        yield from remarks(checked, view, part, known.of(EDGE.join(changed)), is_meant)


def _labels(checked: Checked, view: View) -> Iterator[Finding]:
    """`label-empty`: a line or cell that names a fact is followed by the fact."""
    for name, written in checked.release.facts.items():
        label = checked.label(name, view.locale)
        parts = [part for part in view.blocks if part in BODIES] if label else []
        for part in parts:
            value = readable(written[view.locale])
            if any(value not in following for following in _after(view, part, label)):
                told = f"`{label}` stands there without the fact `{name}`."
                mend = f"Put {{{{ facts.{name} }}}} after it."
                yield checked.in_layout("label-empty", told, mend, view, part)


def _after(view: View, part: str, label: str) -> Iterator[str]:
    """What follows a label that has a cell or line of its own."""
    if part != "html":
        lines = (readable(line) for line in view.parts[part].split("\n"))
        yield from ("" for line in lines if line == f"{label}:")
        return
    blocks = [readable(block) for block in view.blocks[part]]
    for block, following in zip(blocks, (*blocks[1:], ""), strict=True):
        if block.rstrip(" :") == label:
            yield following


def _twin(checked: Checked, view: View, verdicts: dict[str, Verdict]) -> Iterator[Finding]:
    """`twin-differs`: who reads the plain text of a mail learns what the others learn."""
    html, text = verdicts.get("html"), verdicts.get("text")
    if html is None or text is None:
        return
    must_say = checked.sources.campaign.must_say
    for name in checked.release.facts:
        if name in must_say or (name in html.found) == (name in text.found):
            continue
        has, lacks = ("HTML", "text") if name in html.found else ("text", "HTML")
        told = f"the {has} part states the fact `{name}`, the {lacks} part does not."
        mend = f"Put {{{{ facts.{name} }}}} there too, or into the copy."
        yield checked.in_layout("twin-differs", told, mend, view, lacks.lower())
    for piece in (*checked.words_of(view), *checked.others(view.locale)):
        run = piece.longest_run if _is_for_both(piece) else ""
        shown = [part for part in ("html", "text") if run and run in view.texts[part]]
        if len(shown) == 1:
            lacks = "text" if shown == ["html"] else "html"
            told = f"`{piece.key}` (“{run[:40]}”) stands in the {shown[0]} part only."
            mend = "Put it there too."
            yield checked.in_layout("twin-differs", told, mend, view, lacks)


def _is_for_both(piece: Piece) -> bool:
    """Texts for readers of both parts; of the brand's words those that are whole sentences."""
    sentence = piece.key == "words" and len(piece.words.split()) >= _SENTENCE
    return sentence or piece.key in SAID_BY[Channel.EMAIL]


def _expiry(checked: Checked) -> Iterator[Finding]:
    """`expires-late`: nothing is sent that was true yesterday."""
    campaign, brand = checked.sources.campaign, checked.sources.brand
    days = {name: day for name in campaign.must_say if (day := last_day(campaign.facts[name]))}
    expires = campaign.expires_at(brand.time_zone)
    if not days:
        return
    name = max(days, key=lambda fact: days[fact])
    if expires is None:
        yield checked.in_campaign(
            "expires-late",
            f"it has no `expires`: it is sent after the fact `{name}` ({days[name]}), too.",
            f"Write `expires: {days[name]}`, or an earlier day.",
            ("facts", name),
        )
        return
    last_second = campaign.model_copy(update={"expires": days[name]}).expires_at(brand.time_zone)
    if last_second is not None and expires > last_second:
        yield checked.in_campaign(
            "expires-late",
            f"it is sent until {campaign.expires}, after the fact `{name}` ({days[name]}).",
            f"Write `expires: {days[name]}`, or an earlier day.",
            ("expires",),
        )


def _implausible(checked: Checked) -> Iterator[Finding]:
    """`implausible`: a slip of the keyboard in the one place that nothing else contradicts."""
    for name, fact in checked.sources.campaign.facts.items():
        odd = ""
        if fact.percent is not None and not 0 < fact.percent <= 100:
            odd = f"{fact.percent} percent"
        elif fact.money is not None and fact.money.amount <= 0:
            odd = f"an amount of {fact.money.amount}"
        if odd:
            told = f"the fact `{name}` is {odd}."
            mend = "Look whether that is meant."
            yield checked.in_campaign("implausible", told, mend, ("facts", name))
