"""The shipped templates as text, and precise edits of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from tests.unit.content.mutation import every_kind

TEMPLATES = Path(__file__).parents[4] / "templates"
LANGUAGES = ("en", "es", "ca")
CAMPAIGNS = ("spring_sale", "shop_moves")

#: A text of a copy file: `("short",)`, `("body", 0)`.
Place: TypeAlias = "tuple[str | int, ...]"


@cache
def text_of(file: str) -> str:
    """A shipped file, or one of the campaign that stands beside the shipped ones."""
    return every_kind.FILES.get(file) or (TEMPLATES / file).read_text(encoding="utf-8")


def replaced(file: str, old: str, new: str, *, every: bool = False) -> str:
    """The file with words replaced: once, or everywhere. They must be there."""
    text = text_of(file)
    assert old in text, f"{old!r} is not in {file}"
    return text.replace(old, new) if every else text.replace(old, new, 1)


def copy_file(campaign: str, language: str) -> str:
    """The name of a copy file."""
    return f"campaigns/{campaign}/copy.{language}.yaml"


def campaign_file(campaign: str) -> str:
    """The name of a campaign file."""
    return f"campaigns/{campaign}/campaign.yaml"


@cache
def values(file: str) -> dict[str, object]:
    """What a YAML file says."""
    parsed: dict[str, object] = YAML(typ="safe", pure=True).load(text_of(file))
    return parsed


@cache
def texts(file: str) -> tuple[tuple[Place, str], ...]:
    """Each text of a copy file; of lists each entry."""
    return tuple(_texts(file))


def _texts(file: str) -> Iterator[tuple[Place, str]]:
    for key, value in values(file).items():
        if isinstance(value, str):
            yield (key,), value
        elif isinstance(value, list):
            yield from (((key, index), str(entry)) for index, entry in enumerate(value))


def text_at(file: str, place: Place) -> str:
    """One text of a copy file."""
    return dict(texts(file))[place]


def with_text(file: str, place: Place, new: str) -> str:
    """The copy file with one text written anew, in double quotes."""
    node = _node(file, place)
    source = text_of(file)
    start, end = node.start_mark.index, node.end_mark.index
    old = source[start:end]
    tail = old[len(old.rstrip("\n ")) :]
    edited = source[:start] + json.dumps(new, ensure_ascii=False) + tail + source[end:]
    assert edited != source
    return edited


def without(file: str, place: Place) -> str:
    """The copy file without one key or one entry of a list."""
    source, node = text_of(file), _node(file, place)
    start = source.rindex("\n", 0, node.start_mark.index) + 1 if node.start_mark.index else 0
    if isinstance(place[-1], str):
        start = _key(file, place).start_mark.index
    end = node.end_mark.index
    if isinstance(node, SequenceNode):
        end = max(_scalar_ends(node))
    if source[end - 1] != "\n":
        end = source.index("\n", end) + 1
    return source[:start] + source[end:]


def _scalar_ends(node: Node) -> Iterator[int]:
    for child in node.value:
        assert isinstance(child, ScalarNode)
        yield child.end_mark.index


@cache
def _tree(file: str) -> MappingNode:
    tree = YAML(typ="safe", pure=True).compose(text_of(file))
    assert isinstance(tree, MappingNode)
    return tree


def _pair(file: str, key: str) -> tuple[Node, Node]:
    return next((k, v) for k, v in _tree(file).value if k.value == key)


def _key(file: str, place: Place) -> Node:
    return _pair(file, str(place[0]))[0]


def _node(file: str, place: Place) -> Node:
    node = _pair(file, str(place[0]))[1]
    for step in place[1:]:
        node = node.value[step]
    return node
