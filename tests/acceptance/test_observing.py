"""Logs, figures and spans of a real run: the same numbers, ids to find things by, nobody's data."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from campaigns.bootstrap import App, connect
from campaigns.bootstrap.observing.observer import observer, traces_are_configured
from campaigns.bootstrap.observing.words import code
from campaigns.domain.delivery import Rejected, Unknown
from campaigns.errors import ConfigurationError
from campaigns.sandbox.process import SandboxProcess
from campaigns.settings import Settings
from tests.marked import MARK, write_marked

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Told:
    """All that a run said, and where it is."""

    lines: list[dict[str, object]]
    spans: list[dict[str, object]]
    metrics: str
    everything: str
    report: dict[str, object]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """A marked audience through one run in two worker processes, everything switched on."""
    home = tmp_path_factory.mktemp("home")
    file = home / "customers.csv"
    mapping = write_marked(file)
    with SandboxProcess(home / "sandbox") as sandbox:
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("CAMPAIGNS_", "OTEL_"))},
            "PYTHONPATH": str(ROOT / "src"),
            "CAMPAIGNS_HOME": str(home),
            "CAMPAIGNS_TEMPLATES": str(ROOT / "templates"),
            "CAMPAIGNS_SANDBOX_URL": sandbox.url,
            "CAMPAIGNS_SHARD_SIZE": "100",
            "CAMPAIGNS_WORKERS": "2",
            "CAMPAIGNS_SANDBOX_QUIET_HOURS": "false",
            "CAMPAIGNS_LOG": "debug",
            "CAMPAIGNS_LOG_FORMAT": "json",
            "OTEL_TRACES_EXPORTER": "console",
        }
        with connect(Settings(home=home)) as app:
            app.import_customers(file, mapping)
        with (home / "out").open("w") as out, (home / "err").open("w") as err:
            command = [sys.executable, "-m", "campaigns", "run", "spring_sale"]
            subprocess.run(command, env=environment, stdout=out, stderr=err, check=True)
    said, logged = (home / "out").read_text(), (home / "err").read_text()
    with connect(Settings(home=home)) as app:
        metrics = figures(app)
        report = app.report(1).as_json()
    # Sentences for people are between the lines, where some customers' night makes them wait.
    lines = [json.loads(line) for line in logged.splitlines() if line.startswith("{")]
    return Told(lines, list(_documents(said)), metrics, said + logged + metrics, report)


def _documents(said: str) -> Iterator[dict[str, object]]:
    """The exporter's JSON documents in what was printed."""
    decoder, at = json.JSONDecoder(), said.find("{\n")
    while at >= 0:
        document, end = decoder.raw_decode(said, at)
        yield document
        at = said.find("{\n", end)


def figures(app: App) -> str:
    from campaigns.bootstrap.observing.figures import text

    return text(app)


def samples(metrics: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (s.name, frozenset(s.labels.items())): s.value
        for family in text_string_to_metric_families(metrics)
        for s in family.samples
    }


def test_no_personal_value_is_in_any_line_metric_or_span(told: Told) -> None:
    assert len(told.lines) > 100
    assert len(told.spans) > 3
    assert MARK not in told.everything
    assert "@example.com" not in told.everything
    assert "+34" not in told.everything


def test_every_delivery_is_in_the_log_with_its_run_shard_and_batch(told: Told) -> None:
    lines = [line for line in told.lines if "delivery" in line]
    accepted = [line["delivery"] for line in lines if line["event"] == "accepted"]

    post = 1
    assert len(accepted) == len(set(accepted)) == told.report["accepted"] + post  # type: ignore[operator]
    assert all({"run", "shard", "batch"} <= line.keys() for line in lines)
    ends = [line for line in told.lines if line["event"] == "sending ends"]
    assert [line["accepted"] for line in ends] == [told.report["accepted"]]


def test_spans_of_all_processes_belong_to_the_run_and_tell_the_same_figures(told: Told) -> None:
    named: dict[str, list[dict]] = {}  # type: ignore[type-arg]
    for span in told.spans:
        named.setdefault(str(span["name"]), []).append(span)
    (run,) = named["campaigns.run"]
    shards = [s for s in named["campaigns.shard"] if s["attributes"]["campaigns.shard"] >= 0]
    ids = {s["context"]["span_id"] for s in named["campaigns.shard"]}

    assert len(shards) == run["attributes"]["campaigns.shards"]
    assert {s["parent_id"] for s in shards} == {run["context"]["span_id"]}
    assert {s["parent_id"] for s in named["campaigns.batch"]} <= ids
    assert run["attributes"]["campaigns.accepted"] == told.report["accepted"]
    by_batch = sum(s["attributes"].get("campaigns.accepted", 0) for s in named["campaigns.batch"])
    assert by_batch == told.report["accepted"] + 1  # type: ignore[operator]


def test_metrics_tell_the_numbers_of_the_report(told: Told) -> None:
    seen = samples(told.metrics)
    accepted = sum(
        value
        for (name, labels), value in seen.items()
        if name == "campaigns_deliveries" and ("state", "accepted") in labels
    )

    assert accepted == told.report["accepted"] + 1  # type: ignore[operator]
    labels = {("run", "1"), ("campaign", "spring_sale")}
    assert seen["campaigns_run", frozenset({*labels, ("state", str(told.report["state"]))})] == 1
    assert seen["campaigns_workers", frozenset(labels)] == 0
    assert seen["campaigns_armed", frozenset()] == 1


def test_the_endpoint_answers_over_http(tmp_path: Path) -> None:
    from prometheus_client import start_http_server

    from campaigns.bootstrap.observing.figures import registry

    with connect(Settings(home=tmp_path)) as app:
        server, thread = start_http_server(0, addr="127.0.0.1", registry=registry(app))
        url = f"http://127.0.0.1:{server.server_port}/metrics"
        with urllib.request.urlopen(url, timeout=60) as answer:
            text = answer.read().decode()
        server.shutdown()
        server.server_close()
        thread.join()
    assert samples(text)["campaigns_armed", frozenset()] == 1


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("twilio:21610", "twilio:21610"),
        ("slot:first_name", "slot:first_name"),
        ("550 ana@example.com unknown", "other"),
        ("+34600000001", "other"),
    ],
)
def test_a_code_that_is_none_is_not_told(said: str, told: str) -> None:
    assert code(Rejected(said, "")) == told
    assert code(Unknown(said, "")) == told


def test_with_nothing_configured_nothing_is_loaded() -> None:
    program = (
        "import sys; from campaigns.bootstrap import connect;"
        "from campaigns.settings import Settings; app = connect(Settings(home='.')); app.observer;"
        "names = ('structlog', 'opentelemetry', 'prometheus_client');"
        "print([m for m in names if m in sys.modules])"
    )
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("CAMPAIGNS_", "OTEL_"))}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**clean, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


@contextmanager
def variables(monkeypatch: pytest.MonkeyPatch, **values: str) -> Iterator[None]:
    with monkeypatch.context() as patch:
        for name, value in values.items():
            patch.setenv(name, value)
        yield


def test_spans_are_made_only_where_the_standard_variables_ask_for_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert not traces_are_configured({})
    assert not traces_are_configured({"OTEL_TRACES_EXPORTER": "none"})
    asked = {"OTEL_TRACES_EXPORTER": "console"}
    assert traces_are_configured(asked)
    assert not traces_are_configured({**asked, "OTEL_SDK_DISABLED": "true"})
    with (
        variables(monkeypatch, OTEL_TRACES_EXPORTER="zipkin"),
        pytest.raises(ConfigurationError, match=r"`zipkin`, which is not installed"),
    ):
        observer(Settings())
