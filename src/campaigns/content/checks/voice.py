"""The brand's own rules for words: terms to avoid and to use, names written one way, how loud it
may be, and the patterns that it adds itself. All of them are data in brand.yaml."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import regex

from campaigns.content.checks.checked import Checked
from campaigns.content.checks.pieces import Piece
from campaigns.content.checks.view import BODIES, View
from campaigns.domain.consistency.reading import read
from campaigns.domain.copy_rules import PatternRule
from campaigns.domain.findings import Finding, Level

#: Of any script; Arabic, Hebrew and others have no capitals.
_CAPITALS: Final = regex.compile(r"\b\p{Lu}{3,}\b")
_EMOJI: Final = regex.compile(
    r"[\p{Extended_Pictographic}--[©®™‼⁉ℹ↔-↪⌚-⏳Ⓜ▪-◾]]|\p{RI}|\u20e3", regex.V1
)
#: Texts of brand.yaml that are no speech: the law's words, names and addresses.
_NO_SPEECH: Final = ("legal", "brand")
#: Addresses and handles have their own spelling.
_ADDRESS: Final = ("://", "@")
#: Processor seconds that a pattern of the brand may take in one text; an ordinary one takes
#: some millionths.
_PATIENCE: Final = 0.2


def check(checked: Checked) -> Iterator[Finding]:
    """`term`, `name`, `voice`, `pattern`."""
    for view in checked.views:
        texts = {part: read(text).text for part, text in view.texts.items()}
        yield from _terms(checked, view, texts)
        yield from _names(checked, view, texts)
    yield from _patterns(checked)
    yield from _names_in_brand(checked)
    yield from _voice(checked)


def _terms(checked: Checked, view: View, texts: dict[str, str]) -> Iterator[Finding]:
    for words, told, mend, level in _glossary(checked, view.locale):
        for part, text in texts.items():
            if found := _word(words, re.IGNORECASE).search(text):
                message = f"the brand does not say `{found[0]}`."
                shown = found[0]
                yield checked.at_words("term", message, f"{mend}{told}", view, part, shown, level)


def _glossary(checked: Checked, locale: str) -> Iterator[tuple[str, str, str, Level]]:
    """Each term that is not said: words, reason, what to say, level."""
    terms = checked.sources.brand.terms
    for avoided in terms.avoid:
        if not avoided.locales or locale in avoided.locales:
            mend = f"Use {avoided.use_instead}: " if avoided.use_instead else ""
            for words in (avoided.term, *avoided.also):
                yield words, avoided.reason, mend, avoided.level
    for preferred in terms.use:
        if not preferred.locales or locale in preferred.locales:
            for words in preferred.instead_of:
                yield words, preferred.reason, f"Use {preferred.term}: ", preferred.level


def _names(checked: Checked, view: View, texts: dict[str, str]) -> Iterator[Finding]:
    for part, text in texts.items():
        for write, wrong in _miswritten(checked, text):
            told = f"the name `{write}` is written `{wrong}`."
            yield checked.at_words("name", told, f"Write `{write}`.", view, part, wrong)


def _names_in_brand(checked: Checked) -> Iterator[Finding]:
    """Senders' names stand in no text, and are the first thing that people read."""
    for piece in checked.others(checked.sources.locales[0]):
        for write, wrong in _miswritten(checked, piece.words) if piece.key == "brand" else ():
            told = f"the name `{write}` is written `{wrong}`."
            yield checked.finding("name", told, f"Write `{write}`.", piece.file, piece.line)


def _miswritten(checked: Checked, text: str) -> Iterator[tuple[str, str]]:
    """The right way and the wrong one."""
    plain = _without_addresses(text)
    for rule in checked.sources.brand.names:
        written = (m[0] for m in _word(rule.write, re.IGNORECASE).finditer(plain))
        listed = (wrong for wrong in rule.not_ if _word(wrong).search(plain))
        for wrong in dict.fromkeys((*written, *listed)):
            if wrong != rule.write:
                yield rule.write, wrong


def _without_addresses(text: str) -> str:
    words = text.split(" ")
    return " ".join("" if any(mark in word for mark in _ADDRESS) else word for word in words)


@lru_cache(maxsize=1024)
def _word(term: str, flags: int = 0) -> re.Pattern[str]:
    words = r"\s+".join(re.escape(word) for word in read(term).text.split())
    return re.compile(rf"(?<!\w){words}(?!\w)", flags)


def _patterns(checked: Checked) -> Iterator[Finding]:
    for index, rule in enumerate(checked.sources.brand.patterns):
        views = (
            view
            for view in checked.views
            if (not rule.channels or view.channel in rule.channels)
            and (not rule.locales or view.locale in rule.locales)
        )
        try:
            for view in views:
                yield from _judge(checked, view, rule)
        except TimeoutError:
            told = f"the pattern `{rule.id}` takes too long; repeats inside repeats do that."
            mend = "Write it without a repeat inside a repeat."
            yield checked.in_brand("pattern", told, mend, "patterns", index)


def _judge(checked: Checked, view: View, rule: PatternRule) -> Iterator[Finding]:
    mend = f"Use {rule.use_instead}: {rule.reason}" if rule.use_instead else rule.reason
    for part, text in view.texts.items():
        found = _compiled(rule.pattern).search(text, timeout=_PATIENCE)
        if found is not None and rule.expect == "never":
            words = " ".join(found[0].split())
            told = f"`{words}` is against the brand's rule `{rule.id}`."
            yield checked.at_words("pattern", told, mend, view, part, words, rule.level)
        if found is None and rule.expect == "always" and part in BODIES:
            told = f"this message lacks what the brand's rule `{rule.id}` asks for."
            finding = checked.in_layout("pattern", told, mend, view, part)
            yield checked.finding("pattern", told, mend, finding.file, None, view, part, rule.level)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> regex.Pattern[str]:
    return regex.compile(pattern)


def _voice(checked: Checked) -> Iterator[Finding]:
    brand, facts = checked.sources.brand, checked.sources.campaign.facts
    quiet = {word for name in brand.names for word in name.write.split()}
    quiet |= {str(f.value) for f in facts.values() if f.kind == "code"}
    pieces = [piece for _, piece in checked.every_copy()]
    rest = {piece for locale in checked.sources.locales for piece in checked.others(locale)}
    pieces += sorted(
        (piece for piece in rest if piece.key not in _NO_SPEECH), key=lambda p: (p.file, p.line)
    )
    for piece in pieces:
        for message in _loud(checked, piece, quiet):
            told = f"`{piece.key}` has {message}"
            yield checked.finding("voice", told, "Say it more quietly.", piece.file, piece.line)


def _loud(checked: Checked, piece: Piece, quiet: set[str]) -> Iterator[str]:
    voice, text = checked.sources.brand.voice, piece.typed
    marks = text.count("!") + text.count("¡")
    capitals = [word for word in _CAPITALS.findall(text) if word not in quiet]
    if voice.max_exclamation_marks is not None and marks > voice.max_exclamation_marks:
        yield f"{marks} exclamation marks; {voice.max_exclamation_marks} is the most."
    if voice.max_capital_words is not None and len(capitals) > voice.max_capital_words:
        yield f"{len(capitals)} words in capitals ({', '.join(capitals)})."
    if not voice.emoji and _EMOJI.search(text):
        yield "an emoji; the brand uses none."
