"""Takes the studio's pictures for the docs: python -m tests.browser.studio_images"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.browser.studio_world import ROOT, SHIPPED, Studio, chromium, settled, studio


@dataclass(frozen=True)
class Shot:
    """One picture: what is shown, how large, in which colours."""

    name: str
    query: str
    width: int
    height: int
    dark: bool = False


SHOTS = (
    Shot("studio-desktop", "campaign=spring_sale", 1440, 1060),
    Shot("studio-desktop-dark", "campaign=spring_sale&locale=ca_ES&look=dark", 1440, 1560, True),
    Shot("studio-phone", "campaign=shop_moves&locale=es_ES&width=phone", 390, 844),
    Shot(
        "studio-phone-dark",
        "campaign=shop_moves&locale=es_ES&width=phone&look=dark",
        390,
        844,
        True,
    ),
)


def take(browser: Browser, running: Studio, shot: Shot, folder: Path) -> Path:
    """Take one picture; returns its file."""
    context = browser.new_context(
        viewport={"width": shot.width, "height": shot.height},
        color_scheme="dark" if shot.dark else "light",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(running.address(shot.query))
    settled(page)
    for frame in page.locator("iframe").all()[:2]:
        expect(frame.content_frame.locator("h1")).to_be_attached()
    path = folder / f"{shot.name}.png"
    page.screenshot(path=path)
    context.close()
    return path


def main() -> None:
    """Write every picture to docs/images."""
    images = ROOT / "docs" / "images"
    images.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as home,
        studio(SHIPPED, Path(home)) as running,
        chromium() as browser,
    ):
        for shot in SHOTS:
            print(take(browser, running, shot, images))


if __name__ == "__main__":
    main()
