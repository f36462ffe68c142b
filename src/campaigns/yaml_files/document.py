"""YAML files with the line of every key and value.

Only what a marketer's file needs: mappings, lists, text, numbers, true and false. Dates stay text.
Anchors, tags and control characters are refused, so that a short file cannot stand for a huge
one, nor carry what compile uses to mark the places of slots.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from campaigns.errors import FileError, FilesError

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
#: Where a value stands in a document: keys and positions from the top.
Loc: TypeAlias = tuple[str | int, ...]

MAX_BYTES: Final = 256 * 1024
MAX_DEPTH: Final = 24

_INTEGER: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_FLOAT: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})\.[0-9]{1,17}")
_WORDS: Final[dict[str, Json]] = {
    "": None, "~": None, "null": None, "true": True, "false": False, "True": True, "False": False,
}  # fmt: skip
_TAGS: Final = frozenset({"str", "int", "float", "bool", "null", "timestamp", "value", "merge"})
_TAB: Final = re.compile(r" *\t")
#: A value that YAML takes for something of its own, where a marketer means words.
_QUESTION = re.compile(r"\{[^\"']*\?\s*[,}]")
_UNQUOTED: Final = re.compile(r"(^|: |- )\s*(\{[{%]|[%@`])")
#: Control characters, and the private-use areas that stand for slots while a message is compiled.
FORBIDDEN: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ue000-\uf8ff\U000f0000-\U0010ffff]"
)


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file. `path` is as the user named it, `lines` are 1-based."""

    path: Path
    text: str
    data: dict[str, Json]
    lines: dict[Loc, int]
    #: First line of the words of a value: below the key for block text (`|` and `>`).
    first_lines: dict[Loc, int]

    def line(self, loc: Loc) -> int | None:
        """The line of a place, or of the nearest place above it that the file has."""
        while loc:
            if loc in self.lines:
                return self.lines[loc]
            loc = loc[:-1]
        return None

    def error(self, message: str, loc: Loc = ()) -> FileError:
        """An error at a place of this file."""
        return FileError(message, path=self.path, line=self.line(loc))


def read_text(path: Path) -> str:
    """A file's text with \\n line ends. Raises FileError with a way out."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise FileError("there is no such file.", path=path) from None
    except OSError as error:
        raise FileError(f"it cannot be read: {error.strerror}.", path=path) from error
    if len(raw) > MAX_BYTES:
        raise FileError(f"it is larger than {MAX_BYTES // 1024} KB.", path=path)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise FileError("it is not in UTF-8; save it as UTF-8.", path=path, line=line) from None
    text = text.replace("\r\n", "\n")
    if found := FORBIDDEN.search(text):
        line = text.count("\n", 0, found.start()) + 1
        code = f"U+{ord(found[0]):04X}"
        raise FileError(f"control character {code}; remove it.", path=path, line=line)
    return text


def _way_out(lines: list[str]) -> str:
    """What is most often the matter with such a line, and what to write."""
    line = "".join(lines)
    if _TAB.match(line):
        return " Indent with spaces, not with a tab."
    if _UNQUOTED.search(line):
        return " Put a text that begins with `{{`, `{%`, `%`, `@` or a backtick in quotes."
    if _QUESTION.search(line):
        return " Inside braces put a text that ends with `?` in quotes."
    return ""


def read_document(path: Path) -> Document:
    """Parse one YAML file. Raises FileError or FilesError."""
    text = read_text(path)
    try:
        node = YAML(typ="safe").compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        told = " ".join(str(x) for x in (error.context, error.problem) if x)
        line = mark.line + 1 if mark else None
        way_out = _way_out(text.splitlines()[line - 1 : line]) if line else ""
        raise FileError(f"this is not YAML: {told}.{way_out}", path=path, line=line) from None
    except (YAMLError, RecursionError) as error:
        raise FileError(f"this is not YAML: {error}.", path=path) from None
    builder = _Builder(path)
    data = builder.build(node, ()) if node is not None else {}
    if not isinstance(data, dict):
        builder.fail("write `key: value` lines here.", 1)
        data = {}
    if builder.errors:
        raise FilesError(builder.errors)
    return Document(path, text, data, builder.lines, builder.first_lines)


class _Builder:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: dict[Loc, int] = {}
        self.first_lines: dict[Loc, int] = {}
        self.errors: list[FileError] = []
        self._seen: set[int] = set()

    def fail(self, message: str, line: int) -> None:
        self.errors.append(FileError(message, path=self.path, line=line))

    def build(self, node: Node, loc: Loc) -> Json:
        line = node.start_mark.line + 1
        self.lines.setdefault(loc, line)
        if id(node) in self._seen or node.anchor is not None:
            self.fail("anchors and aliases (& and *) are not used here.", line)
            return None
        self._seen.add(id(node))
        if len(loc) > MAX_DEPTH:
            self.fail("it is nested too deeply.", line)
            return None
        match node:
            case MappingNode():
                return self._mapping(node, loc)
            case SequenceNode():
                return [self.build(child, (*loc, i)) for i, child in enumerate(node.value)]
            case ScalarNode():
                return self._scalar(node, loc)
        raise AssertionError(type(node))

    def _mapping(self, node: MappingNode, loc: Loc) -> Json:
        data: dict[str, Json] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, ScalarNode) or key_node.value == "<<":
                self.fail(
                    "a key must be a plain word; a text that begins with `{{` stands in quotes.",
                    line,
                )
                continue
            key = key_node.value
            if key in data:
                first = self.lines[*loc, key]
                self.fail(f"`{key}` stands here twice; the first is on line {first}.", line)
                continue
            self.lines[*loc, key] = line
            data[key] = self.build(value_node, (*loc, key))
        return data

    def _scalar(self, node: ScalarNode, loc: Loc) -> Json:
        line = node.start_mark.line + 1
        text: str = node.value
        block = node.style in ("|", ">")
        self.first_lines[loc] = line + 1 if block else line
        if str(node.tag).removeprefix("tag:yaml.org,2002:") not in _TAGS:
            self.fail(f"tags such as {node.tag} are not used here.", line)
        if found := FORBIDDEN.search(text):
            self.fail(f"control character U+{ord(found[0]):04X}; remove it.", line)
        if node.style:
            return text
        return _plain(text)


def _plain(text: str) -> Json:
    """An unquoted value. Numbers with leading zeros or a plus (codes, phones) stay text."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
