"""Takes the report's pictures for the docs: python -m tests.browser.report_images"""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

from campaigns.bootstrap.reporting import account_of, write_report
from tests.browser.studio_world import ROOT, chromium
from tests.report_world import CAMPAIGN, live, people, send, shop

#: Name, width, height, dark.
SHOTS = (
    ("report-desktop", 1080, 1420, False),
    ("report-phone-dark", 390, 1200, True),
)


def make(folder: Path, *, customers: int = 600) -> Path:
    """A report of a campaign's second run, five days after."""
    with shop(folder) as (app, turned, _):
        people(app, folder, customers)
        live(app, turned, send(app, limit=customers // 10), seed=2)
        turned.ahead += timedelta(days=20)
        live(app, turned, send(app))
        file = folder / "report.html"
        write_report(account_of(app, CAMPAIGN), file)
    return file


def main() -> None:
    """Write every picture to docs/images."""
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        file = make(Path(folder))
        for name, width, height, dark in SHOTS:
            page = browser.new_page(
                viewport={"width": width, "height": height},
                color_scheme="dark" if dark else "light",
            )
            page.goto(file.as_uri())
            path = ROOT / "docs" / "images" / f"{name}.png"
            page.screenshot(path=path)
            print(path)


if __name__ == "__main__":
    main()
