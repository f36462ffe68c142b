"""The fact table: where each fact was found in what people will read."""

from __future__ import annotations

from pathlib import Path

import pytest

from campaigns.bootstrap.preview import Choices, Drafts, FactRow, FactTable, Previewer
from tests.unit.studio.edits import change

_COPY = "campaigns/spring_sale/copy.{}.yaml"


def table(drafts: Drafts, locale: str) -> FactTable:
    previewer = drafts.examine("spring_sale").previewer
    assert previewer is not None
    return previewer.preview(Choices(locale=locale)).rows[0].table


def fact(facts: FactTable, name: str) -> FactRow:
    return next(r for r in facts.rows if r.name == name)


def places(row: FactRow) -> dict[str, tuple[str, ...]]:
    return {f"{s.column.channel.value} {s.column.part}": s.words for s in row.sightings}


def test_the_columns_are_the_parts_of_every_channel(shipped: Drafts) -> None:
    shown = [(c.channel.value, c.part) for c in table(shipped, "en_GB").columns]
    assert shown == [
        ("email", "subject"), ("email", "preheader"), ("email", "html"), ("email", "text"),
        ("whatsapp", "body"), ("sms", "body"), ("x_dm", "body"), ("x_post", "body"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("locale", "written"),
    [
        ("en_GB", "31 March 2032"),
        ("en_US", "March 31, 2032"),
        ("es_ES", "31 de marzo de 2032"),
        ("ca_ES", "31 de març del 2032"),
    ],
)
def test_a_fact_is_found_in_the_exact_words_of_its_locale(
    shipped: Drafts, locale: str, written: str
) -> None:
    found = places(fact(table(shipped, locale), "ends_on"))
    for part in ("email html", "email text", "whatsapp body", "sms body", "x_post body"):
        assert found[part] == (written,)


def test_a_shipped_campaign_misses_nothing_and_has_no_strangers(previewer: Previewer) -> None:
    for row in previewer.preview(Choices()).rows:
        assert row.table.missing == 0
        assert row.table.strangers == ()


def test_a_fact_taken_out_of_one_copy_is_missing_exactly_there(
    templates: Path, drafts: Drafts
) -> None:
    change(templates / _COPY.format("ca"), " amb {{ facts.code }}:", " amb un codi:")
    row = fact(table(drafts, "ca_ES"), "code")
    missing = {f"{s.column.channel.value} {s.column.part}" for s in row.sightings if s.missing}
    assert missing == {"sms body", "x_dm body"}
    assert fact(table(drafts, "es_ES"), "code").sightings[-1].words == ("PRIMAVERA20",)


def test_subject_and_preheader_need_not_say_everything(shipped: Drafts) -> None:
    row = fact(table(shipped, "en_GB"), "code")
    subject = next(s for s in row.sightings if s.column.part == "subject")
    assert (subject.words, subject.missing) == ((), False)


def test_a_price_typed_into_one_copy_is_a_stranger_there_with_advice(
    templates: Path, drafts: Drafts
) -> None:
    change(templates / _COPY.format("en"), "Spring is here, and", "Only £49.90 each, and")
    (stranger,) = table(drafts, "en_GB").strangers
    assert stranger.words == "£49.90"
    assert (stranger.column.channel.value, stranger.column.part) == ("x_post", "body")
    assert stranger.advice


def test_the_same_facts_are_read_whoever_the_reader_is(previewer: Previewer) -> None:
    tables = [
        previewer.preview(Choices(reader=r)).rows[0].table
        for r in ("typical", "unknown", "longest")
    ]
    assert tables[0] == tables[1] == tables[2]
