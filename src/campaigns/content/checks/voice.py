"""The brand's own rules for words: terms to avoid, names written one way, how loud it may be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from campaigns.content.checks.view import Checked, View
from campaigns.domain.findings import Finding, Level

_TEMPLATE: Final = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_CAPITALS: Final = re.compile(r"\b[^\W\d_a-zß-öø-ÿ]{3,}\b")
_EMOJI: Final = re.compile(r"[\u2600-\u27bf\u2b50\u2b55\u231a\u231b\U0001f000-\U0001faff]")


def check(checked: Checked) -> Iterator[Finding]:
    """`term`, `name`, `voice`."""
    for view in checked.views:
        yield from _terms(checked, view)
        yield from _names(checked, view)
        yield from _voice(checked, view)


def _terms(checked: Checked, view: View) -> Iterator[Finding]:
    for rule in checked.sources.brand.terms.avoid:
        if rule.locales and view.locale not in rule.locales:
            continue
        mend = f"Use {rule.use_instead}: " if rule.use_instead else ""
        for part, text in view.texts.items():
            if found := _word(rule.term, re.IGNORECASE).search(text):
                told = f"the brand does not say `{found[0]}`."
                yield _place(checked, view, part, "term", told, f"{mend}{rule.reason}", found[0])


def _names(checked: Checked, view: View) -> Iterator[Finding]:
    for rule in checked.sources.brand.names:
        for wrong in rule.not_:
            for part, text in view.texts.items():
                if _outside_links(_word(wrong), text):
                    told = f"the name `{rule.write}` is written `{wrong}`."
                    mend = f"Write `{rule.write}`."
                    yield _place(checked, view, part, "name", told, mend, wrong)


def _word(term: str, flags: int = 0) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(term)}(?!\w)", flags)


def _outside_links(pattern: re.Pattern[str], text: str) -> bool:
    """Addresses have their own spelling."""
    return pattern.search(re.sub(r"\S*(?:://|@)\S*", " ", text)) is not None


def _place(
    checked: Checked, view: View, part: str, rule: str, message: str, mend: str, words: str
) -> Finding:
    """The finding at the copy text that holds the words, else at the layout."""
    for _, file, line, text in checked.words_of(view):
        if words in text:
            return replace(checked.in_copy(rule, message, mend, view, part), file=file, line=line)
    return checked.in_layout(rule, message, mend, view, part)


def _voice(checked: Checked, view: View) -> Iterator[Finding]:
    voice = checked.sources.brand.voice
    for key, file, line, source in checked.words_of(view):
        text = _TEMPLATE.sub(" ", source)
        marks = text.count("!") + text.count("¡")
        capitals = _CAPITALS.findall(text)
        told = []
        if voice.max_exclamation_marks is not None and marks > voice.max_exclamation_marks:
            told.append(f"{marks} exclamation marks; {voice.max_exclamation_marks} is the most.")
        if voice.max_capital_words is not None and len(capitals) > voice.max_capital_words:
            told.append(f"{len(capitals)} words in capitals ({', '.join(capitals)}).")
        if not voice.emoji and _EMOJI.search(text):
            told.append("an emoji; the brand uses none.")
        for message in told:
            yield Finding(
                "voice", Level.ERROR, f"`{key}` has {message}", "Say it more quietly.", file, line
            )
