"""A new campaign, begun from a sound example: it compiles and checks clean as it stands.

In a language that the example does not know its copy is the English one, to be translated: the
checks tell line by line what is left."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

from campaigns.content.catalog import Catalog
from campaigns.domain.channel import Channel
from campaigns.domain.locales import language
from campaigns.errors import UserError

_EXAMPLE = Path(__file__).parent / "example"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
#: An offer should not be over when the file is opened again: so far ahead its example ends.
_ENDS_IN = timedelta(days=60)
_BORROWED = "en"
_CHANNELS = (Channel.EMAIL, Channel.WHATSAPP, Channel.SMS)


class Begun(NamedTuple):
    """The files written, and those of them whose words are English still."""

    files: list[Path]
    to_translate: list[Path]


def begin(catalog: Catalog, name: str, *, today: date) -> Begun:
    """Write templates/campaigns/<name>/ from the example, one copy file per language of the brand.

    Raises UserError for a bad or taken name.
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
    values = {
        "title": name.replace("_", " ").capitalize(),
        "ends_on": (today + _ENDS_IN).isoformat(),
        "shop": f"https://{brand.link_domains[0]}/",
        "topic": next(iter(brand.topics), "offers"),
        "channels": ", ".join(c for c in _CHANNELS if brand.senders.of(c)) or Channel.EMAIL,
    }
    files = [_write(_EXAMPLE / "campaign.yaml", folder / "campaign.yaml", values)]
    to_translate = []
    for known in languages:
        file = folder / f"copy.{known}.yaml"
        if _copy(known).exists():
            files.append(_write(_copy(known), file, values))
        else:
            to_translate.append(_write(_copy(_BORROWED), file, values))
    return Begun(files + to_translate, to_translate)


def _copy(known: str) -> Path:
    return _EXAMPLE / f"copy.{known}.yaml"


def _write(source: Path, target: Path, values: dict[str, str]) -> Path:
    text = source.read_text(encoding="utf-8")
    for key, value in values.items():
        text = text.replace(f"<<{key}>>", value)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    return target
