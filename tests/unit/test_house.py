"""House rule 5: code that a reader takes in at a glance. Complexity is ruff's (pyproject.toml)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: Lines. The aims are 30 and 300; from here on something has to be taken apart.
FUNCTION, FILE = 50, 330
#: What is longer and reads well: why.
LONGER = {
    "src/campaigns/sample/__init__.py:_customer": "one row, column by column, of one draw",
}
CODE = sorted(
    path
    for folder in ("src", "flows")
    for path in (ROOT / folder).rglob("*.py")
    if "versions" not in path.parts  # migrations are never changed again
)


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Name and lines, the docstring's not counted, of every function in a file."""
    place = path.relative_to(ROOT).as_posix()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node, clean=False)
            told = 0 if docstring is None else docstring.count("\n") + 1
            yield f"{place}:{node.name}", (node.end_lineno or 0) - node.lineno + 1 - told


def test_functions_are_short_or_have_a_reason() -> None:
    found = [function for path in CODE for function in functions(path)]
    assert len(found) > 1_000  # it does look at them
    assert {name for name, lines in found if lines > FUNCTION} == set(LONGER)


def test_files_hold_one_idea() -> None:
    lines = {p.relative_to(ROOT).as_posix(): len(p.read_text("utf-8").splitlines()) for p in CODE}
    assert [name for name, number in lines.items() if number > FILE] == []
