"""A WhatsApp text as its app shows it: *bold*, _italic_ and ~struck~ words, and links."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markupsafe import Markup

_TAGS = {"*": "strong", "_": "em", "~": "s"}
# A mark counts at the edge of a word only: 2*3*4 and snake_case_name stay as written.
_MARKED = re.compile(r"(?<![^\W_])([*_~])(?=\S)((?:(?!\1)[^\n])+?)(?<=\S)\1(?![^\W_])")
_LINK = re.compile(r"<a .*?</a>")
_KEPT = "\0"


def whatsapp(text: str) -> Markup:
    """HTML of a text. Everything is escaped first; marks inside a link are part of the link."""
    # Loaded with the first page: a sandbox under load may never show one.
    from jinja2.utils import urlize
    from markupsafe import Markup

    html = urlize(text.replace(_KEPT, ""), rel="noopener noreferrer nofollow")
    links = iter(_LINK.findall(html))
    shown = _marked(_LINK.sub(_KEPT, html))
    return Markup(re.sub(_KEPT, lambda _: next(links), shown))  # noqa: S704 - escaped by urlize


def _marked(html: str) -> str:
    def tagged(found: re.Match[str]) -> str:
        tag = _TAGS[found[1]]
        return f"<{tag}>{_marked(found[2])}</{tag}>"

    return _MARKED.sub(tagged, html)
