"""Releases: approved by hash, compared, and their messages made again years later."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from campaigns.bootstrap import App, connect
from campaigns.bootstrap.approving import approve_release
from campaigns.bootstrap.control import cancel
from campaigns.bootstrap.proof import compare_releases, reproduce
from campaigns.bootstrap.reporting import account_of
from campaigns.cli import run as cli
from campaigns.errors import ApprovalNeededError, NotFoundError, UserError
from campaigns.sandbox.process import SandboxProcess
from campaigns.services.links import without_keys
from campaigns.settings import Settings
from tests.runs import plan_run, send_run

ROOT = Path(__file__).parents[2]


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    shutil.copytree(ROOT / "templates", tmp_path / "templates")
    with (
        SandboxProcess(tmp_path / "sandbox") as sandbox,
        connect(
            Settings(
                home=tmp_path / "home",
                templates=tmp_path / "templates",
                sandbox_url=sandbox.url,  # type: ignore[arg-type]
            )
        ) as app,
    ):
        yield app


def import_people(app: App, tmp_path: Path, count: int = 40) -> None:
    from datetime import UTC, datetime

    from campaigns.sample import write_csv

    file = tmp_path / "people.csv"
    app.import_customers(file, write_csv(file, count=count, seed=3, now=datetime.now(UTC)))


def edit(app: App, file: str, old: str, new: str) -> None:
    path = app.settings.templates / file
    before = path.read_text(encoding="utf-8")
    assert old in before
    path.write_text(before.replace(old, new, 1), encoding="utf-8")


def send(app: App, name: str) -> int:
    return send_run(app, plan_run(app, name).id)


CAMPAIGN = "campaigns/shop_moves/campaign.yaml"


def needs_approval(app: App) -> None:
    edit(
        app,
        CAMPAIGN,
        "purpose: service",
        "author: Ana Puig\nneeds_approval: true\npurpose: service",
    )


def test_a_campaign_that_needs_approval_runs_only_once_approved(app: App, tmp_path: Path) -> None:
    import_people(app, tmp_path)
    needs_approval(app)
    with pytest.raises(ApprovalNeededError, match="campaigns approve"):
        app.start_run("shop_moves")
    approve_release(app, "shop_moves", by="Berta Soler", note="read in all languages")
    run, _ = app.start_run("shop_moves")
    assert [a.by for a in app.approvals.of(run.release_hash)] == ["Berta Soler"]


def test_any_edit_asks_for_approval_again(app: App, tmp_path: Path) -> None:
    import_people(app, tmp_path)
    needs_approval(app)
    approve_release(app, "shop_moves", by="Berta Soler", note="")
    edit(app, "brand.yaml", "name: Brotanell", "name: Brotanell  # the same name, another file")
    with pytest.raises(ApprovalNeededError):
        app.start_run("shop_moves")


def test_the_author_may_not_approve_when_the_brand_says_so(app: App) -> None:
    needs_approval(app)
    edit(
        app,
        "brand.yaml",
        "name: Brotanell",
        "approval: {author_may_approve: false}\nname: Brotanell",
    )
    with pytest.raises(UserError, match="somebody else"):
        approve_release(app, "shop_moves", by="  ana  PUIG ", note="")
    assert approve_release(app, "shop_moves", by="Berta Soler", note="").by == "Berta Soler"


def test_editing_files_during_a_run_changes_nothing_in_that_run(app: App, tmp_path: Path) -> None:
    import_people(app, tmp_path)
    run, _ = app.start_run("spring_sale")
    app.plan_shard(run.id, 0)
    edit(app, "campaigns/spring_sale/campaign.yaml", "percent: 20", "percent: 25")
    app.begin_sending(run.id)
    app.dispatch_all(run.id)
    delivery = first_delivery(app, run.id)
    made = reproduce(app, delivery)
    assert made.proven
    assert made.view.release_hash == run.release_hash
    assert not any("25" in part for name, part in made.parts.items() if name == "subject")


def first_delivery(app: App, run_id: int) -> int:
    query = text("SELECT min(id) FROM deliveries WHERE run_id = :run AND state = 'accepted'")
    with app.database.read() as connection:
        return int(connection.execute(query, {"run": run_id}).scalar_one())


def test_a_message_is_shown_exactly_as_it_was_said(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`:office:` in the HTML is no picture of a house, and no line is broken at 80 columns."""
    import_people(app, tmp_path)
    delivery = first_delivery(app, send(app, "spring_sale"))
    monkeypatch.setenv("CAMPAIGNS_TEMPLATES", str(app.settings.templates))
    monkeypatch.setenv("CAMPAIGNS_HOME", str(app.settings.home))
    assert cli(["reproduce", str(delivery)]) == 0
    shown = capsys.readouterr().out
    parts = reproduce(app, delivery).parts
    assert "html" in parts
    assert all(part in shown for part in parts.values())
    assert cli(["show", "delivery", str(delivery)]) == 0
    said = capsys.readouterr().out
    assert without_keys(parts["text"]) in said, "all but what opens the customer's own pages"
    assert parts["text"] not in said


