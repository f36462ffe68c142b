"""YAML files with lines, and what is refused in them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from campaigns.errors import FileError, FilesError
from campaigns.yaml_files.document import MAX_BYTES, read_document


def read(tmp_path: Path, text: str | bytes) -> object:
    path = tmp_path / "file.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_document(path).data


def refused(tmp_path: Path, text: str | bytes) -> str:
    with pytest.raises((FileError, FilesError)) as caught:
        read(tmp_path, text)
    return str(caught.value).replace(f"{tmp_path}/", "")


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("a: 2027-03-31", "2027-03-31"),
        ("a: 18:30", "18:30"),
        ("a: 007", "007"),
        ("a: +34600000001", "+34600000001"),
        ("a: NO", "NO"),
        ("a: 20", 20),
        ("a: -1.5", -1.5),
        ("a: 1e9", "1e9"),
        ("a: true", True),
        ("a:", None),
        ("a: '20'", "20"),
    ],
)
def test_a_value_is_what_a_marketer_means(tmp_path: Path, written: str, value: object) -> None:
    assert read(tmp_path, written) == {"a": value}


def test_every_key_and_item_has_its_line(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_text("a: 1\nb:\n  c: [x,\n    y]\n  d: |\n    words\n")
    document = read_document(path)
    assert document.lines["b", "c"] == 3
    assert document.lines["b", "c", 1] == 4
    assert (document.lines["b", "d"], document.first_lines["b", "d"]) == (5, 6)
    assert document.line(("b", "d", "absent")) == 5


def test_windows_line_ends_and_a_byte_order_mark_are_fine(tmp_path: Path) -> None:
    assert read(tmp_path, b"\xef\xbb\xbfa: 1\r\nb: \xc3\xb1\r\n") == {"a": 1, "b": "ñ"}


@pytest.mark.parametrize(
    ("written", "way_out"),
    [
        ("a:\n\tb: 1", "file.yaml:2: this is not YAML: .* Indent with spaces, not with a tab."),
        ("a: {{ facts.x }} off\nb: 1", "file.yaml:1: this is not YAML: .* in quotes."),
        ("a:\n  - {% if x %}y{% endif %}", "file.yaml:2: this is not YAML: .* in quotes."),
        ("a: {b: News?}", "file.yaml:1: this is not YAML: .* with `\\?` in quotes."),
        ("a: {{ facts.x }}", "file.yaml:1: a key must be a plain word; .* in quotes."),
        ("a: [", "file.yaml:2: this is not YAML: [^.]*[.]"),
    ],
)
def test_what_marketers_mistype_most_is_told_with_the_way_out(
    tmp_path: Path, written: str, way_out: str
) -> None:
    assert re.fullmatch(way_out, refused(tmp_path, written))


def test_a_key_that_stands_twice_is_told_with_both_lines(tmp_path: Path) -> None:
    told = refused(tmp_path, "a: 1\nb: 2\na: 3\n")
    assert told == "file.yaml:3: `a` stands here twice; the first is on line 1."


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: &x 1\nb: *x\n", "file.yaml:1: anchors and aliases"),
        ("a: !!python/name:os.system x\n", "file.yaml:1: tags such as"),
        ("a: b\n c: d\n", "file.yaml:2: this is not YAML"),
        ("- a\n", "file.yaml:1: write `key: value` lines"),
        ('a: "x\\u0007"\n', "file.yaml:1: control character U+0007"),
        ('a: 1\nb: "\\U000F0000"\n', "file.yaml:2: control character U+F0000"),
        ("a: 1\nb: \ue000\n", "file.yaml:2: control character U+E000"),
        (b"a: 1\nb: \xf1\n", "file.yaml:2: it is not in UTF-8"),
        ("a: " + "[" * 40 + "]" * 40, "file.yaml:1: it is nested too deeply"),
        ("a: " + "x" * MAX_BYTES, "file.yaml: it is larger than 256 KB"),
        ("<<: {a: 1}\n", "file.yaml:1: a key must be a plain word"),
    ],
)
def test_what_cannot_be_read_names_the_line(tmp_path: Path, text: str | bytes, told: str) -> None:
    assert refused(tmp_path, text).startswith(told)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"absent\.yaml: there is no such file"):
        read_document(tmp_path / "absent.yaml")


def test_a_billion_laughs_is_refused_quickly(tmp_path: Path) -> None:
    text = "a: &a [x,x,x,x,x,x,x,x,x]\n"
    for name, before in zip("bcdefghi", "abcdefgh", strict=True):
        text += f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n"
    assert "anchors and aliases" in refused(tmp_path, text)
