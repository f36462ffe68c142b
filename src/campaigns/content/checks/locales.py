"""The same in every language: facts, customers' values and texts; and each file in its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

from babel import Locale

from campaigns.content.checks.checked import Checked
from campaigns.content.checks.languages import foreign, sentences
from campaigns.content.checks.pieces import GAP, Piece, brand_pieces, translated_pieces
from campaigns.content.sources import BASE_VARIANT
from campaigns.domain.findings import Finding
from campaigns.domain.locales import language

_FACT: Final = re.compile(r"\bfacts\.(\w+)")
_SLOT: Final = re.compile(r"\b(?:customer|links)\.(\w+)")
_WORD: Final = re.compile(r"[^\W\d_]{2,}")
#: Built from others where they are absent, and so told only where all other languages have them.
_OPTIONAL: Final = frozenset({"short", "post"})
#: Shorter texts may be the same in two languages by chance.
_SAME_LETTERS: Final = 10
#: How sure to be which of two equal texts is the foreign one, and of its own language at most.
_LIKELIER: Final = (0.9, 0.05)


@dataclass(frozen=True, slots=True)
class _Text:
    """One copy text of one language, as a whole."""

    locale: str
    pieces: tuple[Piece, ...]

    @property
    def first(self) -> Piece:
        return self.pieces[0]

    def facts(self, checked: Checked) -> frozenset[str]:
        """The facts it names, and those it states otherwise."""
        known = checked.known[self.locale]
        typed = (name for piece in self.pieces for name in known.of(piece.typed).found)
        return self.names(_FACT) | frozenset(typed)

    def names(self, pattern: re.Pattern[str]) -> frozenset[str]:
        return frozenset(n for piece in self.pieces for n in pattern.findall(piece.words))


def check(checked: Checked) -> Iterator[Finding]:
    """`locale-facts`, `locale-slots`, `locale-texts`, `label-missing`, `language`,
    `untranslated`."""
    for variant, step in product(checked.sources.variants, checked.sources.steps):
        if _in_all(checked, variant, step):
            for key, by_place in _texts(checked, variant, step).items():
                yield from _unequal(checked, key, by_place)
    yield from _absent(checked)
    yield from _brand_lines(checked)
    yield from _labels(checked)
    yield from _languages(checked)
    yield from _untranslated(checked)


def _texts(checked: Checked, variant: str, step: str) -> dict[str, dict[str, _Text]]:
    """Copy text → where it stands → the text. Locales that read the same text count once."""
    found: dict[str, dict[str, _Text]] = {}
    for locale in checked.sources.locales:
        grouped: dict[str, list[Piece]] = {}
        for piece in checked.copy_of(locale, variant, step):
            grouped.setdefault(piece.key, []).append(piece)
        for key, pieces in grouped.items():
            place = f"{pieces[0].file}:{pieces[0].line}"
            found.setdefault(key, {}).setdefault(place, _Text(locale, tuple(pieces)))
    return found


def _in_all(checked: Checked, variant: str, step: str) -> bool:
    """Where a language lacks them, that is told: see `variant-missing`, `step-missing`."""
    having = [
        any(named in words for _, copy in files for words in (copy.variants, copy.steps))
        for files in checked.sources.copies.values()
        for named in (variant, step)
        if named != BASE_VARIANT and named not in checked.sources.steps[:1]
    ]
    return all(having)


def _absent(checked: Checked) -> Iterator[Finding]:
    sources = checked.sources
    has = {locale: set(sources.wording(locale, BASE_VARIANT)) for locale in sources.locales}
    for key in sorted(set().union(*has.values())):
        others = [locale for locale in sources.locales if key in has[locale]]
        if key in _OPTIONAL and not _is_the_only_one(sources.locales, others):
            continue
        for locale in sources.locales:
            if locale not in others:
                file = str(sources.copies[locale][0][0].path)
                told = f"`{key}` is missing here; {_listed(others)} have it."
                finding = checked.finding("locale-texts", told, f"Add `{key}: …`.", file)
                yield replace(finding, locale=locale)


def _is_the_only_one(locales: Sequence[str], having: Sequence[str]) -> bool:
    """Whether one language lacks what several others have."""
    has = {language(locale) for locale in having}
    lacks = {language(locale) for locale in locales} - has
    return len(lacks) == 1 and len(has) > 1


def _unequal(checked: Checked, key: str, texts: Mapping[str, _Text]) -> Iterator[Finding]:
    stated = {place: text.facts(checked) for place, text in texts.items()}
    yield from _compared(checked, "locale-facts", key, texts, stated)
    printed = {place: text.names(_SLOT) for place, text in texts.items()}
    yield from _compared(checked, "locale-slots", key, texts, printed)


def _compared(
    checked: Checked,
    rule: str,
    key: str,
    texts: Mapping[str, _Text],
    names: Mapping[str, frozenset[str]],
) -> Iterator[Finding]:
    for name in sorted(frozenset[str]().union(*names.values())):
        has = [text for place, text in texts.items() if name in names[place]]
        lacks = [text for place, text in texts.items() if name not in names[place]]
        for text in _blamed(has, lacks):
            is_lack = text in lacks
            if is_lack and (text.locale, name) in checked.missing:
                continue  # told as fact-missing
            told, mend = _told(rule, key, name, text, has if is_lack else lacks, is_lack=is_lack)
            finding = checked.finding(rule, told, mend, text.first.file, text.first.line)
            yield replace(finding, locale=text.locale)


def _told(
    rule: str, key: str, name: str, text: _Text, others: list[_Text], *, is_lack: bool
) -> tuple[str, str]:
    is_fact = rule == "locale-facts"
    what = f"the fact `{name}`" if is_fact else f"the customer's `{name}`"
    named = f"{{{{ {'facts' if is_fact else 'customer'}.{name} }}}}"
    elsewhere = _listed([other.locale for other in others])
    told = (
        f"`{key}` lacks {what} in {text.locale}; in {elsewhere} it is there."
        if is_lack
        else f"`{key}` holds {what} in {text.locale}; in {elsewhere} it does not."
    )
    verb = f"Put {named} there too" if is_lack else f"Remove {named} here"
    return told, f"{verb}, or change the other languages."


def _blamed(has: list[_Text], lacks: list[_Text]) -> list[_Text]:
    """The fewer; where they are as many, those that say less."""
    if not has or not lacks:
        return []
    return has if len(has) < len(lacks) else lacks


def _listed(names: list[str]) -> str:
    return ", ".join(dict.fromkeys(names))


def _brand_lines(checked: Checked) -> Iterator[Finding]:
    """A value in one language's legal line stands in all of them."""
    locales = checked.sources.locales
    said: dict[int, dict[str, tuple[Piece, frozenset[str]]]] = {}
    for locale in locales:
        lines = [p for p in brand_pieces(checked.sources, locale) if p.key == "legal"]
        for index, piece in enumerate(lines):
            mentions = checked.known[locale].read(piece.words)
            values = frozenset(f"{m.kind} {m.value}" for m in mentions if m.kind != "text")
            said.setdefault(index, {})[locale] = (piece, values)
    for lines_in in said.values():
        every = [values for _, values in lines_in.values()]
        common = max(every, key=every.count)
        for locale, (piece, values) in lines_in.items():
            if values != common:
                odd = ", ".join(sorted(values ^ common))
                told = f"this legal line and those of other languages differ in: {odd}."
                mend = "Say the same in each language."
                finding = checked.finding("locale-facts", told, mend, piece.file, piece.line)
                yield replace(finding, locale=locale)


