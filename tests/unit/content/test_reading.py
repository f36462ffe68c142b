"""Mistakes in a campaign's files: each told at its line, all at once, with the way out."""

from __future__ import annotations

import pytest

from campaigns.content.reading import read_sources
from campaigns.errors import FilesError, NotFoundError
from tests.unit.content.files import Files

CAMPAIGN = "campaigns/sale/campaign.yaml"


def told(files: Files) -> list[str]:
    with pytest.raises(FilesError) as caught:
        read_sources(files.root, "sale")
    return [str(e).replace(f"{files.root}/", "") for e in caught.value.errors]


def test_a_sound_campaign_is_read(files: Files) -> None:
    sources = read_sources(files.root, "sale")
    assert sources.locales == ("en_GB", "es_ES")
    assert sources.wording("es_ES", "a")["call_to_action"].text == "Comprar"


def test_an_unknown_campaign_names_the_nearest(files: Files) -> None:
    with pytest.raises(NotFoundError, match=r"no campaign `sail`.*did you mean `sale`"):
        read_sources(files.root, "sail")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("title:", "titel:", "unknown key `titel`; did you mean `title`? allowed: title,"),
        ("{percent: 20}", "{percnt: 20}", "unknown key `percnt`; did you mean `percent`?"),
        ("{percent: 20}", "{percent: x}", "`facts.discount.percent`:"),
        ("{percent: 20}", "{percent: 20, code: AB}", "give exactly one of: percent, money,"),
        ("{percent: 20}", "{money: {amount: 5, currency: EURO}}", "unknown currency `EURO`"),
        ("{date: 2027-03-31}", "{date: 2027-02-30}", "`facts.ends_on.date`:"),
        ("{date: 2027-03-31}", "{date: 20270331}", "write it as 2027-03-31"),
        ("https://", "http://", "write a full address that starts with https://"),
        ("{code: SPRING20}", "{code: 'SPRING 20'}", "is not written as it must be"),
        ("x_post]", "x_pots]", "unknown value `x_pots`; did you mean `x_post`?"),
        ("x_post]", "sms]", "`channels` names a channel twice"),
        ("audience: everyone", "audience: all", "unknown value `all`; allowed: everyone"),
        (
            "audience: everyone",
            "audience: {countri: {in: [ES]}}",
            "unknown field `countri`; allowed: country, locale,",
        ),
        (
            "audience: everyone",
            "audience: {country: {within: 3}}",
            "unknown key `within`; did you mean `within_days`?",
        ),
        ("topic: offers", "edition: spring", "a marketing campaign needs a `topic`"),
        ("topic: offers", "topic: offers\nexpires: soon", "`expires`"),
        ("topic: offers", "topic: offers\nlayouts: {sms.text: a.j2}", "unknown key `sms.text`"),
    ],
)
def test_a_mistake_in_campaign_yaml_is_told(files: Files, old: str, new: str, message: str) -> None:
    files.campaign(old, new)
    assert any(message in line for line in told(files)), told(files)


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("discount, ends_on", "discont, ends_on", 8, "fact `discont`; did you mean `discount`?"),
        ("audience:", "locales: [en_GB, fr_FR]\naudience:", 10, "locale of the brand `fr_FR`"),
        ("audience:", "traits: [points]\naudience:", 10, "bool or choice attribute `points`"),
        ("audience:", "post_locale: en_US\naudience:", 10, "locale of the campaign `en_US`"),
        ("everyone", "{attributes.is_membr: {eq: true}}", 10, "attribute `is_membr`; did you"),
        ("audience:", "slots: {points: {type: text}}\naudience:", 10, "`points` has a type"),
        ("audience:", "layouts: {sms.txt: own.j2}\naudience:", 10, "needs the layout `own.j2`"),
        ("{code: SPRING20}", "{text: {en: twenty}}", 6, "fact `code` has no words for es_ES"),
    ],
)
def test_files_that_do_not_agree_are_told_with_the_line(
    files: Files, old: str, new: str, line: int, message: str
) -> None:
    files.campaign(old, new)
    (error,) = told(files)
    assert error.startswith(f"{CAMPAIGN}:{line}: ")
    assert message in error


