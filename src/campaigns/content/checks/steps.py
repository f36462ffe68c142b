"""A journey's steps: worded in every language, and none the same as one before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from campaigns.content.checks.checked import Checked
from campaigns.content.checks.view import View
from campaigns.domain.findings import Finding

_ADD: Final = "Add `steps: {{{step}: {{{key}: …}}}}`."


def check(checked: Checked) -> Iterator[Finding]:
    """`step-missing`, `step-repeats`."""
    if len(checked.sources.steps) > 1:
        yield from _missing(checked)
        yield from _repeats(checked)


def _missing(checked: Checked) -> Iterator[Finding]:
    """A language that lacks a step's words would get those of another step."""
    for step in checked.sources.steps[1:]:
        for locale, files in checked.sources.copies.items():
            if not any(step in copy.steps for _, copy in files):
                told = f"step `{step}` has no words here."
                mend, file = _ADD.format(step=step, key="headline"), str(files[0][0].path)
                yield replace(checked.finding("step-missing", told, mend, file), locale=locale)


def _repeats(checked: Checked) -> Iterator[Finding]:
    """Nobody is told the same again: what a channel shows must differ from step to step."""
    order = {name: place for place, name in enumerate(checked.sources.steps)}
    first: dict[tuple[object, ...], str] = {}
    for skeleton in sorted(checked.release.skeletons, key=lambda s: order[s.step]):
        view = View(skeleton)
        key = (skeleton.channel, skeleton.locale, skeleton.variant, skeleton.traits, _said(view))
        earlier = first.setdefault(key, skeleton.step)
        if earlier != skeleton.step and _has_words(checked, view):
            told = f"step `{skeleton.step}` says on {view.channel} what `{earlier}` said."
            text = "short" if "body" in view.parts else "headline"
            mend = _ADD.format(step=skeleton.step, key=text)
            yield checked.in_copy("step-repeats", told, mend, view)


def _said(view: View) -> tuple[str, ...]:
    """A new subject over the same words is the same message again."""
    return tuple(text for name, text in view.parts.items() if name not in ("subject", "html"))


def _has_words(checked: Checked, view: View) -> bool:
    """Else `step-missing` tells it."""
    files = checked.sources.copies[view.locale]
    return any(view.skeleton.step in copy.steps for _, copy in files)
