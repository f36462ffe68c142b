"""The settings that all pages share."""

from __future__ import annotations

from pathlib import Path

from campaigns.page_templates import page_templates


def test_what_a_sentence_has_between_backticks_is_shown_as_code_and_all_else_escaped(
    tmp_path: Path,
) -> None:
    (tmp_path / "page.html").write_text("{{ told | code }}")
    page = page_templates(tmp_path).get_template("page.html")
    assert page.render(told="Raise `budget`, <b>") == "Raise <code>budget</code>, &lt;b&gt;"
    assert page.render(told="`<i>` and `alone") == "<code>&lt;i&gt;</code> and `alone"