def test_all_mistakes_of_all_files_are_told_at_once(files: Files) -> None:
    files.brand("name: Testa\n", "")
    files.campaign("title: Sale", "titel: Sale")
    files.spanish("headline:", "headlin:")
    files.write("attributes.yaml", "tier: {type: choice}\n")
    lines = told(files)
    assert "brand.yaml: `name` is missing." in lines
    assert any(line.startswith(f"{CAMPAIGN}:1: unknown key `titel`") for line in lines)
    assert any(
        line.startswith("campaigns/sale/copy.es.yaml:2: unknown key `headlin`; did you mean `head")
        for line in lines
    )
    assert any("`choices` belong to type choice" in line for line in lines)


def test_a_locale_without_copy_is_told(files: Files) -> None:
    (files.root / "campaigns/sale/copy.es.yaml").unlink()
    (line,) = told(files)
    assert "there is no copy for es_ES: add copy.es.yaml" in line


def test_a_copy_with_an_odd_name_is_told(files: Files) -> None:
    files.write("campaigns/sale/copy.spanish.yaml", "headline: x\n")
    (line,) = told(files)
    assert line.startswith("campaigns/sale/copy.spanish.yaml: name a copy after its language")


def test_a_missing_layout_is_told(files: Files) -> None:
    (files.root / "layouts/sms.txt.j2").unlink()
    (line,) = told(files)
    assert line.startswith("layouts/sms.txt.j2: channel sms needs the layout")


def test_a_channel_without_sender_is_told(files: Files) -> None:
    files.brand("  x: {handle: demo_testa}\n", "")
    lines = told(files)
    assert f"{CAMPAIGN}:9: the brand has no sender for x_dm: add `senders: {{x: …}}`" in lines[0]


def test_a_folder_without_brand_is_told(files: Files) -> None:
    (files.root / "brand.yaml").unlink()
    (line,) = told(files)
    assert line == "brand.yaml: there is no such file."


def test_a_locales_own_copy_wins_key_by_key(files: Files) -> None:
    files.brand("locales: [en_GB, es_ES]", "locales: [en_GB, en_US, es_ES]")
    files.write("campaigns/sale/copy.en_US.yaml", "call_to_action: Shop now\n")
    sources = read_sources(files.root, "sale")
    assert sources.wording("en_US", "a")["call_to_action"].text == "Shop now"
    assert sources.wording("en_GB", "a")["call_to_action"].text == "Buy now"
    assert sources.wording("en_US", "a")["headline"] == sources.wording("en_GB", "a")["headline"]


def test_too_many_trait_combinations_are_refused(files: Files) -> None:
    files.write("attributes.yaml", "".join(f"t{i}: {{type: bool}}\n" for i in range(5)))
    files.campaign("audience:", "traits: [t0, t1, t2, t3, t4]\naudience:")
    (line,) = told(files)
    assert line.startswith(f"{CAMPAIGN}:10: these traits make 32 different messages")


@pytest.mark.parametrize(
    ("words", "place"), [('greeting: ""', 3), ("greeting: '  '", 3), ("body: ['', ' ']", 4)]
)
def test_an_empty_text_is_told_at_its_line(files: Files, words: str, place: int) -> None:
    text = (files.root / "campaigns/sale/copy.en.yaml").read_text().splitlines()
    text[place - 1] = words
    files.write("campaigns/sale/copy.en.yaml", "\n".join(text))
    key = words.partition(":")[0]
    assert files.findings() == [
        f"campaigns/sale/copy.en.yaml:{place}: `{key}` is empty; write it, or leave the key out."
    ]
