"""The texts of the files, each with its place: where a finding in a message is to be mended."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from campaigns.content.parts import layout_names
from campaigns.content.sources import Sources
from campaigns.domain.facts import simple
from campaigns.domain.locales import language
from campaigns.yaml_files.document import Document, Loc

_TEMPLATE: Final = re.compile(r"\{#.*?#\}|\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_FALLBACK: Final = re.compile(r"or_else\(\s*['\"]([^'\"]*)['\"]")
#: A template whose value may be lacking, and what stands there then.
_MAY_LACK: Final = re.compile(r"\{\{[^}]*\bor_else\(\s*(['\"]?)(.*?)\1\s*\)[^}]*\}\}")
_KNOWN_AGAIN: Final = 12
_FACT: Final = re.compile(r"\bfacts\.(\w+)")
_SLOT: Final = re.compile(r"\bcustomer\.(\w+)")
#: Of a layout: what no reader sees.
_UNSEEN: Final = re.compile(
    r"<!--.*?-->|<style\b.*?</style\s*>|<script\b.*?</script\s*>|<[A-Za-z/!](?:[^>\"']|\"[^\"]*\"|'[^']*')*>",
    re.DOTALL | re.IGNORECASE,
)
#: Stands where a template or a tag was, so that what is around it does not grow together.
GAP: Final = "\ufffc"


@dataclass(frozen=True)
class Piece:
    """One text of a file: `words` as written, starting on `line`; `key` is the copy text's name,
    or `words`, `labels`, `legal` or `brand` of brand.yaml, or `layout`."""

    key: str
    file: str
    line: int
    words: str
    source: str

    @cached_property
    def typed(self) -> str:
        """What is typed here, without templates, and in layouts without tags."""
        text = _TEMPLATE.sub(_gap, self.words)
        return _UNSEEN.sub(_gap, text) if self.key == "layout" else text

    def names(self, fact: str) -> bool:
        """Whether a template in it names a fact."""
        return any(
            re.search(rf"\bfacts\.{fact}\b", found) for found in _TEMPLATE.findall(self.words)
        )

    def prints(self, fact: str) -> bool:
        """Whether it states a fact always and as it is: under no condition, through no filter,
        with nothing grown onto it."""
        plain = rf"(?<![\w%€$£.,/+}}-])\{{\{{-?\s*facts\.{fact}\s*-?\}}\}}(?!\w|\{{)"
        return bool(re.search(plain, self.words)) and not re.search(r"\{[%#]", self.words)

    def lacking(self, words: str) -> tuple[str, int] | None:
        """File and line, where it holds the words for customers who lack a value."""
        for found in _MAY_LACK.finditer(self.words):
            before, after = self.words[: found.start()], self.words[found.end() :]
            if words in " ".join(simple(f"{before}{found[2]}{after}").split()):
                return self.file, self.line_of(found[0])
        return None

    @cached_property
    def spoken(self) -> str:
        """What is typed here, and the words that stand there for customers without a value."""
        return " ".join((self.typed, *_FALLBACK.findall(self.words)))

    @cached_property
    def whole(self) -> str:
        """The text as a reader gets it; empty when templates add to it."""
        return "" if GAP in self.typed else " ".join(simple(self.typed).split())

    @cached_property
    def longest_run(self) -> str:
        """The longest words between templates, as a reader gets them; empty when too short to
        be known again, or behind a condition."""
        if "{%" in self.words:
            return ""
        runs = (" ".join(simple(run).split()) for run in self.typed.split(GAP))
        longest = max(runs, key=len, default="").strip(" .,:;")
        return longest if len(longest) >= _KNOWN_AGAIN else ""

    def length(self, facts: Mapping[str, str], slots: Mapping[str, int]) -> int:
        """How many characters a reader can get, with facts as written and values at their
        longest. Words behind a condition count."""
        used = sum(len(facts.get(name, "")) for name in _FACT.findall(self.words))
        most = sum(slots.get(name, 0) for name in _SLOT.findall(self.words))
        return len(" ".join(self.typed.replace(GAP, "").split())) + used + most

    @property
    def is_layout(self) -> bool:
        return self.key == "layout"

    def line_of(self, words: str) -> int:
        """The line on which some of its words stand in the file."""
        wanted = simple(words).split()
        last = self.line + self.words.count("\n") + 2 * len(self.words) // 60 + 2
        lines = simple(self.source).split("\n")[self.line - 1 : last]
        whole = re.compile(rf"(?<!\w){re.escape(' '.join(wanted))}(?!\w)")
        for offset, text in enumerate(lines):
            if whole.search(" ".join(text.split())):
                return self.line + offset
        for offset, text in enumerate(lines):
            if wanted and wanted[0] in text:
                return self.line + offset
        return self.line


def _gap(found: re.Match[str]) -> str:
    return GAP + "\n" * found[0].count("\n")


def copy_pieces(sources: Sources, locale: str, variant: str, step: str) -> Iterator[Piece]:
    """Each copy text of a locale, variant and step; paragraphs one by one."""
    for key, text in sources.wording(locale, variant, step).items():
        for words, line in text.pieces():
            document = text.document
            yield Piece(key, str(document.path), line, words, document.text)


def other_pieces(sources: Sources, locale: str) -> Iterator[Piece]:
    """What a locale reads of the brand's texts, and the layouts of the campaign's channels."""
    yield from brand_pieces(sources, locale)
    names = dict.fromkeys(
        name
        for channel in sources.campaign.channels
        for name in layout_names(sources.campaign.layouts, channel).values()
    )
    # Layouts that these include come last.
    for name in (*names, *(n for n in sources.layouts if n not in names)):
        text = sources.layouts[name]
        yield Piece("layout", str(sources.layout_path(name)), 1, text, text)


def brand_pieces(sources: Sources, locale: str) -> Iterator[Piece]:
    """The brand's words, labels and legal lines in a locale, its name and its addresses."""
    document = sources.brand_document
    for section in ("name", "postal_address", "postal_addresses", "logo", "senders"):
        yield from _lines(document, (section,), document.data.get(section))
    for section in ("words", "labels", "legal"):
        for loc, texts in _entries(document, section):
            yield from _in_locale(document, loc, texts, locale)


