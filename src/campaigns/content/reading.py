"""Reading one campaign's files: all of them, and all their errors at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, RootModel, field_validator

from campaigns.content.agreement import agreement_errors
from campaigns.content.sources import Sources
from campaigns.domain.brand import Brand
from campaigns.domain.campaign import Campaign, Copy, Name
from campaigns.domain.customer import AttributeSpec
from campaigns.domain.locales import language
from campaigns.errors import FileError, FilesError, NotFoundError
from campaigns.yaml_files.document import Document, read_document, read_text
from campaigns.yaml_files.validate import listing, nearest, validate

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)

_COPY_FILE = re.compile(r"copy\.([a-z]{2,3}(?:_[A-Z]{2})?)\.yaml")


class Attributes(RootModel[dict[Name, AttributeSpec]]):
    """templates/attributes.yaml: what may be known of a customer, by name."""

    model_config = ConfigDict(frozen=True)

    @field_validator("root")
    @classmethod
    def _choices_where_asked(cls, specs: dict[str, AttributeSpec]) -> dict[str, AttributeSpec]:
        for name, spec in specs.items():
            if (spec.type == "choice") != bool(spec.choices):
                raise ValueError(f"`{name}`: `choices` belong to type choice, which needs them")
        return specs


def campaign_names(root: Path) -> list[str]:
    """The folders under campaigns/ that hold a campaign."""
    return sorted(p.parent.name for p in (root / "campaigns").glob("*/campaign.yaml"))


def read_sources(root: Path, name: str) -> Sources:
    """Read one campaign. Raises NotFoundError, or FilesError with everything that is wrong."""
    names = campaign_names(root)
    if name not in names:
        raise NotFoundError(
            f"there is no campaign `{name}` in {root / 'campaigns'}; "
            f"{nearest(name, names)}there is: {listing(names)}."
        )
    errors: list[FileError] = []
    folder = root / "campaigns" / name
    brand = _gather(errors, lambda: read_model(root / "brand.yaml", Brand))
    attributes = _gather(errors, lambda: read_attributes(root / "attributes.yaml"))
    campaign = _gather(errors, lambda: read_model(folder / "campaign.yaml", Campaign))
    layouts = _gather(errors, lambda: _layouts(root / "layouts"))
    copies = _gather(errors, lambda: _copies(folder))
    if brand is None or attributes is None or campaign is None or layouts is None or copies is None:
        raise FilesError(errors)
    locales = campaign[1].locales or brand[1].locales
    used = {locale: _for_locale(copies, locale) for locale in locales}
    read = {document.path for files in used.values() for document, _ in files}
    sources = Sources(
        root=root,
        name=name,
        brand_document=brand[0],
        brand=brand[1],
        attributes_document=attributes[0],
        attributes=attributes[1],
        campaign_document=campaign[0],
        campaign=campaign[1],
        copies=used,
        layouts=layouts,
        unread=tuple(sorted({*folder.glob("*.y*ml")} - read - {campaign[0].path})),
    )
    if errors := list(agreement_errors(sources)):
        raise FilesError(errors)
    return sources


def read_model(path: Path, model: type[M]) -> tuple[Document, M]:
    """One file and its model. Raises FileError or FilesError."""
    document = read_document(path)
    return document, validate(document, model)


def read_attributes(path: Path) -> tuple[Document | None, Mapping[str, AttributeSpec]]:
    """The declared attributes; a brand without any needs no file."""
    if not path.exists():
        return None, {}
    document, attributes = read_model(path, Attributes)
    return document, attributes.root


def _gather(errors: list[FileError], read: Callable[[], T]) -> T | None:
    try:
        return read()
    except FileError as error:
        errors.append(error)
    except FilesError as several:
        errors += several.errors
    return None


def _layouts(folder: Path) -> dict[str, str]:
    texts, errors = {}, list[FileError]()
    for path in sorted(folder.glob("*.j2")):
        text = _gather(errors, partial(read_text, path))
        texts[path.name] = text or ""
    if errors:
        raise FilesError(errors)
    return texts


def _copies(folder: Path) -> dict[str, tuple[Document, Copy]]:
    """Language or locale → its copy."""
    found: dict[str, tuple[Document, Copy]] = {}
    errors: list[FileError] = []
    for path in sorted(folder.glob("copy.*")):
        named = _COPY_FILE.fullmatch(path.name)
        if named is None:
            told = "name a copy after its language or locale: copy.es.yaml or copy.es_ES.yaml."
            errors.append(FileError(told, path=path))
            continue
        copy = _gather(errors, partial(read_model, path, Copy))
        if copy is not None:
            found[named[1]] = copy
    if errors:
        raise FilesError(errors)
    return found


def _for_locale(
    copies: Mapping[str, tuple[Document, Copy]], locale: str
) -> tuple[tuple[Document, Copy], ...]:
    """The files a locale reads, its own first."""
    return tuple(copies[key] for key in (locale, language(locale)) if key in copies)
