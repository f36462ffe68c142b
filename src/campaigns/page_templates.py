"""How pages for people are made: one Jinja environment's settings for all of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

#: As our sentences mark what is to be typed.
_CODE: Final = re.compile(r"`([^`]*)`")


def page_templates(folder: Path) -> Environment:
    """The templates of a folder: values are escaped, and a name that is not given is an error. The
    filter `code` shows what a sentence has between backticks as code."""
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["code"] = _code
    return environment


def _code(sentence: str) -> Markup:
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(sentence))))  # noqa: S704 - escaped before