def translated_pieces(sources: Sources, locale: str) -> Iterator[Piece]:
    """The brand's words and legal lines that have a text for each language."""
    document = sources.brand_document
    for section in ("words", "legal"):
        for loc, texts in _entries(document, section):
            if isinstance(texts, dict):
                yield from _in_locale(document, loc, texts, locale)


def _entries(document: Document, section: str) -> Iterator[tuple[Loc, object]]:
    entries = document.data.get(section)
    if isinstance(entries, dict):
        yield from (((section, name), texts) for name, texts in entries.items())


def _lines(document: Document, loc: Loc, value: object) -> Iterator[Piece]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _lines(document, (*loc, name), inner)
    elif isinstance(value, str):
        line = document.line(loc) or 1
        yield Piece("brand", str(document.path), line, value, document.text)


def _in_locale(document: Document, loc: Loc, texts: object, locale: str) -> Iterator[Piece]:
    if isinstance(texts, dict):
        key = locale if locale in texts else language(locale)
        loc, texts = (*loc, key), texts.get(key)
    if isinstance(texts, str):
        line = document.first_lines.get(loc) or document.line(loc) or 1
        yield Piece(str(loc[0]), str(document.path), line, texts, document.text)


def find_words(pieces: Iterable[Piece], words: str) -> tuple[str, int] | None:
    """File and line of the first text that holds the words, spaces and line breaks apart; as
    whole words before as parts of longer ones."""
    wanted = " ".join(simple(words).split())
    if not wanted:
        return None
    holding = [p for p in pieces if wanted in " ".join(simple(p.words).split())]
    whole = re.compile(rf"(?<!\w){re.escape(wanted)}(?!\w)")
    for piece in holding:
        if whole.search(" ".join(simple(piece.words).split())):
            return piece.file, piece.line_of(words)
    found = next(((p.file, p.line_of(words)) for p in holding), None)
    return found or next((p.lacking(wanted) for p in pieces if p.lacking(wanted)), None)