def _labels(checked: Checked) -> Iterator[Finding]:
    """Layouts list the facts that have a label; without one in this language it is left out."""
    for name in checked.sources.campaign.facts:
        for section, texts in (("labels", checked.sources.brand.labels.get(name)),):
            if not isinstance(texts, dict):
                continue
            for locale in checked.sources.locales:
                if not checked.label(name, locale):
                    told = f"the fact `{name}` has no label in {locale}, and so it is not listed."
                    mend = f"Add `{language(locale)}: …`."
                    finding = checked.in_brand("label-missing", told, mend, section, name)
                    yield replace(finding, locale=locale)


def _languages(checked: Checked) -> Iterator[Finding]:
    told: set[tuple[str, int]] = set()
    places = [(locale, piece) for locale, piece in checked.every_copy()]
    places += [
        (locale, piece)
        for locale in checked.sources.locales
        for piece in brand_pieces(checked.sources, locale)
    ]
    for locale, piece in places:
        if (piece.file, piece.line) in told:
            continue
        found = _foreign(piece, language(locale))
        if found is not None:
            told.add((piece.file, piece.line))
            words, other = found
            message = f"`{words[:50]}` is in {_called(other)}, not in {_called(language(locale))}."
            finding = checked.finding(
                "language", message, "Translate it.", piece.file, piece.line_of(words)
            )
            yield replace(finding, locale=locale)


def _foreign(piece: Piece, own: str) -> tuple[str, str] | None:
    """Words of a text that are in another language, and which."""
    for words in (piece.typed, *sentences(piece.spoken)):
        plain = " ".join(words.replace(GAP, " ").split())
        if other := foreign(plain, own):
            return plain, other
    return None


def _called(code: str) -> str:
    name: Callable[[str], str | None] = Locale("en").languages.get
    return name(code) or code


def _untranslated(checked: Checked) -> Iterator[Finding]:
    """A line copied from the file of another language and left as it was."""
    names = {word.lower() for name in checked.sources.brand.names for word in name.write.split()}
    names |= set(_WORD.findall(checked.sources.brand.name.lower()))
    first: dict[str, tuple[str, Piece]] = {}
    brands = (
        (locale, piece)
        for locale in checked.sources.locales
        for piece in translated_pieces(checked.sources, locale)
    )
    for locale, piece in (*checked.every_copy(), *brands):
        words = [word for word in _WORD.findall(piece.spoken.lower()) if word not in names]
        if len(words) < 2 or sum(map(len, words)) < _SAME_LETTERS:
            continue
        known = first.setdefault(" ".join(words), (locale, piece))
        if language(known[0]) != language(locale):
            yield from _both(checked, known, (locale, piece))


def _both(checked: Checked, one: tuple[str, Piece], other: tuple[str, Piece]) -> Iterator[Finding]:
    """Told at the one in a foreign language where that is clear, else at both."""
    wrong = [
        (locale, piece)
        for locale, piece in (one, other)
        if foreign(piece.spoken.replace(GAP, " "), language(locale), sure=_LIKELIER)
    ]
    for locale, piece in wrong if len(wrong) == 1 else (one, other):
        same = one[1] if piece is other[1] else other[1]
        told = f"`{piece.key}` is the same as in {same.file}:{same.line}."
        mend = "One of the two is not translated."
        finding = checked.finding("untranslated", told, mend, piece.file, piece.line)
        yield replace(finding, locale=locale)
