"""Reading the CSS of an e-mail: declarations, and the rules that stay in <style>."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

_STYLE: Final = re.compile(r"<style\b[^>]*>(.*?)</style\s*>", re.DOTALL | re.IGNORECASE)
_COMMENT: Final = re.compile(r"/\*.*?\*/|<!--|-->", re.DOTALL)
_RULE: Final = re.compile(r"([^{}]+)\{([^{}]*)\}")
_MEDIA: Final = re.compile(r"(@[^{};]+)\{((?:[^{}]*\{[^{}]*\})*)[^{}]*\}")
_DECLARATION: Final = re.compile(r"\s*([\w-]+)\s*:\s*((?:[^;\"']|\"[^\"]*\"|'[^']*')+)")


@lru_cache(maxsize=2048)
def declarations(style: str) -> dict[str, str]:
    """Property → value, as the last declaration of each says; not to be changed."""
    return {name.lower(): value.strip() for name, value in _DECLARATION.findall(style)}


@lru_cache(maxsize=64)
def style_sheets(html: str) -> tuple[str, ...]:
    """The texts of the <style> elements, without comments."""
    return tuple(_COMMENT.sub("", sheet) for sheet in _STYLE.findall(html))


def media_rules(html: str, query: re.Pattern[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Selector and declarations of the rules under the @media that the query is found in."""
    for sheet in style_sheets(html):
        for head, body in _MEDIA.findall(sheet):
            if query.search(head):
                for selector, style in _RULE.findall(body):
                    yield selector.strip(), declarations(style)


def all_rules(html: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    """At-rule (or nothing), selector and declarations of every rule that is left in <style>."""
    for sheet in style_sheets(html):
        for head, body in _MEDIA.findall(sheet):
            for selector, style in _RULE.findall(body):
                yield head.strip(), selector.strip(), declarations(style)
        for selector, style in _RULE.findall(_MEDIA.sub("", sheet)):
            head = selector.strip() if selector.strip().startswith("@") else ""
            yield head, "" if head else selector.strip(), declarations(style)
