"""A new campaign, begun from a sound example: it compiles and checks clean as it stands."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

from campaigns.content.catalog import Catalog
from campaigns.domain.locales import language
from campaigns.errors import UserError

_EXAMPLE = Path(__file__).parent / "example"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
#: An offer should not be over when the file is opened again: so far ahead its example ends.
_ENDS_IN = timedelta(days=60)


def begin(catalog: Catalog, name: str, *, today: date) -> list[Path]:
    """Write templates/campaigns/<name>/ from the example, one copy file per language of the brand.

    Returns the files written. Raises UserError for a bad or taken name, or for a brand none of
    whose languages the example knows.
    """
    if not _NAME.fullmatch(name):
        raise UserError(
            f"`{name}` cannot be a campaign's name: small letters, digits and _, a letter first, "
            "such as summer_sale."
        )
    folder = catalog.templates / "campaigns" / name
    if folder.exists():
        raise UserError(f"{folder} is there already; choose another name.")
    brand = catalog.brand()
    languages = list(dict.fromkeys(language(locale) for locale in brand.locales))
    missing = [known for known in languages if not _copy(known).exists()]
    if missing:
        raise UserError(
            f"the example has no words in {', '.join(missing)}. Copy a campaign's folder by hand "
            f"and translate its copy file, or take {missing[0]} out of the brand's locales first."
        )
    values = {
        "title": name.replace("_", " ").capitalize(),
        "ends_on": (today + _ENDS_IN).isoformat(),
        "shop": f"https://{brand.link_domains[0]}/",
    }
    sources = [_EXAMPLE / "campaign.yaml", *map(_copy, languages)]
    return [_write(source, folder / source.name, values) for source in sources]


def _copy(known: str) -> Path:
    return _EXAMPLE / f"copy.{known}.yaml"


def _write(source: Path, target: Path, values: dict[str, str]) -> Path:
    text = source.read_text(encoding="utf-8")
    for key, value in values.items():
        text = text.replace(f"<<{key}>>", value)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    return target
