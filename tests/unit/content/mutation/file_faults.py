# ruff: noqa: E501 - edits are quoted as they stand in the files
"""Keys that are missing, names that nothing has, values used in logic, copy that is too long."""

from __future__ import annotations

from collections.abc import Iterator

from tests.unit.content.mutation.facts_faults import fact_uses, named
from tests.unit.content.mutation.fault import Fault
from tests.unit.content.mutation.phrases import FILLER
from tests.unit.content.mutation.shipped import (
    CAMPAIGNS,
    LANGUAGES,
    campaign_file,
    copy_file,
    replaced,
    text_at,
    texts,
    values,
    with_text,
    without,
)


def file_faults() -> Iterator[Fault]:
    """Everything of this module."""
    for campaign in CAMPAIGNS:
        for language in LANGUAGES:
            yield from _keys(campaign, language)
            yield from _names(campaign, language)
            yield from _logic(campaign, language)
            yield from _too_long(campaign, language)
            yield from _customers(campaign, language)
        yield from _campaign(campaign)
        yield from _lengths(campaign)


def _keys(campaign: str, language: str) -> Iterator[Fault]:
    file = copy_file(campaign, language)
    told = f"{campaign}/{language}"
    for key, value in values(file).items():
        yield Fault(
            "text missing", f"{told}/{key} deleted", campaign, file, without(file, (key,)),
            "the other languages have this text",
        )  # fmt: skip
        yield Fault(
            "text missing", f"{told}/{key} misspelt", campaign, file,
            replaced(file, f"{key}:", f"{key[:-2]}{key[-1]}{key[-2]}:"), "there is no such key",
        )  # fmt: skip
        if isinstance(value, str):
            yield Fault(
                "text missing", f"{told}/{key} emptied", campaign, file,
                with_text(file, (key,), ""), "the text is empty",
            )  # fmt: skip


def _names(campaign: str, language: str) -> Iterator[Fault]:
    file = copy_file(campaign, language)
    for place, fact, mark in fact_uses(campaign, language):
        slips = {
            "letter lost": f"{{{{ facts.{fact[:-1]} }}}}",
            "no facts": f"{{{{ {fact} }}}}",
            "singular": f"{{{{ fact.{fact} }}}}",
            "one brace": f"{{ facts.{fact} }}",
            "brace lost": f"{{{{ facts.{fact} }}",
            "brackets": f"[[ facts.{fact} ]]",
            "percent": f"{{% facts.{fact} %}}",
            "dollar": f"${{facts.{fact}}}",
            "filter": f"{{{{ facts.{fact} | uppercase }}}}",
            "bare": f"facts.{fact}",
        }
        for slip, wrong in slips.items():
            yield Fault(
                "name misspelt", f"{campaign}/{language}/{named(place)}/{fact}/{slip}", campaign,
                file, with_text(file, place, text_at(file, place).replace(mark, wrong, 1)),
                f"`{wrong}` is nothing",
            )  # fmt: skip


_LOGIC = (
    "{% if customer.first_name %}{{ customer.first_name }}{% endif %}",
    "{{ customer.first_name or 'you' }}",
    "{{ customer.first_name | upper }}",
    "{{ customer.first_name | title }}",
    "{{ customer.first_name | default('you') }}",
    "{{ customer.first_name ~ ' ' ~ customer.last_name }}",
    "{{ customer.first_name[0] }}",
    "{% if customer.points > 100 %}+{% endif %}",
    "{{ customer.points + 10 }}",
    "{{ customer.points * 2 }}",
    "{% if customer.tier == 'gold' %}*{% endif %}",
    "{{ 'x' if customer.nearest_shop else 'y' }}",
    "{{ customer.nearest_shop | replace('Brotanell', '') }}",
    "{{ customer.nearest_shop | length }}",
    "{% for letter in customer.first_name %}{{ letter }}{% endfor %}",
)
_UNESCAPED = (
    "{{ customer.first_name | safe }}",
    "{{ customer.first_name | or_else('you') | safe }}",
    "{{ customer.nearest_shop | e | safe }}",
    "{% autoescape false %}{{ customer.first_name | or_else('you') }}{% endautoescape %}",
)


