"""The pages' style sheet: one file, in the brand's colours."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Final

from campaigns.domain.brand import Brand, Colours

_CSS: Final = Path(__file__).parent / "pages.css"


def style_sheet(brand: Brand) -> str:
    """The whole of it: colours by the brand, in the dark too where it has those, then the rest."""
    sheets = [f":root {{ color-scheme: {'light dark' if brand.dark_colours else 'light'}; }}"]
    sheets.append(f":root {{ {_variables(brand.colours)} }}")
    if brand.dark_colours:
        dark = _variables(brand.dark_colours)
        sheets.append(f"@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}")
    return "\n".join([*sheets, _CSS.read_text(encoding="utf-8")])


def version(sheet: str) -> str:
    """A name that changes with the sheet, so that browsers may keep it for good."""
    return sha256(sheet.encode()).hexdigest()[:12]


def _variables(colours: Colours) -> str:
    return " ".join(
        f"--{name.replace('_', '-')}: {value};" for name, value in colours.model_dump().items()
    )
