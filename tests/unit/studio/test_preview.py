"""What a preview shows: messages as they will arrive, for whom, how long, at what price."""

from __future__ import annotations

from pathlib import Path

import pytest

from campaigns.bootstrap.preview import Cell, Choices, Drafts, Known, Preview, Previewer
from campaigns.domain.channel import Channel
from tests.unit.studio.edits import change

_OFFER = ("email", "whatsapp", "sms", "x_dm", "x_post")


def cell(preview: Preview, locale: str, channel: Channel) -> Cell:
    row = next(r for r in preview.rows if r.locale == locale)
    return next(c for c in row.cells if c.channel is channel)


def measures(shown: Cell) -> dict[str, str]:
    return {r.label: r.value for r in shown.readings}


def test_there_is_a_row_per_locale_and_a_column_per_channel_in_the_campaigns_order(
    previewer: Previewer,
) -> None:
    preview = previewer.preview(Choices())
    assert [r.locale for r in preview.rows] == ["en_GB", "en_US", "es_ES", "ca_ES"]
    for row in preview.rows:
        assert tuple(c.channel.value for c in row.cells) == _OFFER


def test_a_chosen_locale_and_channel_stand_alone(previewer: Previewer) -> None:
    preview = previewer.preview(Choices(locale="ca_ES", channel="sms"))
    assert [r.label for r in preview.rows] == ["Catalan (Spain)"]
    assert [c.channel for c in preview.rows[0].cells] == [Channel.SMS]


@pytest.mark.parametrize("field", ["locale", "channel", "reader", "variant"])
def test_a_choice_that_does_not_exist_falls_back_to_what_does(
    previewer: Previewer, field: str
) -> None:
    assert previewer.preview(Choices(**{field: "xx"})) == previewer.preview(Choices())


def test_the_typical_reader_has_a_name_of_their_language(previewer: Previewer) -> None:
    preview = previewer.preview(Choices(reader="typical"))
    assert "Hello Alice" in cell(preview, "en_GB", Channel.WHATSAPP).parts["body"]
    assert "Hola, Laia" in cell(preview, "ca_ES", Channel.WHATSAPP).parts["body"]


def test_the_reader_of_whom_nothing_is_known_reads_every_fallback(previewer: Previewer) -> None:
    body = cell(previewer.preview(Choices(reader="unknown")), "es_ES", Channel.WHATSAPP).parts[
        "body"
    ]
    assert "Hola, aquí estamos otra vez:" in body
    assert "en cualquiera de nuestras tiendas." in body


def test_the_longest_values_are_those_that_the_fit_is_proven_with(previewer: Previewer) -> None:
    longest = cell(previewer.preview(Choices(reader="longest")), "en_GB", Channel.WHATSAPP)
    typical = cell(previewer.preview(Choices()), "en_GB", Channel.WHATSAPP)
    assert "Ŵ" * 40 in longest.parts["body"]
    assert len(longest.parts["body"]) > len(typical.parts["body"])


def test_a_reader_who_would_get_no_message_is_told_why(templates: Path, drafts: Drafts) -> None:
    change(
        templates / "campaigns/spring_sale/copy.en.yaml",
        "{{ customer.first_name | or_else('again') }}",
        "{{ customer.first_name }}",
    )
    previewer = drafts.examine("spring_sale").previewer
    assert previewer is not None
    shown = cell(previewer.preview(Choices(reader="unknown")), "en_GB", Channel.EMAIL)
    assert not shown.parts
    assert "no fallback" in shown.unfilled
    assert "`first_name`" in shown.unfilled


def test_traits_choose_the_skeleton(previewer: Previewer) -> None:
    member = previewer.preview(Choices(traits={"is_member": "True"}))
    other = previewer.preview(Choices(traits={"is_member": "False"}))
    assert "1,250 points" in cell(member, "en_GB", Channel.WHATSAPP).parts["body"]
    assert "points" not in cell(other, "en_GB", Channel.WHATSAPP).parts["body"]


