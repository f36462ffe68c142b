"""Doing once what is the same for most faults: a fault changes one file, and the rest of the
campaign is parsed, compiled and read as it was. Whatever a fault changes is done anew, since
everything here is kept by the very text that it was made from.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any

from jinja2 import meta, nodes

from campaigns.content import reading
from campaigns.content.checks import known
from campaigns.content.checks.known import Known
from campaigns.content.sandbox import Sandbox

_Function = Callable[..., Any]


@contextmanager
def remembering() -> Iterator[None]:
    """Remember what was parsed, compiled and read, until the end."""
    changed = [
        _keep(Sandbox, "compile", lambda box, *what: (box.autoescape, *what)),
        _keep(Sandbox, "parse", lambda _, source: source),
        _keep(meta, "find_undeclared_variables", _Same),
        _keep(reading, "read_document", lambda path: (path, path.read_bytes())),
        _keep(known, "extract", lambda *given: given),
        _keep(Known, "_examine", lambda it, *given: (_declared(it), *given)),
    ]
    try:
        yield
    finally:
        for owner, name, function in changed:
            setattr(owner, name, function)


def _keep(owner: Any, name: str, key: Callable[..., Hashable]) -> tuple[Any, str, _Function]:
    function: _Function = getattr(owner, name)
    kept: dict[Hashable, Any] = {}

    def remembered(*given: Any, **more: Any) -> Any:
        found = key(*given, *more.values())
        if found not in kept:
            kept[found] = function(*given, **more)
        return kept[found]

    setattr(owner, name, remembered)
    return owner, name, function


class _Same:
    """A tree as a key: itself and no other."""

    def __init__(self, tree: nodes.Template) -> None:
        self.tree = tree

    def __hash__(self) -> int:
        return id(self.tree)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.tree is self.tree


def _declared(it: Known) -> Hashable:
    """All that a verdict depends on but the text."""
    given = vars(it).get("_given")
    if given is None:
        given = (it.locale, tuple(it.declared), tuple(it.allowed), tuple(it._must_say))
        vars(it)["_given"] = given
    return given
