"""Changing files as a marketer does."""

from __future__ import annotations

from pathlib import Path


def change(file: Path, old: str, new: str) -> None:
    """Replace words in a file; they must be there."""
    text = file.read_text(encoding="utf-8")
    assert old in text, f"{old!r} is not in {file.name}"
    file.write_text(text.replace(old, new), encoding="utf-8")
