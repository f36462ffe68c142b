"""The names that copy may use, checked in its source, so that all misspellings show at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from jinja2 import TemplateSyntaxError, meta, nodes

from campaigns.content.sandbox import Sandbox
from campaigns.content.sources import CopyText, Sources
from campaigns.errors import FileError
from campaigns.yaml_files.validate import unknown

#: What a root name holds, in errors.
KINDS = {"facts": "fact", "customer": "customer value", "links": "link", "traits": "trait"}
ROOTS = ("facts", "customer", "brand", "links", "traits", "campaign", "locale", "language")
MORE_ROOTS = ("channel", "variant")


@dataclass(frozen=True, slots=True)
class Reference:
    """`facts.discount` in a copy text, and its line."""

    root: str
    name: str
    line: int


def references(text: CopyText, sandbox: Sandbox) -> Iterator[Reference]:
    """What a copy text names. Texts that are no template give nothing: running them tells."""
    for piece, first_line in text.pieces():
        try:
            tree = sandbox.parse(piece)
        except TemplateSyntaxError:
            continue
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
        for used in references(text, sandbox):
            if used.root in known and used.name not in known[used.root]:
                told = _told(sources, used, known[used.root])
                yield FileError(told, path=text.document.path, line=used.line)
        yield from _unknown_roots(text, sandbox, known)


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
    text: CopyText, sandbox: Sandbox, known: Mapping[str, Sequence[str]]
) -> Iterator[FileError]:
    for piece, first_line in text.pieces():
        try:
            tree = sandbox.parse(piece)
            undeclared = meta.find_undeclared_variables(tree) - set(sandbox.globals)
        except TemplateSyntaxError:
            continue
        for name in sorted(undeclared):
            if name in ROOTS or name in MORE_ROOTS:
                continue
            line = next((n.lineno for n in tree.find_all(nodes.Name) if n.name == name), 1)
            owner = next((root for root, names in known.items() if name in names), None)
            meant = f"did you mean `{owner}.{name}`? " if owner else ""
            told = f"unknown name `{name}`; {meant}texts may use {', '.join(ROOTS)}."
            yield FileError(told, path=text.document.path, line=first_line - 1 + line)


def _texts(sources: Sources) -> Iterator[CopyText]:
    """Every copy text of every file once."""
    seen: set[tuple[object, object]] = set()
    for locale in sources.locales:
        for variant in sources.variants:
            for text in sources.wording(locale, variant).values():
                key = (text.document.path, text.loc)
                if key not in seen:
                    seen.add(key)
                    yield text