def test_a_variant_is_shown_when_it_is_chosen(templates: Path, drafts: Drafts) -> None:
    for language in ("en", "es", "ca"):
        file = templates / f"campaigns/spring_sale/copy.{language}.yaml"
        text = file.read_text(encoding="utf-8")
        file.write_text(text + "variants: {b: {headline: A headline of variant b}}\n")
    previewer = drafts.examine("spring_sale").previewer
    assert previewer is not None
    assert [v.label for v in previewer.offer.variants] == ["A", "B"]
    shown = cell(previewer.preview(Choices(variant="b")), "en_GB", Channel.WHATSAPP)
    assert shown.parts["body"].startswith("*A headline of variant b*")


def test_a_customer_reads_their_own_language_traits_and_values(previewer: Previewer) -> None:
    known = Known(
        "Meritxell (S1)", "ca_AD", "AD",
        {"first_name": "Meritxell", "is_member": True, "points": 1226, "nearest_shop": None},
    )  # fmt: skip
    preview = previewer.preview(Choices(locale="en_GB", customer="S1"), known)
    assert [(r.locale, r.reader) for r in preview.rows] == [("ca_ES", "Meritxell (S1)")]
    body = cell(preview, "ca_ES", Channel.WHATSAPP).parts["body"]
    assert "Hola, Meritxell" in body
    assert "1.226 punts" in body
    assert "qualsevol de les nostres botigues" in body


def test_an_sms_tells_encoding_segments_and_price_in_the_readers_country(
    previewer: Previewer,
) -> None:
    preview = previewer.preview(Choices())
    told = measures(cell(preview, "es_ES", Channel.SMS))
    assert told["Encoding"] == "GSM-7"
    assert told["Segments"] == "1 of 3 segments"
    assert told["Price"] == "€0.0721 to ES"
    assert measures(cell(preview, "en_US", Channel.SMS))["Price"] == "€0.0077 to US"


def test_an_sms_too_long_for_the_brand_is_marked(templates: Path, drafts: Drafts) -> None:
    change(templates / "campaigns/spring_sale/copy.en.yaml", "off everything until", "off " * 150)
    state = drafts.examine("spring_sale")
    assert state.previewer is not None
    shown = cell(state.previewer.preview(Choices()), "en_GB", Channel.SMS)
    assert [r.label for r in shown.readings if not r.fits] == ["Segments"]
    assert shown.findings


def test_without_a_price_list_no_price_is_shown(templates: Path, drafts: Drafts) -> None:
    brand = templates / "brand.yaml"
    brand.write_text(brand.read_text(encoding="utf-8").split("\nprices:")[0] + "\n")
    previewer = drafts.examine("spring_sale").previewer
    assert previewer is not None
    assert "Price" not in measures(cell(previewer.preview(Choices()), "es_ES", Channel.SMS))


def test_a_post_tells_its_weighted_length_with_the_address_as_23(previewer: Previewer) -> None:
    shown = cell(previewer.preview(Choices()), "en_GB", Channel.X_POST)
    body = shown.parts["body"]
    address = "https://shop.example.com/spring"
    assert measures(shown)["Weighted length"] == f"{len(body) - len(address) + 23} of 280"


def test_only_the_post_in_the_campaigns_language_is_sent(previewer: Previewer) -> None:
    preview = previewer.preview(Choices())
    sent = [r.locale for r in preview.rows if cell(preview, r.locale, Channel.X_POST).sent]
    assert sent == ["es_ES"]


def test_a_mail_shows_its_preheader_without_the_filling(previewer: Previewer) -> None:
    shown = cell(previewer.preview(Choices()), "en_GB", Channel.EMAIL)
    assert shown.preheader == "Plants, pots, seeds and tools, with the code PRIMAVERA20."


def test_a_cells_key_changes_only_when_the_cell_does(templates: Path, drafts: Drafts) -> None:
    def keys() -> dict[str, str]:
        previewer = drafts.examine("spring_sale").previewer
        assert previewer is not None
        row = previewer.preview(Choices(locale="es_ES")).rows[0]
        return {c.channel.value: c.key for c in row.cells}

    before = keys()
    change(templates / "campaigns/spring_sale/copy.es.yaml", "Ya es primavera y", "Es abril y")
    after = keys()
    assert {name for name in before if before[name] != after[name]} == {"x_post"}
