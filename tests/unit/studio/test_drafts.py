"""The drafts: what of a campaign is shown while its files are being written."""

from __future__ import annotations

from pathlib import Path

import pytest

from campaigns.bootstrap.preview import Choices, Customers, Drafts
from campaigns.content.catalog import Catalog
from campaigns.errors import FileError, NotFoundError
from campaigns.settings import Settings
from tests.unit.studio.edits import change

_COPY = "campaigns/spring_sale/copy.es.yaml"


def test_a_file_that_does_not_compile_leaves_the_last_good_preview(
    templates: Path, drafts: Drafts
) -> None:
    good = drafts.examine("spring_sale")
    change(templates / _COPY, "{{ facts.discount }} de descuento", "{{ facts.dicsount }")
    bad = drafts.examine("spring_sale")
    assert bad.stale
    assert bad.errors
    assert bad.findings[0].file.endswith("copy.es.yaml")
    assert bad.previewer is not None
    assert bad.previewer.preview(Choices()) == good.previewer.preview(Choices())  # type: ignore[union-attr]


def test_mending_the_file_ends_it(templates: Path, drafts: Drafts) -> None:
    change(templates / _COPY, "headline:", "headline")
    assert drafts.examine("spring_sale").stale
    change(templates / _COPY, "headline", "headline:")
    state = drafts.examine("spring_sale")
    assert (state.stale, state.findings) == (False, ())


def test_a_file_that_never_compiled_has_findings_and_no_preview(
    templates: Path, drafts: Drafts
) -> None:
    change(templates / "brand.yaml", "name: Brotanell", "nmae: Brotanell")
    state = drafts.examine("spring_sale")
    assert state.previewer is None
    assert state.stale
    assert state.findings


def test_the_version_counts_changes_and_not_looks(templates: Path, drafts: Drafts) -> None:
    first = drafts.examine("spring_sale").version
    assert drafts.examine("spring_sale").version == first
    change(templates / _COPY, "Ya es primavera", "Es primavera")
    assert drafts.examine("spring_sale").version == first + 1


def test_saving_any_file_changes_the_stamp(templates: Path, drafts: Drafts) -> None:
    for file in (_COPY, "brand.yaml", "layouts/sms.txt.j2", "attributes.yaml"):
        before = drafts.stamp()
        (templates / file).write_text((templates / file).read_text(encoding="utf-8") + "\n")
        assert drafts.stamp() != before, file


def test_a_template_bomb_is_a_finding_and_the_next_compile_works(
    templates: Path, drafts: Drafts
) -> None:
    layout = templates / "layouts/sms.txt.j2"
    whole = layout.read_text(encoding="utf-8")
    layout.write_text(
        "{% for a in range(99999) %}{% for b in range(99999) %}.{% endfor %}{% endfor %}"
    )
    assert drafts.examine("spring_sale").errors
    layout.write_text(whole)
    assert drafts.examine("spring_sale").findings == ()


def test_a_campaign_that_is_gone_is_not_remembered(templates: Path, drafts: Drafts) -> None:
    drafts.examine("spring_sale")
    (templates / "campaigns/spring_sale/campaign.yaml").unlink()
    with pytest.raises(NotFoundError):
        drafts.examine("spring_sale")
    assert drafts.state("spring_sale") is None


def test_a_missing_templates_folder_is_named(tmp_path: Path) -> None:
    drafts = Drafts(Catalog(tmp_path / "nowhere"), Customers(Settings(home=tmp_path)))
    with pytest.raises(FileError, match="CAMPAIGNS_TEMPLATES"):
        drafts.names()
    assert drafts.stamp() == ()


def test_looking_for_customers_makes_no_database(drafts: Drafts, tmp_path: Path) -> None:
    assert not drafts.customers.exist
    assert not (tmp_path / "home").exists()
