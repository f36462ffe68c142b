"""How commands speak: tables for people, one JSON document for programs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console, Group
    from rich.progress import Progress

#: Columns of a line that no terminal breaks.
PIPED = 160

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


def looking(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option `--by` of commands that show a customer: who looks, for the audit trail."""
    said = "Who looks, for the audit trail; else the account on this machine."
    return click.option("--by", default=os_user, metavar="NAME", help=said)(command)


def os_user() -> str:
    """The account on this machine, for the audit trail; containers may run without one."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def console(*, err: bool = False) -> Console:
    """A console on the present standard output (or error); in a pipe lines are longer, so that
    fewer of them break."""
    from rich.console import Console

    piped = not (sys.stderr if err else sys.stdout).isatty() and "COLUMNS" not in os.environ
    # Customers' words and codes are shown as they are: `:office:` is no picture of a house.
    width = PIPED if piped else None
    return Console(stderr=err, highlight=False, soft_wrap=False, emoji=False, width=width)


def print_json(document: Mapping[str, Any] | Sequence[Any]) -> None:
    """One JSON document; enums, dates and counters are written as their plain values."""
    import orjson

    options = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS | orjson.OPT_APPEND_NEWLINE
    sys.stdout.write(orjson.dumps(document, option=options, default=str).decode())


def print_json_line(document: Mapping[str, Any]) -> None:
    """One document on one line, at once: for a stream of them."""
    import orjson

    options = orjson.OPT_NON_STR_KEYS | orjson.OPT_APPEND_NEWLINE
    sys.stdout.write(orjson.dumps(document, option=options, default=str).decode())
    sys.stdout.flush()


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Group:
    """A plain table; columns of numbers are right-aligned, and moments stay on one line."""
    from rich import box
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    built = Table(
        box=box.SIMPLE_HEAD if any(columns) else box.SIMPLE,
        show_header=any(columns),
        pad_edge=False,
    )
    listed = [list(r) for r in rows]
    for index, column in enumerate(columns):
        values = [r[index] for r in listed]
        numeric = bool(values) and all(v.replace(",", "").isdigit() for v in values if v)
        built.add_column(
            column,
            justify="right" if numeric else "left",
            overflow="fold",
            no_wrap=column == "when",
        )
    for row in listed:
        built.add_row(*row)
    # Not the table's own title, which breaks where the table does.
    return Group(Text(title, style="bold"), built)


def grouped(rows: Iterable[tuple[str, str, int]]) -> list[list[str]]:
    """(section, line, number) rows for a table, a repeated section left blank."""
    written: list[list[str]] = []
    last = ""
    for section, line, number in rows:
        written.append(["" if section == last else section, line, f"{number:,}"])
        last = section
    return written


def progress_bar() -> Progress:
    """A bar on standard error, silent when that is not a terminal."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console(err=True),
        disable=not sys.stderr.isatty(),
    )


def advancing(progress: Progress, description: str, total: int | None) -> Callable[[int], None]:
    """A function that moves a new bar on to the given count."""
    task = progress.add_task(description, total=total)
    return lambda done: progress.update(task, completed=done)
