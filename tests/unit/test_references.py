"""What code and docs refer to is there: a file that moved takes its mentions along."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("src", "flows", "tests", "docs")
#: A file by its place in the checkout, in a comment, a docstring or a page of the docs.
_FILE = re.compile(
    r"(?<![\w/.:-])(?:src|tests|flows|docs|templates)/[\w./-]+\.(?:py|md|html|yaml|toml|json|j2|png)\b"
)
#: `Implements services.ports.Outbox`, `see domain.timing`.
_NAME = re.compile(
    r"\b(?:Implements|implements|See|see|and) ((?:services|domain|store|channels|bootstrap|content"
    r"|sources)(?:\.[A-Za-z_]\w*)+)"
)


@cache
def texts() -> list[tuple[str, str]]:
    """Every file of ours that is text: its place and what it says."""
    files = [p for f in FOLDERS for p in (ROOT / f).rglob("*") if p.suffix in (".py", ".md")]
    files += [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "Makefile")]
    return [(str(p.relative_to(ROOT)), p.read_text(encoding="utf-8")) for p in sorted(files)]


def named(pattern: re.Pattern[str], *, group: int = 0) -> Iterator[tuple[str, str]]:
    for place, text in texts():
        for found in pattern.finditer(text):
            yield place, found[group]


def test_every_file_that_is_named_is_there() -> None:
    found = list(named(_FILE))
    assert len(found) > 50  # or the pattern finds nothing any more
    assert [(place, file) for place, file in found if not (ROOT / file).exists()] == []


def test_every_module_and_class_that_is_named_is_there() -> None:
    found = [f for f in named(_NAME, group=1) if f[0].startswith("src/")]
    assert len(found) > 30
    assert [(place, name) for place, name in found if not is_there(name)] == []


@pytest.mark.parametrize("name", ["services.dispatch", "services.ports.Outbox.claim"])
def test_what_is_there_is_found(name: str) -> None:
    assert is_there(name)
    assert not is_there(f"{name}_that_is_not")


def is_there(name: str) -> bool:
    """Whether `campaigns.<name>` is a module, or what one defines."""
    module, rest = "campaigns", name.split(".")
    while rest and find_spec(f"{module}.{rest[0]}") is not None:
        module = f"{module}.{rest.pop(0)}"
        if not hasattr(import_module(module), "__path__"):
            break
    found: object = import_module(module)
    for attribute in rest:
        if not hasattr(found, attribute):
            return False
        found = getattr(found, attribute)
    return True