def _logic(campaign: str, language: str) -> Iterator[Fault]:
    file = copy_file(campaign, language)
    for kind, family in (("value in logic", _LOGIC), ("unescaped", _UNESCAPED)):
        for words in family:
            for place in (("greeting",), ("body", 1)):
                yield Fault(
                    kind, f"{campaign}/{language}/{named(place)}/{words}", campaign, file,
                    with_text(file, place, f"{text_at(file, place)} {words}"),
                    "a customer's value can only be printed, escaped for its place",
                )  # fmt: skip


def _too_long(campaign: str, language: str) -> Iterator[Fault]:
    file = copy_file(campaign, language)
    times = {"subject": 1, "short": 8, "post": 4, "body": 15, "headline": 16, "closing": 14}
    for place, text in texts(file):
        if place[0] not in times or text.startswith("{% if"):
            continue
        long = text + FILLER[language] * times[str(place[0])]
        yield Fault(
            "too long", f"{campaign}/{language}/{named(place)}/sentences", campaign, file,
            with_text(file, place, long), "more than its channel, or the brand, allows",
        )  # fmt: skip
    short = ("short",)
    for what, words in (("emoji", "⟶ "), ("Greek", "Ωραία ")):
        yield Fault(
            "too long", f"{campaign}/{language}/short/{what} and a sentence or two", campaign, file,
            with_text(file, short, words + text_at(file, short) + FILLER[language] * 2),
            "one letter outside the SMS alphabet makes every segment 67 long",
        )  # fmt: skip
    yield Fault(
        "too long", f"{campaign}/{language}/short/the shop's name twice", campaign, file,
        with_text(file, short, text_at(file, short) + FILLER[language] * 2
                  + " {{ customer.nearest_shop | or_else('-') }}" * 2),
        "a name may bring a letter outside the SMS alphabet",
    )  # fmt: skip


def _customers(campaign: str, language: str) -> Iterator[Fault]:
    file = copy_file(campaign, language)
    greeting = text_at(file, ("greeting",))
    yield Fault(
        "no fallback", f"{campaign}/{language}/greeting", campaign, file,
        with_text(file, ("greeting",), greeting.replace(greeting[greeting.index(" | or") :
                  greeting.index(" }}")], "")), "customers without a name get no message",
        warns=True,
    )  # fmt: skip
    if campaign != "spring_sale":
        return
    for place in (("post",), ("headline",)):
        name = "{{ customer.first_name | or_else('-') }}"
        yield Fault(
            "customer in a post", f"{campaign}/{language}/{place[0]}", campaign, file,
            with_text(file, ("post",), f"{name}: {text_at(file, ('post',))}"),
            "the post is public",
        ) if place == ("post",) else Fault(
            "name misspelt", f"{campaign}/{language}/{place[0]}/customer", campaign, file,
            with_text(file, place, text_at(file, place) + " {{ customer.frist_name }}"),
            "there is no such value",
        )  # fmt: skip


def _campaign(campaign: str) -> Iterator[Fault]:
    file = campaign_file(campaign)
    copies = tuple(copy_file(campaign, language) for language in LANGUAGES)
    facts = values(file)["facts"]
    assert isinstance(facts, dict)
    for fact in facts:
        (line,) = (x for x in replaced(file, "", "").split("\n") if x.startswith(f"  {fact}:"))
        yield Fault(
            "fact removed", f"{campaign}/{fact} deleted", campaign, file,
            replaced(file, f"{line}\n", ""), "must_say names it", at=(file, *copies),
        )  # fmt: skip
        yield Fault(
            "fact removed", f"{campaign}/{fact} renamed", campaign, file,
            replaced(file, f"  {fact}:", f"  {fact}_2:"), "must_say names it", at=(file, *copies),
        )  # fmt: skip
        yield Fault(
            "fact removed", f"{campaign}/{fact} misspelt in must_say", campaign, file,
            _in_must_say(file, fact), "there is no such fact",
        )  # fmt: skip
    for name, old, new in _CAMPAIGN_SLIPS[campaign]:
        yield Fault(
            "link altered" if old.startswith("https") else "campaign file",
            f"{campaign}/campaign/{name}", campaign, file, replaced(file, old, new), name,
            at=(file, *copies) if name == "trait gone" else (), warns=name in _ONLY_LIKELY,
        )  # fmt: skip


def _in_must_say(file: str, fact: str) -> str:
    (line,) = (x for x in replaced(file, "", "").split("\n") if x.startswith("must_say:"))
    return replaced(file, line, line.replace(fact, f"{fact}s"))


