"""Words the brand does not use, shouting, left-overs and texts in the wrong language."""

from __future__ import annotations

from collections.abc import Iterator

from tests.unit.content.mutation.facts_faults import named
from tests.unit.content.mutation.fault import Fault
from tests.unit.content.mutation.phrases import AVOIDED, LEFT_OVER, MISWRITTEN, SHOUTS
from tests.unit.content.mutation.shipped import (
    CAMPAIGNS,
    LANGUAGES,
    Place,
    copy_file,
    replaced,
    text_at,
    texts,
    with_text,
)


def word_faults() -> Iterator[Fault]:
    """Everything of this module."""
    for campaign in CAMPAIGNS:
        for language in LANGUAGES:
            yield from _in_copy(campaign, language)
            yield from _from_another_language(campaign, language)
        yield from _in_layouts_and_brand(campaign)


def _in_copy(campaign: str, language: str) -> Iterator[Fault]:
    file = copy_file(campaign, language)
    families = {
        "avoided term": AVOIDED[language],
        "name miswritten": tuple(f"({name})" for name in MISWRITTEN),
        "too loud": SHOUTS[language],
        "left over": LEFT_OVER,
    }
    for place, whole in texts(file):
        text = whole.removesuffix("{% endif %}")
        for kind, family in families.items():
            for words in family:
                end = whole[len(text) :]
                yield Fault(
                    kind, f"{campaign}/{language}/{named(place)}/{words}", campaign, file,
                    with_text(file, place, f"{text} {words}{end}"), f"`{words}` in the copy",
                )  # fmt: skip


def _from_another_language(campaign: str, language: str) -> Iterator[Fault]:
    file = copy_file(campaign, language)
    for other in LANGUAGES:
        if other == language:
            continue
        source = copy_file(campaign, other)
        for place, _ in texts(file):
            foreign = text_at(source, place)
            if text_at(file, place) == foreign:
                continue
            yield Fault(
                "untranslated", f"{campaign}/{language}/{named(place)}/in {other}", campaign, file,
                with_text(file, place, foreign), f"this text is in {other}",
            )  # fmt: skip


_TYPED: tuple[tuple[str, str, str], ...] = (
    ("avoided term", "layouts/email.html.j2", "<p>Click here</p>"),
    ("avoided term", "layouts/email.html.j2", "<p>Your last <b>chance</b></p>"),
    ("avoided term", "layouts/email.html.j2", "<p>última oportunidad</p>"),
    ("name miswritten", "layouts/email.html.j2", "<p>BROTANELL</p>"),
    ("name miswritten", "layouts/email.html.j2", "<p>Brotanel</p>"),
    ("too loud", "layouts/email.html.j2", "<p>Now or never!!!</p>"),
    ("left over", "layouts/email.html.j2", "<p>Lorem ipsum</p>"),
    ("left over", "layouts/email.html.j2", "<p>TODO</p>"),
)


def _in_layouts_and_brand(campaign: str) -> Iterator[Fault]:
    for kind, file, words in _TYPED:
        before = "<p>{{ copy.greeting }}</p>"
        yield Fault(
            kind, f"{campaign}/email.html.j2/{words}", campaign, file,
            replaced(file, before, before + words), f"`{words}` typed into the layout",
        )  # fmt: skip
    for kind, layout, words in (
        ("avoided term", "whatsapp.txt.j2", "Haz clic aquí"),
        ("name miswritten", "email.txt.j2", "Whatsapp"),
        ("left over", "sms.txt.j2", "TBD"),
        ("too loud", "whatsapp.txt.j2", "COMPRA YA MISMO"),
    ):
        file = f"layouts/{layout}"
        yield Fault(
            kind, f"{campaign}/{layout}/{words}", campaign, file,
            f"{words}\n" + replaced(file, "\n", "\n"), f"`{words}` typed into the layout",
        )  # fmt: skip
    brand = "brand.yaml"
    for kind, old, new in (
        ("avoided term", "Choose what we send you", "Click here to choose what we send"),
        ("avoided term", "O abre esta dirección:", "O haz clic aquí:"),
        ("name miswritten", "  alt: Brotanell ", "  alt: brotanell "),
        ("name miswritten", "    name: Brotanell", "    name: BROTANELL"),
        ("name miswritten", "postal_address: Brotanell", "postal_address: Brotanel"),
        ("name miswritten", "name: Brotanell\n", "name: Brotanel\n"),
        ("too loud", "Triar què t’enviem", "TRIA QUÈ T’ENVIEM"),
        ("too loud", "Or open this address:", "Open this address now!"),
        ("left over", "Elegir qué te enviamos", "TODO elegir"),
    ):
        yield Fault(
            kind, f"{campaign}/brand/{new.strip()}", campaign, brand, replaced(brand, old, new),
            f"`{new.strip()}` in the brand", at=(brand, "layouts/email.html.j2"),
        )  # fmt: skip


def place_of(file: str, key: str) -> Place:
    """The first text of a key."""
    return next(place for place, _ in texts(file) if place[0] == key)
