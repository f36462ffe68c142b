"""Contrast, by the numbers that WCAG gives, and where it is looked for."""

from __future__ import annotations

import pytest

from campaigns.content.checks.colours import colour, contrast
from tests.unit.content.checks.told import of_rule
from tests.unit.content.files import Files

HTML = "layouts/email.html.j2"


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#777777", "#ffffff", 4.48),
        ("#767676", "#ffffff", 4.54),
        ("#ff0000", "#ffffff", 4.0),
        ("#123456", "#123456", 1.0),
    ],
)
def test_contrast_is_what_wcag_says_either_way_round(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == pytest.approx(ratio, abs=0.01)
    assert contrast(other, one) == contrast(one, other)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("#ABC", "#aabbcc"),
        ("#1F5C3F !important", "#1f5c3f"),
        ("rgb(255, 0, 16)", "#ff0010"),
        ("White", "#ffffff"),
        ("transparent", None),
        ("url(x.png)", None),
        ("", None),
    ],
)
def test_colours_are_read_as_css_writes_them(written: str, read: str | None) -> None:
    assert colour(written) == read


def test_pale_text_is_told_with_its_words_and_its_ratio(files: Files) -> None:
    files.change(HTML, "p { color: #333333; }", "p { color: #999999; }")
    found = of_rule(files, "contrast")
    assert found[0].startswith(f"{HTML}: `Hello \ufffc,` (#999999 on #ffffff, in the light) has a ")
    assert "contrast of 2.8 to 1" in found[0]


def test_the_ground_is_the_nearest_around_the_text(files: Files) -> None:
    files.change(HTML, "<body>", '<body bgcolor="#ffffff">')
    files.change(HTML, "<h1>", '<h1 style="color: #fff; background: #fff">')
    light = [f for f in of_rule(files, "contrast") if "in the light" in f]
    assert ["(#ffffff on #ffffff" in f for f in light] == [True]
    files.change(HTML, "background: #fff", "background: #111111")
    assert of_rule(files, "contrast") == []


def test_large_text_may_have_less_contrast(files: Files) -> None:
    files.change(HTML, "<h1>", '<h1 style="color: #888888; font-size: 20px">')
    assert "It needs 4.5 to 1" in of_rule(files, "contrast")[0]
    files.change(HTML, "font-size: 20px", "font-size: 24px")
    assert of_rule(files, "contrast") == []


def test_dark_screens_have_a_contrast_of_their_own(files: Files) -> None:
    files.change(HTML, "h1, a { color: #eeeeee; }", "a { color: #eeeeee; }")
    (found,) = of_rule(files, "contrast")
    assert "`20% off everything` (#000000 on #111111, in the dark)" in found


def test_text_that_nobody_sees_needs_no_contrast(files: Files) -> None:
    files.change(HTML, 'style="display: none"', 'style="display: none; color: #ffffff"')
    assert of_rule(files, "contrast") == []


@pytest.mark.parametrize("which", ["text", "muted"])
def test_the_dark_palette_is_held_to_the_same(files: Files, which: str) -> None:
    dark = {
        **{"primary": "#111111", "on_primary": "#FFFFFF", "accent": "#222222"},
        **{"background": "#000000", "surface": "#101010", "text": "#FFFFFF", "muted": "#EEEEEE"},
    }
    listed = ", ".join(f'{k}: "{v}"' for k, v in {**dark, which: "#333333"}.items())
    line = files.brand("words:", f"dark_colours: {{{listed}}}\nwords:")
    found = of_rule(files, "contrast")
    assert len(found) == 2  # on the surface and on the background
    assert all(f.startswith(f"brand.yaml:{line}: dark_colours: `{which}` (#333333)") for f in found)
