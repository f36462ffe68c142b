"""Messages in doubt and messages that failed, by the commands a person uses, against a sandbox."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from campaigns.bootstrap import connect
from campaigns.cli import run as cli
from campaigns.sample import write_csv
from campaigns.sandbox.process import SandboxProcess
from tests.sandbox_clients import control

ROOT = Path(__file__).parents[2]
Command = Callable[..., dict[str, Any]]

#: Three in ten requests are accepted and then go wrong.
ACCEPTS_THEN = [
    {"kind": "500_after", "rate": 0.1, "seed": 1},
    {"kind": "drop_after", "rate": 0.1, "seed": 2},
    {"kind": "hang", "rate": 0.1, "seed": 3, "seconds": 0.05},
]


MAPPING = """\
name: one
ref: id
fields: {email: email, phone: phone, country: country, locale: locale, preferred_channel: prefers}
consents:
  - {channel: email, topic: offers, granted: {column: yes_mail}}
  - {channel: sms, topic: offers, granted: {column: yes_sms}}
interactions:
  - {kind: purchased, name: bought, count: clicks, at: seen}
"""


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxProcess]:
    """Its SendGrid account has the activity feed."""
    config = tmp_path / "config.json"
    config.write_bytes(orjson.dumps({"sendgrid_activity": True}))
    with SandboxProcess(tmp_path / "sandbox", config=config) as running:
        yield running


@pytest.fixture
def command(
    tmp_path: Path,
    sandbox: SandboxProcess,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Command:
    """`campaigns WORDS --json`: what it printed. Fails unless it ends with `code`."""
    monkeypatch.setenv("CAMPAIGNS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CAMPAIGNS_TEMPLATES", str(ROOT / "templates"))
    monkeypatch.setenv("CAMPAIGNS_SANDBOX_URL", sandbox.url)
    monkeypatch.setenv("CAMPAIGNS_WORKERS", "1")

    def said(*words: object, code: int = 0) -> dict[str, Any]:
        capsys.readouterr()
        assert cli([*map(str, words), "--json"]) == code, capsys.readouterr()
        told: dict[str, Any] = json.loads(capsys.readouterr().out)
        return told

    return said


def people(command: Command, tmp_path: Path, count: int = 120) -> None:
    file = tmp_path / "people.csv"
    mapping = write_csv(file, count=count, seed=3, now=datetime.now(UTC))
    command("import", file, "--mapping", mapping)


def rows(query: str, **given: object) -> list[Any]:
    with connect() as app, app.database.read() as connection:
        return list(connection.execute(text(query), given).all())


def accepted_at_providers(sandbox: SandboxProcess) -> set[int]:
    return {int(d) for d in sandbox.log.by_delivery()}


def test_whatever_was_accepted_and_then_went_wrong_is_found_and_nothing_is_sent_again(
    command: Command, sandbox: SandboxProcess, tmp_path: Path
) -> None:
    people(command, tmp_path)
    control(sandbox.url, "POST", "faults", [{**f, "provider": "twilio"} for f in ACCEPTS_THEN])
    mail = {"kind": "500_after", "provider": "sendgrid", "count": 4}
    control(sandbox.url, "POST", "faults", [mail, {"kind": "drop_after", "provider": "x"}])
    ran = command("run", "spring_sale")
    doubted = ran["states"]["in_doubt"]
    assert doubted >= 5
    by = {c for (c,) in rows("SELECT DISTINCT channel FROM deliveries WHERE state = 'in_doubt'")}
    assert "email" in by  # of each request one: a sender that is not known yet begins with little
    assert by & {"sms", "whatsapp"}
    control(sandbox.url, "DELETE", "faults")
    before = sandbox.log.counts()

    done = command("reconcile")

    assert done["resolved"] == doubted + (ran["post"] == "in_doubt")
    assert done["in_doubt"] == []
    assert sandbox.log.counts() == before
    assert sandbox.log.duplicates() == {}
    told = command("show", "run")
    assert told["states"] == {"accepted": sum(told["planned"].values())}
    assert told["adds_up"]
    ours = {d for (d,) in rows("SELECT id FROM deliveries WHERE channel NOT LIKE 'x%'")}
    assert accepted_at_providers(sandbox) == ours
    again = command("run", "spring_sale")
    assert again["planned"] == {}
    assert sandbox.log.counts() == before


def test_what_never_arrived_stays_in_doubt_until_a_person_decides(
    command: Command, sandbox: SandboxProcess, tmp_path: Path
) -> None:
    people(command, tmp_path, 60)
    control(sandbox.url, "POST", "faults", {"kind": "500_before", "provider": "twilio", "count": 3})
    command("run", "spring_sale")
    control(sandbox.url, "DELETE", "faults")
    before = sandbox.log.counts()

    done = command("reconcile")

    assert done["resolved"] == 0
    assert sandbox.log.counts() == before
    first, second, third = done["in_doubt"]
    assert first["finding"] == "not_yet"
    assert "twilio:20500" in first["what_happened"]
    assert "Twilio's message list" in first["told"]
    who = ("--by", "Ana Puig", "--why", "Twilio's support looked for it")
    command("resolve", first["delivery"], "--sent", *who)
    command("resolve", second["delivery"], "--resend", *who)
    told = command("run", "spring_sale")
    assert told["states"] == {"accepted": sum(told["planned"].values()) - 1, "in_doubt": 1}
    assert second["delivery"] in accepted_at_providers(sandbox)
    assert first["delivery"] not in accepted_at_providers(sandbox)
    assert sandbox.log.duplicates() == {}
    assert [d["delivery"] for d in command("reconcile", "--list")["in_doubt"]] == [
        third["delivery"]
    ]
    shown = command("show", "delivery", second["delivery"])
    (decided,) = shown["audit"]
    assert (decided["actor"], decided["action"]) == ("Ana Puig", "resolved")
    assert decided["why"] == "Twilio's support looked for it"


def test_a_decision_needs_a_name_a_reason_and_a_doubt(
    command: Command, tmp_path: Path, sandbox: SandboxProcess
) -> None:
    people(command, tmp_path, 10)
    command("run", "shop_moves")
    ((delivery,),) = rows("SELECT MIN(id) FROM deliveries")
    who = ("--by", "Ana Puig", "--why", "so")
    assert (
        "only a message in doubt" in command("resolve", delivery, "--sent", *who, code=2)["error"]
    )
    assert (
        "both are kept"
        in command("resolve", delivery, "--sent", "--by", " ", "--why", "so", code=2)["error"]
    )
    assert cli(["resolve", str(delivery), *who]) == 2


def test_a_refusal_during_the_run_goes_to_the_next_channel_before_the_run_ends(
    command: Command, sandbox: SandboxProcess, tmp_path: Path
) -> None:
    """Somebody wrote STOP to the number, which only Twilio knows: the e-mail they permit goes."""
    file = tmp_path / "one.csv"
    file.write_text(
        "id,email,phone,country,locale,prefers,yes_mail,yes_sms,clicks,seen\n"
        f"c1,ada@example.com,+34600000001,ES,en_GB,sms,yes,yes,1,{datetime.now(UTC):%Y-%m-%d}\n",
        encoding="utf-8",
    )
    mapping = tmp_path / "one.yaml"
    mapping.write_text(MAPPING, encoding="utf-8")
    command("import", file, "--mapping", mapping)
    control(
        sandbox.url,
        "POST",
        "inbound",
        {"channel": "sms", "from": "+34600000001", "body": "STOP"},
    )

    told = command("run", "spring_sale")

    assert told["planned"] == {"email": 1}
    assert told["states"] == {"accepted": 1}
    assert told["fallbacks"] == {"e-mail, after SMS (rejected)": 1}
    assert told["adds_up"]
    assert told["audience"] == 1
    assert sandbox.log.counts()["email"] == 1
    shown = command("show", "customer", "c1")
    assert [(d["channel"], d["state"], d["replaced"]) for d in shown["deliveries"]] == [
        ("email", "accepted", False),
        ("sms", "rejected", True),
    ]


def test_a_bounce_after_the_run_moves_to_sms_by_one_command_and_only_once(
    command: Command, sandbox: SandboxProcess, tmp_path: Path
) -> None:
    people(command, tmp_path)
    ran = command("run", "spring_sale")
    bounced = _bounce_those_who_permit_sms()
    assert bounced

    done = command("fallback")

    (late,) = done["runs"]
    assert late["state"] == "finished"
    moved = {
        d for (d,) in rows("SELECT customer_id FROM deliveries WHERE hop = 1 AND state='accepted'")
    }
    assert moved >= bounced
    after = command("show", "run")
    assert after["audience"] == ran["audience"]
    assert after["adds_up"]
    assert sum(after["fallbacks"].values()) == len(moved)
    counts = sandbox.log.counts()
    assert command("fallback")["runs"] == []
    assert command("run", "spring_sale")["planned"] == {}
    assert sandbox.log.counts() == counts
    twice = rows(
        "SELECT customer_id FROM deliveries WHERE state = 'accepted' AND provider_state IS NULL "
        "AND customer_id <> 0 GROUP BY customer_id HAVING COUNT(*) > 1"
    )
    assert twice == []


def _bounce_those_who_permit_sms() -> set[int]:
    """As an event of the provider does: the message's second field, the dead address."""
    with connect() as app, app.database.write() as connection:
        permit = (
            "SELECT d.customer_id FROM deliveries d JOIN standings s "
            "ON s.customer_id = d.customer_id AND s.channel = 'sms' AND s.granted "
            "JOIN addresses a ON a.customer_id = d.customer_id AND a.channel = 'sms' "
            "WHERE d.channel = 'email' AND d.state = 'accepted' AND s.purpose = 'marketing' "
            "AND NOT EXISTS (SELECT 1 FROM standings n WHERE n.customer_id = d.customer_id "
            "AND n.channel = 'sms' AND NOT n.granted) ORDER BY d.id LIMIT 5"
        )
        found = set(connection.execute(text(permit)).scalars())
        for customer in found:
            connection.execute(
                text(
                    "UPDATE deliveries SET provider_state = 'bounced' "
                    "WHERE customer_id = :c AND channel = 'email'"
                ),
                {"c": customer},
            )
            connection.execute(
                text(
                    "UPDATE addresses SET status = 'bounced' "
                    "WHERE customer_id = :c AND channel = 'email'"
                ),
                {"c": customer},
            )
    return found


