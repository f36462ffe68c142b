"""Every benchmark that docs/benchmarks.md names runs to its end, here with few customers."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: What makes each of them short. `peers` is left out: it installs the others' packages.
SHORT = {
    "again": ["--customers", "300"],
    "channels": ["sms", "whatsapp", "sink", "--messages", "100"],
    "check": [],
    "customers": ["--customers", "10"],
    "end_to_end": ["--customers", "300", "--email", "smtp"],
    "fill": [],
    "learning": ["--customers", "1000"],
    "prefect_share": ["--customers", "400"],
    "profile": ["--customers", "300"],
    "protocol": ["--rounds", "1"],
    "rates": ["--messages", "1000"],
    "reimport": ["--customers", "300"],
    "smtp_delivery": ["--customers", "300"],
    "steady": ["--customers", "300", "--interactions", "1000"],
    "webhooks": ["--deliveries", "500"],
}
#: These tell by their code, too, whether what is promised was reached: not of so little.
_MAY_MISS = {"check", "fill", "learning", "protocol"}


def test_every_benchmark_that_is_named_is_run_here() -> None:
    page = (ROOT / "docs/benchmarks.md").read_text(encoding="utf-8")
    head, _, _ = page.partition("## The whole path")
    named = set(re.findall(r"python -m tests\.bench\.(\w+)", head))
    by_make = {"end_to_end", "profile"}
    assert named | by_make == {*SHORT, "peers", "smtp_sink"}


@pytest.mark.slow
@pytest.mark.prefect
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", SHORT)
def test_a_benchmark_runs_to_its_end(name: str) -> None:
    command = [sys.executable, "-m", f"tests.bench.{name}", *SHORT[name]]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode in ({0, 1} if name in _MAY_MISS else {0}), ran.stderr[-2000:]
    assert "Traceback" not in ran.stderr, ran.stderr[-2000:]
    assert ran.stdout
