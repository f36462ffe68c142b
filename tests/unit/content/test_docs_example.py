"""The complete campaign of docs/content-files.md is one."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from campaigns.content.compile import compile_campaign

ROOT = Path(__file__).parents[3]
DOCS = (ROOT / "docs/content-files.md").read_text(encoding="utf-8")


def test_the_example_compiles_with_the_shipped_brand_and_has_no_finding(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "templates", tmp_path / "templates")
    written = 0
    for name, text in re.findall(r"```yaml\n# (campaigns/\S+)\n(.*?)```", DOCS, re.DOTALL):
        path = tmp_path / "templates" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written += 1
    assert written == 3
    compiled = compile_campaign(tmp_path / "templates", "autumn")
    assert [str(f) for f in compiled.findings] == []
