"""The files of one campaign, read and validated, with the place of everything that may be wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import TypeAlias

from campaigns.domain.brand import Brand
from campaigns.domain.campaign import Campaign, Copy, Words
from campaigns.domain.customer import AttributeSpec
from campaigns.yaml_files.document import Document, Loc

Text: TypeAlias = "str | tuple[str, ...]"

BASE_VARIANT = "a"
#: Texts that are lists of paragraphs.
PARAGRAPHS = ("body", "closing")


@dataclass(frozen=True, slots=True)
class CopyText:
    """One text of the copy, and where it stands: `loc` in `document`."""

    key: str
    text: Text
    document: Document
    loc: Loc

    @property
    def line(self) -> int | None:
        return self.document.line(self.loc)

    def pieces(self) -> Iterator[tuple[str, int]]:
        """Each text with the line its words start on."""
        if isinstance(self.text, str):
            yield self.text, self.document.first_lines.get(self.loc, 1)
            return
        for index, text in enumerate(self.text):
            yield text, self.document.first_lines.get((*self.loc, index), 1)


#: What one locale and variant says: key → text.
Wording: TypeAlias = Mapping[str, CopyText]


@dataclass(frozen=True)
class Sources:
    """Everything a release is made from. Paths are as the user named the templates folder."""

    root: Path
    name: str
    brand_document: Document
    brand: Brand
    attributes: Mapping[str, AttributeSpec]
    attributes_document: Document | None
    campaign_document: Document
    campaign: Campaign
    copies: Mapping[str, tuple[tuple[Document, Copy], ...]]
    layouts: Mapping[str, str]
    unread: tuple[Path, ...] = ()  # YAML files of the campaign's folder that it does not read

    @cached_property
    def locales(self) -> tuple[str, ...]:
        """The campaign's locales, the default first."""
        wanted = self.campaign.locales or self.brand.locales
        default = self.brand.default_locale
        first = (default,) if default in wanted else ()
        return (*first, *(x for x in wanted if x not in first))

    @cached_property
    def variants(self) -> tuple[str, ...]:
        """`a` and every variant that some copy has."""
        named = {v for files in self.copies.values() for _, copy in files for v in copy.variants}
        return (BASE_VARIANT, *sorted(named))

    @cached_property
    def steps(self) -> tuple[str, ...]:
        """The names of the journey's steps; one empty name where there is one message."""
        return tuple(step.name for step in self.campaign.steps) or ("",)

    def wording(self, locale: str, variant: str, step: str = "") -> Wording:
        """The texts for a locale: its own file before its language's, the step's before the
        variant's before those of `a`."""
        found: dict[str, CopyText] = {}
        for document, copy in reversed(self.copies[locale]):
            _take(found, document, copy, ())
            if variant in copy.variants:
                _take(found, document, copy.variants[variant], ("variants", variant))
            if step in copy.steps:
                _take(found, document, copy.steps[step], ("steps", step))
        return found

    def copy_place(self, locale: str, *keys: str) -> tuple[Path, int | None]:
        """File and line of the first of these texts that the locale has."""
        wording = self.wording(locale, BASE_VARIANT)
        for key in keys:
            if key in wording:
                return wording[key].document.path, wording[key].line
        return self.copies[locale][0][0].path, None

    def layout_path(self, name: str) -> Path:
        """The file of a layout."""
        return self.root / "layouts" / name

    def manifest(self) -> dict[str, object]:
        """The canonical source documents and the hash of each file's text, by relative path."""
        documents = self._documents()
        texts = {d.path: d.text for d in documents}
        texts |= {self.layout_path(name): text for name, text in self.layouts.items()}
        parsed: dict[str, object] = {self._relative(d.path): d.data for d in documents}
        parsed |= {self._relative(self.layout_path(n)): text for n, text in self.layouts.items()}
        return {
            "files": {self._relative(p): _hash(text) for p, text in sorted(texts.items())},
            "documents": dict(sorted(parsed.items())),
        }

    def _documents(self) -> list[Document]:
        copies = [document for files in self.copies.values() for document, _ in files]
        fixed = [self.brand_document, self.campaign_document, self.attributes_document]
        return [d for d in fixed if d is not None] + list({d.path: d for d in copies}.values())

    def _relative(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()


def _take(found: dict[str, CopyText], document: Document, words: Words, loc: Loc) -> None:
    for key in Words.model_fields:
        text = getattr(words, key)
        if text is not None:
            found[key] = CopyText(key, text, document, (*loc, key))


def _hash(text: str) -> str:
    return blake2b(text.encode(), digest_size=16).hexdigest()
