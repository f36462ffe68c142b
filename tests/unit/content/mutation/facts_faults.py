"""Facts dropped from a text, altered in it, and added to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from tests.unit.content.mutation import every_kind, values
from tests.unit.content.mutation.fault import Fault
from tests.unit.content.mutation.phrases import IN_WORDS, STRANGERS, VAGUE
from tests.unit.content.mutation.shipped import (
    CAMPAIGNS,
    LANGUAGES,
    Place,
    copy_file,
    replaced,
    text_at,
    texts,
    with_text,
    without,
)

#: Campaign → facts that WhatsApp takes from one paragraph and nowhere else.
_ONCE_IN_BODY = {
    "spring_sale": {"ends_on": 0, "code": 1},
    "shop_moves": {"moves_on": 0, "new_address": 0, "phone": 2},
}


def named(place: Place) -> str:
    """A place in a fault's name."""
    return "".join(str(step) for step in place)


def fact_uses(campaign: str, language: str) -> Iterator[tuple[Place, str, str]]:
    """Each place of a copy file that states a fact: place, fact, placeholder."""
    for place, text in texts(copy_file(campaign, language)):
        for found in re.finditer(r"\{\{ facts\.(\w+) \}\}", text):
            yield place, found[1], found[0]


def fact_faults() -> Iterator[Fault]:
    """Everything of this module."""
    for campaign in CAMPAIGNS:
        for language in LANGUAGES:
            yield from _dropped(campaign, language)
            yield from _paragraphs(campaign, language)
            yield from _altered(campaign, language)
            yield from _added(campaign, language)
        yield from _dropped_by_layouts(campaign)
        yield from _added_in_layouts(campaign)
    for language in LANGUAGES:
        yield from _of_every_kind(language)


def _dropped(campaign: str, language: str) -> Iterator[Fault]:
    file = copy_file(campaign, language)
    for place, fact, mark in fact_uses(campaign, language):
        kind = "fact dropped"
        if place in (("subject",), ("preheader",)):
            kind = "fact dropped from subject or preheader"
        elif place[0] not in ("short", "post") and (
            place[0] != "body" or _ONCE_IN_BODY[campaign].get(fact) != place[1]
        ):
            continue  # another text of the same message says it
        text = text_at(file, place)
        name = f"{campaign}/{language}/{named(place)}/{fact}"
        fault = partial(Fault, kind, campaign=campaign, file=file)
        why = f"`{fact}` is not said where the other languages say it"
        yield fault(
            name=f"{name}/left out",
            text=with_text(file, place, re.sub(r" +", " ", text.replace(mark, "")).strip()),
            why=why,
        )
        yield fault(
            name=f"{name}/said vaguely",
            text=with_text(file, place, text.replace(mark, VAGUE[fact][language])),
            why=why,
        )


def _paragraphs(campaign: str, language: str) -> Iterator[Fault]:
    file = copy_file(campaign, language)
    for index in sorted(set(_ONCE_IN_BODY[campaign].values())):
        yield Fault(
            "fact dropped", f"{campaign}/{language}/paragraph {index} deleted", campaign, file,
            without(file, ("body", index)), "WhatsApp takes its facts from this paragraph",
        )  # fmt: skip
    for key in ("short", "post"):
        if any(place == (key,) for place, _ in texts(file)):
            yield Fault(
                "fact dropped", f"{campaign}/{language}/{key} says nothing", campaign, file,
                with_text(file, (key,), VAGUE["shop"][language]), "no fact is left in it",
            )  # fmt: skip


_LAYOUT_DROPS = [
    ("sms.txt.j2", "{{ copy.short }}", "{{ copy.headline }}"),
    ("whatsapp.txt.j2", "{{ paragraph }}", ""),
    ("whatsapp.txt.j2", "{{- copy.call_to_action }}: {{ facts[name] }}", ""),
    ("whatsapp.txt.j2", "{% for paragraph in copy.body %}", "{% for p in copy.body[:1] %}"),
    ("email.txt.j2", "{{- copy.call_to_action }}: {{ facts[name] }}", ""),
    ("email.txt.j2", "kinds[name] == 'url'", "kinds[name] == 'link'"),
]
_SPRING_DROPS = [
    ("x_dm.txt.j2", "{{ copy.short }}", ""),
    ("x_post.txt.j2", "{{ copy.post }}", "{{ copy.headline }}"),
]