def test_a_message_is_proven_and_a_changed_value_is_not(app: App, tmp_path: Path) -> None:
    import_people(app, tmp_path)
    delivery = first_delivery(app, send(app, "spring_sale"))
    assert reproduce(app, delivery).proven
    with app.database.write() as connection:
        connection.execute(
            text("UPDATE messages SET slot_values = replace(slot_values, 'https', 'http')")
        )
    assert not reproduce(app, delivery).proven


def test_reproducing_says_when_there_is_nothing_to_reproduce(app: App) -> None:
    with pytest.raises(NotFoundError, match="delivery 7"):
        reproduce(app, 7)


def test_diff_names_the_fact_the_words_and_the_layout_that_changed(app: App) -> None:
    old = approve_release(app, "spring_sale", by="Berta", note="").release_hash
    edit(app, "campaigns/spring_sale/campaign.yaml", "percent: 20", "percent: 25")
    edit(app, "campaigns/spring_sale/copy.en.yaml", "Visit the spring shop", "See the shop")
    edit(app, "layouts/sms.txt.j2", "{{ legal }}", "{{ legal }} ")
    new = approve_release(app, "spring_sale", by="Berta", note="").release_hash
    changes = {(c.group, c.where): (c.before, c.after) for c in compare_releases(app, old, new)}
    assert changes["fact", "discount.en_GB"] == ("20%", "25%")
    assert changes["copy", "copy.en.yaml: call_to_action"] == (
        "Visit the spring shop",
        "See the shop",
    )
    assert ("layout", "layouts/sms.txt.j2") in changes
    assert {group for group, _ in changes} == {"fact", "copy", "layout"}
    assert compare_releases(app, old, old) == []


def test_the_same_files_make_the_same_release_wherever_they_lie(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(app.settings.templates, tmp_path / "elsewhere")
    hashes = set()
    for folder in (app.settings.templates, tmp_path / "elsewhere"):
        monkeypatch.setenv("CAMPAIGNS_TEMPLATES", str(folder))
        monkeypatch.setenv("CAMPAIGNS_HOME", str(tmp_path / folder.name / "home"))
        assert cli(["approve", "spring_sale", "--by", "Berta", "--json"]) == 0
        hashes.add(json.loads(capsys.readouterr().out)["release_hash"])
    assert len(hashes) == 1


def altered(app: App, table: str, old: bytes, new: bytes) -> None:
    """Every stored document of a table with other words in it, as a hand in the database would."""
    with app.database.write() as connection:
        rows = connection.execute(text(f"SELECT hash, document FROM {table}")).all()
        assert any(old in row.document for row in rows)
        for row in rows:
            connection.execute(
                text(f"UPDATE {table} SET document = :new WHERE hash = :hash"),
                {"new": row.document.replace(old, new), "hash": row.hash},
            )


@pytest.mark.parametrize(
    ("table", "old", "new"),
    [
        ("skeletons", b"PRIMAVERA20", b"PRIMAVERA25"),
        ("releases", b'"discount":{"ca_ES":"20', b'"discount":{"ca_ES":"25'),
        ("releases", b'"title":"Spring sale"', b'"title":"Autumn sale"'),
        ("releases", b"+447700900123", b"+447700900199"),
        ("releases", b"{{ facts.discount }} off", b"{{ facts.code }} off"),
    ],
    ids=["words", "fact", "title", "sender", "copy"],
)
def test_what_is_altered_where_it_is_stored_is_neither_proven_nor_sent(
    app: App, tmp_path: Path, table: str, old: bytes, new: bytes
) -> None:
    import_people(app, tmp_path)
    run = plan_run(app, "spring_sale").id
    sent = send_run(app, run)
    delivery = first_delivery(app, sent)
    assert account_of(app, str(sent)).proof.differing == ()
    altered(app, table, old, new)
    with connect(app.settings) as fresh:
        made = reproduce(fresh, delivery)
        proof = account_of(fresh, str(sent)).proof
        assert not made.proven
        assert proof.proven == 0
        assert delivery in proof.differing
        with pytest.raises(UserError, match="not stored as it was frozen"):
            fresh.begin_sending(run)


def test_who_starts_an_altered_release_again_from_its_files_is_refused_as_well(
    app: App, tmp_path: Path
) -> None:
    import_people(app, tmp_path, 5)
    cancel(app, plan_run(app, "spring_sale").id, by="Ann", why="altered")
    altered(app, "releases", b'"title":"Spring sale"', b'"title":"Autumn sale"')
    with connect(app.settings) as fresh:
        again = plan_run(fresh, "spring_sale").id
        with pytest.raises(UserError, match="Restore the database from a backup"):
            fresh.begin_sending(again)


def test_a_delivery_that_names_another_skeleton_is_not_proven(app: App, tmp_path: Path) -> None:
    import_people(app, tmp_path)
    delivery = first_delivery(app, send(app, "spring_sale"))
    with app.database.write() as connection:
        others = connection.execute(
            text(
                "SELECT id, document FROM skeletons WHERE id <> (SELECT skeleton_id FROM "
                "deliveries WHERE id = :is)"
            ),
            {"is": delivery},
        ).all()
        another = next(row.id for row in others if b'"points"' in row.document)
        change = text("UPDATE deliveries SET skeleton_id = :another WHERE id = :is")
        connection.execute(change, {"another": another, "is": delivery})
    assert not reproduce(app, delivery).proven
