"""Running the faults: each in a copy of the shipped templates, against all checks."""

from __future__ import annotations

import random
import shutil
import signal
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NoReturn

from campaigns.content.child import SOFT_CPU_SECONDS
from campaigns.content.compile import compile_campaign
from campaigns.content.templates import OutOfTime
from campaigns.domain.findings import Finding, Level
from tests.unit.content.mutation import every_kind
from tests.unit.content.mutation.adversarial import adversarial_faults
from tests.unit.content.mutation.facts_faults import fact_faults
from tests.unit.content.mutation.fault import Fault
from tests.unit.content.mutation.file_faults import file_faults
from tests.unit.content.mutation.mail_faults import mail_faults
from tests.unit.content.mutation.second_look import second_look
from tests.unit.content.mutation.shipped import TEMPLATES, text_of
from tests.unit.content.mutation.words_faults import word_faults

SEED = 20270331
#: Of each kind this many are drawn; of kinds with fewer, all.
MOST_OF_A_KIND = 10


@cache
def every_fault() -> tuple[Fault, ...]:
    """All that the generators make, each once."""
    faults = (
        *fact_faults(), *word_faults(), *file_faults(), *mail_faults(), *adversarial_faults(),
        *second_look(),
    )  # fmt: skip
    names = Counter((f.kind, f.name) for f in faults)
    assert not (twice := [n for n, times in names.items() if times > 1]), twice
    return faults


def drawn(seed: int = SEED) -> dict[str, list[Fault]]:
    """Kind → the faults that the tests run: seeded, spread over campaigns, files and languages."""
    kinds: dict[str, list[Fault]] = defaultdict(list)
    for fault in every_fault():
        kinds[fault.kind].append(fault)
    return {kind: list(_spread(faults, seed)) for kind, faults in sorted(kinds.items())}


def _spread(faults: list[Fault], seed: int) -> Iterator[Fault]:
    """Some of a kind, taking the edited files in turn."""
    random_ = random.Random(f"{seed} {faults[0].kind}")
    shuffled = random_.sample(faults, len(faults))
    by_file: dict[tuple[str, str], list[Fault]] = defaultdict(list)
    for fault in shuffled:
        by_file[fault.campaign, fault.file].append(fault)
    left = MOST_OF_A_KIND
    while left and any(by_file.values()):
        for queue in by_file.values():
            if queue and left:
                left -= 1
                yield queue.pop()


@dataclass(frozen=True)
class Result:
    """What the checks said of one fault."""

    fault: Fault
    findings: tuple[Finding, ...]
    root: Path

    @property
    def caught(self) -> bool:
        """Whether a finding of the right level stands at the right file."""
        return any(
            (f.level is Level.ERROR or self.fault.warns) and self._file(f) in self.fault.right_files
            for f in self.findings
        )

    def told(self) -> str:
        """Why it was missed: what was found instead."""
        found = {f"{f.rule} ({f.level}) at {self._file(f)}" for f in self.findings}
        return "; ".join(sorted(found)) or "no finding"

    def _file(self, finding: Finding) -> str:
        return Path(finding.file).relative_to(self.root).as_posix()


class Harness:
    """A copy of the templates in which one file at a time is wrong."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "templates"
        shutil.copytree(TEMPLATES, self.root)
        for file, text in every_kind.FILES.items():
            (self.root / file).parent.mkdir(exist_ok=True)
            (self.root / file).write_text(text, encoding="utf-8")

    def findings(self, campaign: str) -> tuple[Finding, ...]:
        """All findings of a campaign as the folder is now; none when checking it takes longer
        than the compiling process allows."""
        before = signal.signal(signal.SIGPROF, _out_of_time)
        signal.setitimer(signal.ITIMER_PROF, SOFT_CPU_SECONDS)
        try:
            return compile_campaign(self.root, campaign).findings
        except OutOfTime:
            return ()
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGPROF, before)

    def run(self, fault: Fault) -> Result:
        """One fault made, checked and mended."""
        path = self.root / fault.file
        path.write_text(fault.text, encoding="utf-8")
        try:
            return Result(fault, self.findings(fault.campaign), self.root)
        finally:
            path.write_text(text_of(fault.file), encoding="utf-8")

    def run_all(self, faults: Iterable[Fault]) -> list[Result]:
        """One after the other."""
        return [self.run(fault) for fault in faults]


def _out_of_time(_signal: int, _frame: object) -> NoReturn:
    raise OutOfTime


def report(results: Iterable[Result]) -> str:
    """Caught and missed per kind, and each miss."""
    by_kind: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        by_kind[result.fault.kind].append(result)
    lines = [f"{'kind':40} faults  caught"]
    for kind, of_kind in sorted(by_kind.items()):
        lines.append(f"{kind:40} {len(of_kind):6} {sum(r.caught for r in of_kind):7}")
    every = [r for of_kind in by_kind.values() for r in of_kind]
    caught = sum(r.caught for r in every)
    share = 100 * caught / max(1, len(every))
    lines.append(f"{'all':40} {len(every):6} {caught:7}  {share:.1f} %")
    return "\n".join(lines)


def missed(results: Iterable[Result]) -> str:
    """The misses as a list in Markdown."""
    return "\n".join(
        f"- `{r.fault.kind}: {r.fault.name}` in {r.fault.file}: {r.fault.why}. Instead: {r.told()}."
        for r in results
        if not r.caught
    )
