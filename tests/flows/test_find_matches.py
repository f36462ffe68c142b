"""The flow find-matches."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from campaigns.bootstrap import connect
from flows.find_matches import find_matches
from tests.flows.conftest import CHECKOUT, Prefect, Shop
from tests.flows.pages import newest_run

pytestmark = pytest.mark.prefect

MAPPING = """
name: twins
ref: id
fields: {x_handle: x, first_name: name, last_name: surname}
"""


def test_by_its_schedule_it_looks_only_where_it_is_turned_on(
    prefect: Prefect, shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    templates = tmp_path / "templates"
    shutil.copytree(CHECKOUT / "templates", templates)
    monkeypatch.setenv("CAMPAIGNS_TEMPLATES", str(templates))
    people, mapping = tmp_path / "twins.csv", tmp_path / "twins.yaml"
    people.write_text(
        "id,x,name,surname\n"
        "twin:1,demo_twin,Ana,Puig\ntwin:2,demo_twin,Ana,Puig\ntwin:3,demo_twin,Marc,Puig\n"
    )
    mapping.write_text(MAPPING)
    with connect() as app:
        app.import_customers(people, mapping)

    assert find_matches(nightly=True) is None
    assert newest_run().state.message.startswith("Not turned on")
    (templates / "identities.yaml").write_text("nightly: true\n")
    first, second = find_matches(nightly=True), find_matches(nightly=True)

    assert (first["merged"], first["to_review"], first["waiting"]) == (1, 1, 1)
    assert (second["merged"], second["to_review"], second["waiting"]) == (0, 0, 1)
    assert "demo_twin" not in str(newest_run().state)
