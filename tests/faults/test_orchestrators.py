"""Two orchestrators and a re-run of the same campaign: one send each (scenario 4)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from campaigns.sandbox.process import SandboxProcess

ROOT = Path(__file__).parents[2]
COUNT = "120"


def _start(environment: Mapping[str, str], home: Path, *words: str) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    command = [sys.executable, "-m", "campaigns", *words]
    return subprocess.Popen(command, env=environment, cwd=home, stdout=pipe, stderr=pipe, text=True)


def _end(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out


def test_two_who_run_the_same_campaign_at_once_and_again_send_each_message_once(
    tmp_path: Path, database_url: str
) -> None:
    with SandboxProcess(tmp_path / "sandbox") as sandbox:
        ours = {k: v for k, v in os.environ.items() if not k.startswith("CAMPAIGNS_")}
        environment = ours | {
            "CAMPAIGNS_HOME": str(tmp_path),
            "CAMPAIGNS_TEMPLATES": str(ROOT / "templates"),
            "CAMPAIGNS_DATABASE_URL": database_url,
            "CAMPAIGNS_SANDBOX_URL": sandbox.url,
            "CAMPAIGNS_SHARD_SIZE": "100",
            "CAMPAIGNS_WORKERS": "1",
            "CAMPAIGNS_SANDBOX_QUIET_HOURS": "false",  # it is night somewhere
            "PYTHONPATH": str(ROOT / "src"),
        }

        def told(process: subprocess.Popen[str]) -> dict[str, Any]:
            said: dict[str, Any] = json.loads(_end(process))
            return said

        for words in (
            ("sample", "--count", COUNT, "--out", "customers.csv"),
            ("import", "customers.csv", "--mapping", "customers.mapping.yaml"),
        ):
            _end(_start(environment, tmp_path, *words))
        run = ("run", "spring_sale", "--json")
        both = [_start(environment, tmp_path, *run) for _ in range(2)]
        first, second = (told(process) for process in both)
        logged = list(sandbox.log.entries())
        again = told(_start(environment, tmp_path, *run))
        assert len(list(sandbox.log.entries())) == len(logged)
        assert sandbox.log.duplicates() == {}
    people = [entry.recipient for entry in logged]
    assert len(people) == len(set(people)) > 50
    assert [entry.channel for entry in logged].count("x_post") == 1
    assert max(first["accepted"], second["accepted"]) == len(logged) - 1, "all but the post"
    assert again["accepted"] == 0
    assert again["already"] == max(sum(r["planned"].values()) for r in (first, second))