def _dropped_by_layouts(campaign: str) -> Iterator[Fault]:
    drops = _LAYOUT_DROPS + (_SPRING_DROPS if campaign == "spring_sale" else [])
    for number, (layout, old, new) in enumerate(drops):
        file = f"layouts/{layout}"
        new_text = replaced(file, old, new).replace("{{ paragraph }}", "{{ p }}") if (
            new.startswith("{% for p in")
        ) else replaced(file, old, new)  # fmt: skip
        yield Fault(
            "fact dropped by a layout", f"{campaign}/{layout}/{number}", campaign, file,
            new_text, "the layout no longer prints a text that says facts",
        )  # fmt: skip
    layout, link = "layouts/email.html.j2", 'href="{{ facts[name] }}"'
    pages = {"home page": "https://shop.example.com/", "old page": "https://shop.example.com/old"}
    for what, new in pages.items():
        yield Fault(
            "link altered", f"{campaign}/email.html.j2/button to the {what}", campaign, layout,
            replaced(layout, link, f'href="{new}"'), "the button leads elsewhere than the text",
        )  # fmt: skip


_KIND_OF = {
    "discount": "percent altered",
    "ends_on": "date altered",
    "moves_on": "date altered",
    "code": "code altered",
    "shop": "address altered",
    "page": "address altered",
    "phone": "phone altered",
    "new_address": "words altered",
}


def _altered(campaign: str, language: str) -> Iterator[Fault]:
    file = copy_file(campaign, language)
    for place, fact, mark in fact_uses(campaign, language):
        for tag, literal in values.alterations(fact, language):
            kind = _KIND_OF[fact]
            if tag.startswith("format"):
                kind = "date format"
            elif tag.startswith("words"):
                kind = "in words"
            elif tag.startswith("link"):
                kind = "link altered"
            yield Fault(
                kind,
                f"{campaign}/{language}/{named(place)}/{fact}/{tag}",
                campaign,
                file,
                with_text(file, place, text_at(file, place).replace(mark, literal, 1)),
                f"`{literal}` is not `{fact}` as this language writes it",
                # Nobody reads a thirty-first of March, or `May 3` for `3 May`, as another day.
                warns=(tag == "words, same value" and place[0] not in ("short", "post"))
                or (tag == "format, English" and language == "en"),
            )


def _of_every_kind(language: str) -> Iterator[Fault]:
    """Facts of other kinds, altered where a message states them once, or at all."""
    file = copy_file(every_kind.CAMPAIGN, language)
    for place, fact, mark in fact_uses(every_kind.CAMPAIGN, language):
        for tag, written in every_kind.ALTERATIONS.get(fact, {}).items():
            yield Fault(
                every_kind.KINDS[fact],
                f"{every_kind.CAMPAIGN}/{language}/{named(place)}/{fact}/{tag}",
                every_kind.CAMPAIGN,
                file,
                with_text(file, place, text_at(file, place).replace(mark, written[language], 1)),
                f"`{written[language]}` is not `{fact}` as this language writes it",
                # `octubre` is Catalan as well; it lacks an apostrophe, and says the right days.
                warns=fact == "weeks" and language == "ca" and tag.startswith("format"),
            )


def _added(campaign: str, language: str) -> Iterator[Fault]:
    file = copy_file(campaign, language)
    for place, text in texts(file):
        if text.startswith("{% if"):
            continue
        for tag, sentences in STRANGERS.items():
            yield Fault(
                "value added", f"{campaign}/{language}/{named(place)}/{tag}", campaign, file,
                with_text(file, place, f"{text} {sentences[language]}"),
                "a value that the campaign does not declare",
            )  # fmt: skip
        for tag, sentences in IN_WORDS.items():
            yield Fault(
                "in words", f"{campaign}/{language}/{named(place)}/{tag} added", campaign, file,
                with_text(file, place, f"{text} {sentences[language]}"),
                "an amount in words, which the campaign does not declare", warns=True,
            )  # fmt: skip


_TYPED = [
    ("percent", "Today -50 %"),
    ("amount", "Delivery 3,95 €"),
    ("date", "31/12/2026"),
    ("phone", "+34 600 000 777"),
    ("code", "Code: WINTER30"),
    ("address", "https://shop.example.com/winter"),
]
_BEFORE = {
    "email.html.j2": "<p>{{ copy.greeting }}</p>",
    "email.txt.j2": "{{ copy.greeting }}",
    "whatsapp.txt.j2": "{{ copy.greeting }}",
    "sms.txt.j2": "\n{{ legal }}",
    "x_dm.txt.j2": "{{ legal }}",
}


def _added_in_layouts(campaign: str) -> Iterator[Fault]:
    for layout, before in _BEFORE.items():
        if layout.startswith("x_") and campaign != "spring_sale":
            continue
        for tag, words in _TYPED:
            file = f"layouts/{layout}"
            typed = f"<p>{words}</p>" if "html" in layout else f"\n{words}\n"
            yield Fault(
                "value added in a layout", f"{campaign}/{layout}/{tag}", campaign, file,
                replaced(file, before, typed + before), "a value typed into the layout",
            )  # fmt: skip