def test_a_table_for_people_names_nobody(
    command: Command,
    sandbox: SandboxProcess,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    people(command, tmp_path, 60)
    control(sandbox.url, "POST", "faults", {"kind": "500_before", "provider": "twilio"})
    command("run", "shop_moves")
    numbers = [a for (a,) in rows("SELECT address FROM messages")]
    assert cli(["reconcile"]) == 0
    out = capsys.readouterr().out
    assert "In doubt, the oldest first" in out
    assert "campaigns resolve DELIVERY" in out
    assert not any(number in out for number in numbers)

    doubted = command("reconcile", "--list")["in_doubt"]
    assert len(doubted) > 2
    assert cli(["reconcile", "--list", "--most", "1"]) == 0
    out = capsys.readouterr().out
    alike = [d["channel"] for d in doubted].count(doubted[0]["channel"])
    assert f" {alike} " in out.split("In doubt, the oldest first")[0]
    assert f"… and {len(doubted) - 1} more: --most {len(doubted)}" in out

    several = [str(d["delivery"]) for d in doubted[:2]]
    assert cli(["resolve", *several, "--sent", "--by", "Ana Puig", "--why", "they answered"]) == 0
    assert capsys.readouterr().out.count("counts as sent") == 2
    assert len(command("reconcile", "--list")["in_doubt"]) == len(doubted) - 2


def test_all_that_is_in_doubt_of_a_run_is_decided_at_once_after_a_question(
    command: Command,
    sandbox: SandboxProcess,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    people(command, tmp_path, 60)
    control(sandbox.url, "POST", "faults", {"kind": "500_before", "provider": "twilio"})
    command("run", "shop_moves")
    listed = command("reconcile", "--list")["in_doubt"]
    texts = [d for d in listed if d["channel"] == "sms"]
    (run,) = {str(d["run"]) for d in listed}
    assert 1 < len(texts) < len(listed)
    who = ["--by", "Ana Puig", "--why", "the providers say nothing came"]

    of_texts = ["resolve", "--run", run, "--channel", "sms", "--sent", "--yes", *who]
    assert cli(of_texts) == 0
    assert f"each of {len(texts)} messages counts as sent" in capsys.readouterr().out
    assert cli(of_texts) == 0
    assert "Nothing of it is in doubt." in capsys.readouterr().out
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert cli(["resolve", "--run", run, "--resend", *who]) == 130, "nobody said yes"
    left = command("reconcile", "--list")["in_doubt"]
    assert [d["delivery"] for d in left] == [d["delivery"] for d in listed if d["channel"] != "sms"]
    assert cli(["resolve", "--run", run, "--resend", "--yes", *who]) == 0
    assert "waits to be sent again: campaigns run shop_moves" in capsys.readouterr().out
    assert command("reconcile", "--list")["in_doubt"] == []
    for wrong in (["--run", run, "12"], ["--channel", "sms", "12"], []):
        assert cli(["resolve", *wrong, "--sent", *who]) == 2
