"""Bad input at the command line: one clear error with the place and the way out, exit code 2 for
the user's mistakes, and nothing lost."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from campaigns.cli import run as cli
from campaigns.sandbox.process import SandboxProcess

ROOT = Path(__file__).parents[2]
GOOD = "customer_id,email,country,offers\nA1,ana@example.com,ES,yes\nA2,berta@example.com,ES,yes\n"
MAPPING = """\
ref: customer_id
fields: {email: email, country: country}
consents:
  - {channel: email, purpose: marketing, topic: offers, granted: offers}
"""


@dataclass(frozen=True)
class Done:
    """What a command ended with and said."""

    returncode: int
    stdout: str
    stderr: str


class Desk:
    """A folder as a user has it, and the command line in it."""

    def __init__(
        self, folder: Path, environment: pytest.MonkeyPatch, said: pytest.CaptureFixture[str]
    ) -> None:
        self.folder = folder
        self._environment = environment
        self._said = said

    def __call__(self, *words: str, **environment: str) -> Done:
        with self._environment.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            code = cli(words)
        return Done(code, *self._said.readouterr())

    def write(self, name: str, content: str | bytes) -> str:
        data = content.encode() if isinstance(content, str) else content
        (self.folder / name).write_bytes(data)
        return name

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.folder / "templates" / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with sqlite3.connect(self.folder / ".campaigns/campaigns.db") as database:
            return database.execute(query).fetchall()


@pytest.fixture(scope="module")
def sandbox_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with SandboxProcess(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox.url


@pytest.fixture
def desk(
    tmp_path: Path,
    sandbox_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Desk:
    shutil.copytree(ROOT / "templates", tmp_path / "templates")
    for name in [n for n in os.environ if n.startswith("CAMPAIGNS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CAMPAIGNS_SANDBOX_URL", sandbox_url)
    monkeypatch.setenv("CAMPAIGNS_SANDBOX_QUIET_HOURS", "false")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    made = Desk(tmp_path, monkeypatch, capsys)
    made.write("mapping.yaml", MAPPING)
    made.write("good.csv", GOOD)
    return made


def one_error(done: Done, *told: str, code: int = 2) -> str:
    """The run ended with this code and one error that tells all this, without a traceback."""
    assert done.returncode == code, done.stdout + done.stderr
    assert done.stderr.count("Error:") == 1
    assert "Traceback" not in done.stderr
    words = " ".join(done.stderr.split())
    for piece in told:
        assert piece in words, f"{piece!r} is not in {words!r}"
    return words


COPY = "campaigns/spring_sale/copy.es.yaml"
CAMPAIGN = "campaigns/spring_sale/campaign.yaml"


@pytest.mark.parametrize(
    ("break_it", "told"),
    [
        (lambda d: d.edit(COPY, "facts.discount", "facts.dicount"), ["copy.es.yaml", "discount"]),
        (lambda d: d.edit(COPY, "headline:", "hedline:"), ["copy.es.yaml:", "headline"]),
        (
            lambda d: d.edit(CAMPAIGN, "must_say: [", "must_say: [prize, "),
            ["campaign.yaml", "prize"],
        ),
        (lambda d: (d.folder / "templates" / COPY).unlink(), ["copy.es.yaml"]),
        (lambda d: d.edit(CAMPAIGN, "[email, what", "[emial, what"), ["campaign.yaml:", "email"]),
    ],
    ids=[
        "an unknown fact",
        "a misspelt key",
        "an unknown must-say",
        "a missing locale",
        "a channel",
    ],
)
def test_a_wrong_file_stops_the_run_before_anything_is_sent(
    desk: Desk, break_it: Callable[[Desk], None], told: list[str]
) -> None:
    assert desk("import", "good.csv", "--mapping", "mapping.yaml").returncode == 0
    break_it(desk)
    one_error(desk("run", "spring_sale"), "nothing was sent", *told)
    assert desk.rows("SELECT count(*) FROM deliveries") == [(0,)]
    checked = desk("check", "spring_sale")
    assert checked.returncode == 2
    assert all(piece.rstrip(":") in checked.stdout for piece in told)


def test_a_campaign_that_is_not_there_names_the_nearest(desk: Desk) -> None:
    one_error(desk("run", "sprnig_sale"), "sprnig_sale", "spring_sale")


def test_an_empty_audience_says_so_and_starts_no_run(desk: Desk) -> None:
    one_error(desk("run", "shop_moves"), "nobody is in the audience", "campaigns import")
    assert desk.rows("SELECT count(*) FROM runs") == [(0,)]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://demo:secret@127.0.0.1:1/none",
        "mysql://x",
        "nonsense",
        "sqlite:////dev/null/x.db",
    ],
)
def test_a_wrong_database_url_names_the_setting_and_hides_the_password(
    desk: Desk, url: str
) -> None:
    words = one_error(
        desk("plan", "spring_sale", CAMPAIGNS_DATABASE_URL=url), "CAMPAIGNS_DATABASE_URL"
    )
    assert "secret" not in words


def test_a_provider_that_is_down_pauses_the_run_and_loses_nothing(desk: Desk) -> None:
    assert desk("import", "good.csv", "--mapping", "mapping.yaml").returncode == 0
    desk.edit(CAMPAIGN, "channels: [email, whatsapp, sms, x_dm, x_post]", "channels: [email]")
    desk.edit(CAMPAIGN, "    - any:\n        - last_purchase: {within_days: 730}\n"
              "        - attributes.is_member: {eq: true}\n", "")  # fmt: skip
    down = desk("run", "spring_sale", CAMPAIGNS_SANDBOX_URL="http://127.0.0.1:1")
    assert down.returncode == 3
    assert "Nothing is lost" in down.stderr
    assert desk.rows("SELECT state, count(*) FROM deliveries GROUP BY state") == [("pending", 2)]
    assert desk("run", "spring_sale").returncode == 0
    assert desk.rows("SELECT state, count(*) FROM deliveries GROUP BY state") == [("accepted", 2)]


def test_a_latin_1_file_names_the_line_and_the_option_that_reads_it(desk: Desk) -> None:
    file = desk.write("l1.csv", GOOD.replace("ES,yes\nA2", "España,yes\nA2").encode("latin-1"))
    one_error(desk("import", file, "--mapping", "mapping.yaml"), "l1.csv", "--encoding latin-1")
    assert (
        desk("import", file, "--mapping", "mapping.yaml", "--encoding", "latin-1").returncode == 0
    )


def test_a_latin_1_file_of_events_is_read_by_the_option_that_its_error_names(desk: Desk) -> None:
    events = "id,kind,at,ref,shop\n1,purchased,2026-05-06T10:00:00Z,nobody,Alcalá\n"
    desk.write("l1.csv", events.encode("latin-1"))
    command = ("import-events", "l1.csv", "--source", "till")
    one_error(desk(*command), "l1.csv:2", "--encoding latin-1")
    assert "1 refused" in desk(*command, "--encoding", "latin-1").stdout  # read: nobody has the ref


def test_a_byte_order_mark_is_no_mistake(desk: Desk) -> None:
    file = desk.write("bom.csv", GOOD.encode("utf-8-sig"))
    assert desk("import", file, "--mapping", "mapping.yaml").returncode == 0
    assert desk.rows("SELECT count(*) FROM customers") == [(2,)]


def test_a_million_character_cell_refuses_its_row_and_lets_the_others_in(desk: Desk) -> None:
    file = desk.write("long.csv", GOOD + f"A3,{'x' * 1_000_000}@example.com,ES,yes\n")
    done = desk("import", file, "--mapping", "mapping.yaml")
    assert done.returncode == 0, done.stderr
    assert desk.rows("SELECT count(*) FROM customers") == [(2,)]
    report = next((desk.folder / ".campaigns/reports").glob("long-*-refused.csv"))
    assert "4,row refused," in report.read_text(encoding="utf-8-sig")


def test_a_file_without_a_header_is_told_so(desk: Desk) -> None:
    file = desk.write("bare.csv", GOOD.split("\n", 1)[1])
    one_error(desk("import", file, "--mapping", "mapping.yaml"), "bare.csv", "header")


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("header.csv", GOOD.split("\n", 1)[0] + "\n", "it holds no customers, only a header"),
        ("blank-rows.csv", GOOD.split("\n", 1)[0] + "\n,,,\n\n", "it holds no customers"),
        ("empty.csv", "", "the file is empty"),
        ("blank.csv", "\n\n  \n", "the file is empty"),
        ("empty.jsonl", "", "it holds no customers"),
    ],
)
def test_a_file_without_customers_is_an_error(
    desk: Desk, name: str, content: str, told: str
) -> None:
    desk.write(name, content)
    one_error(desk("import", name, "--mapping", "mapping.yaml"), name, told, "Export it again")


def test_a_consent_to_a_topic_that_the_brand_does_not_list_is_an_error(desk: Desk) -> None:
    desk.write("mapping.yaml", MAPPING.replace("topic: offers", "topic: ofers"))
    one_error(
        desk("import", "good.csv", "--mapping", "mapping.yaml"),
        "mapping.yaml:4",
        "unknown topic `ofers`; did you mean `offers`?",
        "brand.yaml",
    )
    desk.write("mapping.yaml", MAPPING)
    assert desk("import", "good.csv", "--mapping", "mapping.yaml").returncode == 0
    desk.edit("brand.yaml", "\n  offers:", "\n  bargains:")  # renamed since: what stands is kept
    assert desk("import", "good.csv", "--mapping", "mapping.yaml").returncode == 0


def test_a_file_whose_every_row_is_refused_does_not_pass_for_an_import(desk: Desk) -> None:
    desk.write("bad.csv", GOOD.replace("@", " at "))
    done = desk("import", "bad.csv", "--mapping", "mapping.yaml")
    assert done.returncode == 1
    assert "Every row was refused: nobody came in." in done.stderr
    assert ".campaigns/reports/bad-" in done.stdout
    desk.write("some.csv", GOOD.replace("ana@", "ana at "))
    assert desk("import", "some.csv", "--mapping", "mapping.yaml").returncode == 0
    desk.write("events.csv", "id,kind,at,ref\n1,purchased,soon,A2\n")
    assert desk("import-events", "events.csv", "--source", "till").returncode == 1


def test_a_folder_in_place_of_a_file_is_told_so(desk: Desk) -> None:
    (desk.folder / "customers").mkdir()
    one_error(desk("import", "customers"), "'customers' is a directory")
    one_error(desk("import", "good.csv", "--mapping", "customers"), "'customers' is a directory")


def test_a_day_without_events_is_told_and_no_error(desk: Desk) -> None:
    desk.write("events.csv", "id,kind,at,ref\n")
    done = desk("import-events", "events.csv", "--source", "till")
    assert (done.returncode, done.stdout) == (
        0,
        "events.csv holds no events: nothing was brought in.\n",
    )


@pytest.mark.parametrize(
    ("about", "told"),
    [
        ("12", "say of what: `run:12`, `delivery:12`"),
        ("rum:12", "unknown subject `rum`; did you mean `run`?"),
        ("sprong_sale", "there is no campaign `sprong_sale`; did you mean `spring_sale`?"),
    ],
)
def test_an_audit_of_nothing_there_is_tells_what_there_is(
    desk: Desk, about: str, told: str
) -> None:
    one_error(desk("audit", about), told)


def test_a_file_that_is_not_there_is_told_so(desk: Desk) -> None:
    one_error(desk("import", "gone.csv"), "gone.csv")


def test_a_full_disk_says_so_and_keeps_what_was_committed(desk: Desk) -> None:
    """A limit on the file's size stands for the full disk: the write fails alike."""
    assert desk("import", "good.csv", "--mapping", "mapping.yaml").returncode == 0
    many = "".join(f"B{n},b{n}@example.com,ES,yes\n" for n in range(40_000))
    file = desk.write("many.csv", GOOD.split("\n", 1)[0] + "\n" + many)
    limited = (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (6_000_000, 6_000_000)); "
        "from campaigns.__main__ import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", limited, "import", file, "--mapping", "mapping.yaml"],
        check=False,
        capture_output=True,
        text=True,
    )
    one_error(Done(done.returncode, done.stdout, done.stderr), ".campaigns")
    (first,) = desk.rows("SELECT count(*) FROM customers")
    assert isinstance(first[0], int)
    assert first[0] >= 2
    again = desk("import", file, "--mapping", "mapping.yaml")
    assert again.returncode == 0, again.stderr
    assert desk.rows("SELECT count(*) FROM customers") == [(40_002,)]


