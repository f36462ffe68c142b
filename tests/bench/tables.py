"""The figures of a benchmark as Markdown: the stages, the steps of sending, and the targets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

DOCS = Path(__file__).resolve().parents[2] / "docs/benchmarks.md"
_HEAD = (
    "| stage | items | wall s | per second | product CPU µs each | sandbox CPU µs each "
    "| database CPU µs each | peak MiB | worker peak MiB |\n"
    "|---|---:|---:|---:|---:|---:|---:|---:|---:|"
)
_MILLION = 1_000_000
_MEMORY = 300.0
#: Seconds asked for, from plan to recorded.
_E_MAIL = {"sqlite": 80.0, "postgresql": 100.0}
_BLOCKS = "end-to-end"


class Target(NamedTuple):
    """What is asked for, and what was measured."""

    what: str
    asked: float
    found: float
    unit: str

    def row(self) -> str:
        """A line of the table. At most `asked` is met."""
        met = "yes" if self.found <= self.asked else "**no**"
        return (
            f"| {self.what} | {self.asked:g} {self.unit} | {self.found:.1f} {self.unit} | {met} |"
        )


def tables(results: Sequence[Mapping[str, Any]]) -> str:
    """A table of stages for each result, and the targets after one of a million."""
    return "\n\n".join(_told(result, results) for result in results)


def _told(result: Mapping[str, Any], beside: Sequence[Mapping[str, Any]]) -> str:
    """One result; `beside` holds smaller ones to compare it with."""
    parts, targets = list(_of(result)), [target.row() for target in _targets(result, beside)]
    if targets:
        head = ["| target | asked | found | met |", "|---|---:|---:|---|"]
        parts.append("\n".join([*head, *targets]))
    return "\n\n".join(parts)


def _of(result: Mapping[str, Any]) -> Iterator[str]:
    customers = result["customers"]
    before, after = result["load"]
    named = f"{int(customers):,} customers" if customers.isdigit() else customers
    yield (
        f"**{named}, {result['database']}**, mix `{result['mix']}`, {result['workers']} workers, "
        f"{result['at'][:10]}, load average before it {before:.1f}, after {after:.1f}"
    )
    yield "\n".join([_HEAD, *map(_row, result["stages"])])
    steps = [_steps(stage) for stage in result["stages"] if stage["steps"]]
    yield "\n".join([*steps, f"Peak memory of the sandbox: {result['sandbox_peak']:.0f} MiB."])


def _row(stage: Mapping[str, Any]) -> str:
    each = max(1, stage["items"])
    cpu = (stage["cpu"], stage["sandbox_cpu"], stage["server_cpu"])
    cells = [
        f"{stage['name']} | {stage['items']:,} | {stage['wall']:.2f} | {stage['rate']:,.0f}",
        *(f"{seconds / each * 1e6:,.0f}" for seconds in cpu),
        f"{stage['peak']:.0f} | {stage['worker_peak']:.0f}",
    ]
    return f"| {' | '.join(cells)} |"


def _steps(stage: Mapping[str, Any]) -> str:
    each = max(1, stage["items"])
    told = ", ".join(f"{n} {s / each * 1e6:.0f}" for n, s in stage["steps"].items())
    return f"Of {stage['name']}, the sending threads' CPU in µs each: {told}.  "


def _targets(result: Mapping[str, Any], beside: Sequence[Mapping[str, Any]]) -> Iterator[Target]:
    database = result["database"]
    if result["customers"] != str(_MILLION) or database not in _E_MAIL:
        return
    wall = {stage["name"]: stage["wall"] for stage in result["stages"]}
    e_mail = wall["plan"] + wall.get("send email", 0.0)
    yield Target(f"e-mail, plan to recorded, {database}", _E_MAIL[database], e_mail, "s")
    yield Target(f"import, {database}", 120.0, wall["import"], "s")
    yield Target(f"plan, {database}", 30.0, wall["plan"], "s")
    peak = max(max(s["peak"], s["worker_peak"]) for s in result["stages"])
    yield Target(f"most memory of a process, {database}", _MEMORY, peak, "MiB")
    taken = {(r["database"], r["customers"]): r for r in beside}
    small = taken.get((database, str(_MILLION // 10)))
    if small is not None:
        ratio = _total(result) / _total(small)
        yield Target(f"time at 1M over time at 100k, {database}", 11.0, ratio, "times")


def _total(result: Mapping[str, Any]) -> float:
    return float(sum(stage["wall"] for stage in result["stages"]))


def write_tables(results: Sequence[Mapping[str, Any]], file: Path = DOCS) -> None:
    """Put each result into docs/benchmarks.md, with the command that made it: into a block of its
    database and size, so that what was not measured this time stays."""
    for result in results:
        name = f"{_BLOCKS} {result['database']} {result['customers']}"
        _add_block(name, file)
        write_between(name, f"`{result['command']}`\n\n{_told(result, results)}", file)


def _add_block(name: str, file: Path) -> None:
    """Marks of this name, if there are none yet, as the last within the blocks' own."""
    page, begin = file.read_text(encoding="utf-8"), f"<!-- {name}: begin -->\n"
    before, end, after = page.partition(f"<!-- {_BLOCKS}: end -->")
    if begin not in page and end:
        block = f"{begin}<!-- {name}: end -->\n\n"
        file.write_text(f"{before}{block}{end}{after}", encoding="utf-8")


def write_between(name: str, text: str, file: Path = DOCS) -> None:
    """Replace what stands between the marks of this name. Raises ValueError without marks."""
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->"
    before, opened, rest = file.read_text(encoding="utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not (opened and closed):
        raise ValueError(f"{file.name} has no marks for {name}")
    file.write_text(f"{before}{begin}\n{text}\n\n{end}{after}", encoding="utf-8")
