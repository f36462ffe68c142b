"""The catalog: what the rest of the product sees of campaigns."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML

from campaigns.content.catalog import Catalog
from campaigns.domain.findings import Level
from campaigns.errors import FileError, FilesError, NotFoundError
from tests.unit.content.files import Files

SHIPPED = Path(__file__).parents[3] / "templates"


def test_campaigns_are_the_folders_that_hold_one(files: Files) -> None:
    (files.root / "campaigns/empty").mkdir()
    assert Catalog(files.root).campaigns() == ["sale"]


def test_a_missing_templates_folder_says_which_setting_names_it(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="CAMPAIGNS_TEMPLATES"):
        Catalog(tmp_path / "absent").campaigns()


def test_an_unknown_campaign_names_the_nearest(files: Files) -> None:
    with pytest.raises(NotFoundError, match=r"did you mean `sale`\? there is: sale\."):
        Catalog(files.root).compile("sales")


def test_compile_gives_the_release_of_an_edition(files: Files) -> None:
    catalog = Catalog(files.root)
    assert catalog.compile("sale", edition="2027").edition == "2027"
    assert catalog.compile("sale").hash != catalog.compile("sale", edition="2027").hash


def test_compile_refuses_a_wrong_file_and_tells_every_error(files: Files) -> None:
    files.brand("time_zone:", "timezone:")
    files.campaign("title: Sale", "titel: Sale")
    with pytest.raises(FilesError) as caught:
        Catalog(files.root).compile("sale")
    assert len(caught.value.errors) == 2
    assert caught.value.exit_code == 2


def test_compile_refuses_findings_of_level_error(files: Files) -> None:
    line = files.english("with {{ facts.code }}", "with a code")
    with pytest.raises(FilesError, match=rf"copy\.en\.yaml:{line}: this message does not say"):
        Catalog(files.root).compile("sale")


def test_a_warning_does_not_stop_a_campaign(files: Files) -> None:
    files.english(" | or_else('friend')", "")
    catalog = Catalog(files.root)
    assert catalog.compile("sale").campaign == "sale"
    assert {f.level for f in catalog.check("sale", datetime(2027, 1, 10, tzinfo=UTC))} == {
        Level.WARNING
    }


def test_an_edit_is_seen_at_the_next_look(files: Files) -> None:
    catalog = Catalog(files.root)
    before = catalog.compile("sale")
    assert catalog.compile("sale") is before
    files.english("Buy now", "Buy today")
    assert catalog.compile("sale").hash != before.hash


def test_brand_and_attributes_can_be_read_alone(files: Files) -> None:
    catalog = Catalog(files.root)
    assert catalog.brand().name == "Testa"
    assert catalog.attributes()["tier"].choices == ("basic", "gold")
    (files.root / "attributes.yaml").unlink()
    assert catalog.attributes() == {}


@pytest.mark.parametrize("kind", ["brand", "campaign", "copy", "attributes"])
def test_the_schemas_accept_the_shipped_files_and_refuse_a_misspelt_key(kind: str) -> None:
    schema = Catalog(SHIPPED).schemas()[kind]
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    patterns = {
        "brand": "brand.yaml",
        "attributes": "attributes.yaml",
        "campaign": "campaigns/*/campaign.yaml",
        "copy": "campaigns/*/copy.*.yaml",
    }
    paths = sorted(SHIPPED.glob(patterns[kind]))
    assert paths
    for path in paths:
        data = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
        # YAML 1.1 readers, which editors use too, make dates of what is text for us.
        assert not list(validator.iter_errors(_plain(data))), path
    assert list(validator.iter_errors({"titel": "x"}))


def _plain(data: object) -> object:
    if isinstance(data, dict):
        return {key: _plain(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_plain(value) for value in data]
    return data if isinstance(data, str | int | float | None) else str(data)
