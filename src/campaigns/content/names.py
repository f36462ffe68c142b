"""The names that copy may use, checked in its source, so that all misspellings show at once."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from jinja2 import TemplateSyntaxError, meta, nodes
from jinja2.exceptions import TemplateAssertionError

from campaigns.content.sandbox import Sandbox
from campaigns.content.sources import CopyText, Sources
from campaigns.errors import FileError
from campaigns.yaml_files.validate import unknown

#: What a root name holds, in errors.
KINDS = {"facts": "fact", "customer": "customer value", "links": "link", "traits": "trait"}
ROOTS = ("facts", "customer", "brand", "links", "traits", "campaign", "locale", "language")
MORE_ROOTS = ("channel", "variant", "step")


@dataclass(frozen=True, slots=True)
class Reference:
    """`facts.discount` in a copy text, and its line."""

    root: str
    name: str
    line: int


def _trees(text: CopyText, sandbox: Sandbox) -> Iterator[tuple[nodes.Template, int]]:
    """A copy text's templates, parsed, and the line each starts on. What is no template gives
    nothing: running it tells."""
    for piece, first_line in text.pieces():
        if "{" in piece:
            with contextlib.suppress(TemplateSyntaxError):
                yield sandbox.parse(piece), first_line


def _references(tree: nodes.Template, first_line: int) -> Iterator[Reference]:
    """What a template names."""
    for node in tree.find_all((nodes.Getattr, nodes.Getitem)):
        reference = _reference(node)
        if reference is not None:
            root, name = reference
            yield Reference(root, name, first_line - 1 + node.lineno)


def _reference(node: nodes.Node) -> tuple[str, str] | None:
    match node:
        case nodes.Getattr(node=nodes.Name(name=root), attr=name):
            return root, name
        case nodes.Getitem(node=nodes.Name(name=root), arg=nodes.Const(value=str(name))):
            return root, name
    return None


def name_errors(
    sources: Sources, sandbox: Sandbox, known: Mapping[str, Sequence[str]]
) -> Iterator[FileError]:
    """Misspelt and undeclared names in every copy text. `known`: root → its names."""
    for text in _texts(sources):
        for tree, first_line in _trees(text, sandbox):
            path = text.document.path
            for used in _references(tree, first_line):
                if used.root in known and used.name not in known[used.root]:
                    told = _told(sources, used, known[used.root])
                    yield FileError(told, path=path, line=used.line)
            for told, line in _unknown_roots(tree, sandbox, known):
                yield FileError(told, path=path, line=first_line - 1 + line)


def _told(sources: Sources, used: Reference, allowed: Sequence[str]) -> str:
    attribute = sources.attributes.get(used.name)
    branching = attribute is not None and attribute.type in ("bool", "choice")
    if used.root == "customer" and attribute is not None and attribute.type == "bool":
        return (
            f"`customer.{used.name}` is true or false and cannot be printed; name it under "
            f"`traits` in campaign.yaml and use `{{% if traits.{used.name} %}}`."
        )
    if used.root == "traits" and branching:
        return f"`traits.{used.name}` is not declared; name it under `traits` in campaign.yaml."
    return unknown(KINDS[used.root], used.name, allowed)


def _unknown_roots(
    tree: nodes.Template, sandbox: Sandbox, known: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, int]]:
    """What is told of names that nothing has, and the line in the template."""
    try:
        undeclared = meta.find_undeclared_variables(tree) - set(sandbox.globals)
    except TemplateAssertionError:
        return  # an unknown filter: running it tells
    for name in sorted(undeclared):
        if name in ROOTS or name in MORE_ROOTS:
            continue
        line = next((n.lineno for n in tree.find_all(nodes.Name) if n.name == name), 1)
        owner = next((root for root, names in known.items() if name in names), None)
        meant = f"did you mean `{owner}.{name}`? " if owner else ""
        yield f"unknown name `{name}`; {meant}texts may use {', '.join(ROOTS)}.", line


def _texts(sources: Sources) -> Iterator[CopyText]:
    """Every copy text of every file once."""
    seen: set[tuple[object, object]] = set()
    for locale in sources.locales:
        for variant, step in product(sources.variants, sources.steps):
            for text in sources.wording(locale, variant, step).values():
                key = (text.document.path, text.loc)
                if key not in seen:
                    seen.add(key)
                    yield text
