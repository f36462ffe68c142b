"""Verbs about many customers at once: a table for spreadsheets, and exported files back in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from campaigns.bootstrap.app import App
from campaigns.domain.consent import ALL_TOPICS
from campaigns.domain.mode import Mode
from campaigns.errors import CampaignsError, ErasedError, FileError, FilesError


def export_table(app: App, path: Path) -> Path:
    """Everyone as a CSV, one row each, and the mapping that imports it. Returns the mapping."""
    from campaigns.sources.profile_table import write_table

    return write_table(
        app.profiles.export_all(),
        path,
        attributes=list(app.catalog.attributes()),
        topics=app.profiles.topics(),
    )


def require_known_topics(app: App, mapping: Path) -> None:
    """Raises FileError or FilesError for a consent to a topic that no campaign can be about.

    Topics that somebody said yes or no to before are known, too: an exported table has them.
    """
    from campaigns.sources.mapping import MappingFile
    from campaigns.yaml_files.document import read_document
    from campaigns.yaml_files.validate import unknown, validate

    document, listed = read_document(mapping), list(app.catalog.brand().topics)
    asked = [rule.topic for rule in validate(document, MappingFile).consents]
    strange = set(asked) - {*listed, ALL_TOPICS}
    if not listed or not strange or not (strange := strange - {*app.profiles.topics()}):
        return
    hint = "They are listed in brand.yaml, under `topics`."
    raise FilesError(
        [
            document.error(f"{unknown('topic', topic, listed)} {hint}", ("consents", n, "topic"))
            for n, topic in enumerate(asked)
            if topic in strange
        ]
    )


@dataclass(frozen=True, slots=True)
class Documents:
    """What became of a file of exported customers. `erased`: lines of those who were erased at
    their own request, and were not taken in."""

    customers: int
    erased: tuple[int, ...]


def import_documents(
    app: App, path: Path, progress: Callable[[int], None] | None = None
) -> Documents:
    """Bring in what `campaigns export` wrote, one document or one a line.

    Each customer is one transaction. Raises FileError naming the line that is none of ours; those
    before it are in, and bringing the mended file in again changes nothing about them. A file
    that holds nobody is an error, too, and so is what was practised where it is live.
    """
    number = 0
    erased: list[int] = []
    live = app.mode.belongs() is Mode.LIVE or (app.mode.belongs() is None and app.settings.live)
    for line, document in _documents(path):
        if live and document.get("mode") == Mode.SANDBOX:
            raise FileError(_PRACTISED, path=path, line=line)
        try:
            app.profiles.import_export(document, now=app.clock.now())
        except ErasedError:
            erased.append(line)
            continue
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise _not_ours(path, line) from error
        except CampaignsError as error:
            raise FileError(str(error), path=path, line=line) from error
        number += 1
        if progress:
            progress(number)
    if not number and not erased:
        raise FileError("it holds no customers: nothing was imported. Export it again.", path=path)
    return Documents(number, tuple(erased))


_PRACTISED = (
    "it comes from a database that has practised: messages that reached nobody would count here as "
    "had. Export a table there, which has no messages in it (`campaigns export --all --out "
    "customers.csv`), and import that."
)


def _documents(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        content = path.open("rb")
    except OSError as error:
        raise FileError(f"it cannot be read: {error.strerror}.", path=path) from error
    with content as file:
        if path.suffix == ".json":
            yield 1, _document(file.read(), path, 1)
            return
        for line, text in enumerate(file, start=1):
            if text.strip():
                yield line, _document(text, path, line)


def _document(text: bytes, path: Path, line: int) -> dict[str, Any]:
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise _not_ours(path, line) from error
    if not isinstance(document, dict):
        raise _not_ours(path, line)
    return document


def _not_ours(path: Path, line: int) -> FileError:
    return FileError(
        "this is no customer as `campaigns export` writes one. Other files are imported as CSV or "
        "Parquet, by a mapping.",
        path=path,
        line=line,
    )