def test_a_sandbox_that_is_not_on_this_machine_is_refused(desk: Desk) -> None:
    one_error(desk("doctor", CAMPAIGNS_SANDBOX_URL="https://api.example.com"), "127.0.0.1")


def test_json_errors_are_json(desk: Desk) -> None:
    import json

    done = desk("run", "sprnig_sale", "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["exit_code"] == 2


@pytest.mark.parametrize("command", ["journey", "report", "experiment"])
def test_a_campaign_that_is_not_there_is_told_with_the_nearest_and_all_there_are(
    desk: Desk, command: str
) -> None:
    done = desk(command, "sprong_sale")
    assert done.returncode == 2
    assert "there is no campaign `sprong_sale`; did you mean `spring_sale`?" in done.stderr
    assert "welcome" in done.stderr
    assert "`campaigns run spring_sale` starts it" in desk(command, "spring_sale").stderr


@pytest.mark.parametrize(
    ("words", "way_out"),
    [
        (("show", "run", "99"), "campaigns show run"),
        (("show", "delivery", "99"), "campaigns show customer"),
        (("resolve", "99", "--sent", "--by", "ana", "--why", "x"), "campaigns show customer"),
        (("inbox", "show", "99"), "campaigns inbox list"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else None,
)
def test_a_number_that_nothing_has_is_told_with_where_to_look(
    desk: Desk, words: tuple[str, ...], way_out: str
) -> None:
    done = desk(*words)
    assert done.returncode == 2
    assert "99" in done.stderr
    assert f"`{way_out}" in " ".join(done.stderr.split())


@pytest.mark.parametrize("command", ["serve", "desk", "studio", "sandbox", "metrics"])
def test_a_port_that_is_taken_or_none_at_all_is_told_with_its_number(
    desk: Desk, command: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        one_error(desk(command, "--port", port), f"port {port} on 127.0.0.1", "with --port")
    one_error(desk(command, "--port", "99999"), "99999")


def test_a_webhook_key_that_is_none_is_told_before_the_first_event(desk: Desk) -> None:
    live = {"CAMPAIGNS_LIVE": "true", "CAMPAIGNS_SENDGRID_API_KEY": "SG.x"}
    wrong = live | {"CAMPAIGNS_SENDGRID_WEBHOOK_KEY": "Settings, Mail Settings"}
    one_error(desk("serve", "--port", "0", **wrong), "CAMPAIGNS_SENDGRID_WEBHOOK_KEY is no")
    assert "CAMPAIGNS_SENDGRID_WEBHOOK_KEY is no" in " ".join(
        desk("doctor", **wrong).stdout.split()
    )