#: What may be meant: a date need not be the last one on which something is sent.
_ONLY_LIKELY = (
    "sent after the offer ended",
    "ends before it is sent for the last time",
    "sent after the move",
    "moves before it is sent for the last time",
    "percent over a hundred",
)
_CAMPAIGN_SLIPS: dict[str, list[tuple[str, str, str]]] = {
    "spring_sale": [
        ("address on http", "https://shop.example.com", "http://shop.example.com"),
        ("address on another domain", "https://shop.example.com", "https://shop.example.org"),
        ("address on a look-alike", "https://shop.example.com", "https://shop.examp1e.com"),
        (
            "address on a longer domain",
            "https://shop.example.com",
            "https://shop.example.com.offers.example",
        ),
        (
            "address with a user part",
            "https://shop.example.com",
            "https://shop.example.com@offers.example",
        ),
        ("sent after the offer ended", "expires: 2032-03-31", "expires: 2032-04-30"),
        (
            "ends before it is sent for the last time",
            "ends_on: {date: 2032-03-31}",
            "ends_on: {date: 2032-03-21}",
        ),
        ("a day that is none", "ends_on: {date: 2032-03-31}", "ends_on: {date: 2032-02-31}"),
        ("date the other way round", "ends_on: {date: 2032-03-31}", "ends_on: {date: 31-03-2032}"),
        ("percent as text", "{percent: 20}", "{percent: 20 %}"),
        ("percent over a hundred", "{percent: 20}", "{percent: 200}"),
        ("code with a space", "PRIMAVERA20}", "PRIMAVERA 20}"),
        ("channel nobody knows", "x_post]", "x_posts]"),
        ("trait nobody declared", "traits: [is_member]", "traits: [member]"),
        ("trait gone", "traits: [is_member]    # members read one sentence more\n", ""),
        ("locale of nobody", "post_locale: es_ES", "post_locale: fr_FR"),
        ("topic gone", "topic: offers\n", ""),
        ("attribute nobody declared", "attributes.is_member", "attributes.member"),
    ],
    "shop_moves": [
        ("address on http", "https://shop.example.com", "http://shop.example.com"),
        ("address on another domain", "https://shop.example.com", "https://shop.example.net"),
        ("address without a scheme", "https://shop.example.com", "shop.example.com"),
        (
            "address on a look-alike in Cyrillic",
            "https://shop.example.com",
            "https://shop.exаmple.com",
        ),
        ("sent after the move", "expires: 2032-05-03", "expires: 2032-06-03"),
        (
            "moves before it is sent for the last time",
            "moves_on: {date: 2032-05-03}",
            "moves_on: {date: 2032-03-05}",
        ),
        ("phone too short", "+34600000120", "+3460000012"),
        ("phone without country", "+34600000120", "600000120"),
        ("advertisement without a topic", "purpose: service", "purpose: marketing"),
    ],
}


def _lengths(campaign: str) -> Iterator[Fault]:
    copies = tuple(copy_file(campaign, language) for language in LANGUAGES)
    html = "layouts/email.html.j2"
    yield Fault(
        "too long", f"{campaign}/html over 102 KB", campaign, html,
        replaced(html, "range(30)", "range(999)").replace("&#847;&zwnj;&nbsp;", "&#847;" * 60),
        "Gmail cuts it off",
    )  # fmt: skip
    brand = "brand.yaml"
    address = "Carrer Imaginari 7, 08000 Barcelona, Spain"
    yield Fault(
        "too long", f"{campaign}/legal line of a page", campaign, brand,
        replaced(brand, "    en: Reply STOP to opt out.", f"    en: Reply STOP to opt out.{FILLER['en'] * 7}"),
        "the SMS no longer fits", at=(brand, *copies),
    ) if campaign == "spring_sale" else Fault(
        "too long", f"{campaign}/postal address of a page", campaign, brand,
        replaced(brand, address, address * 6), "an address is one line",
    )  # fmt: skip
    if campaign == "spring_sale":
        attributes = "attributes.yaml"
        yield Fault(
            "value too long", f"{campaign}/shop names of a page", campaign, attributes,
            replaced(attributes, "max_length: 30", "max_length: 700"),
            "WhatsApp holds 1024 characters", at=(attributes, *copies),
        )  # fmt: skip
