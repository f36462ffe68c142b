"""Drafts: the campaigns of a templates folder as they are being written, each with its newest
findings and the last release that compiled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from campaigns.bootstrap.preview.build import Previewer
from campaigns.bootstrap.preview.customers import Customers
from campaigns.content.catalog import Catalog
from campaigns.content.compiler import SHARED
from campaigns.content.measure import measure
from campaigns.domain.channel import Channel
from campaigns.domain.findings import Finding, Level
from campaigns.errors import CampaignsError, FileError, FilesError, NotFoundError
from campaigns.settings import load_settings

#: Path, time and size of every file: differs when anything was saved.
Stamp: TypeAlias = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class State:
    """How one campaign stands.

    Attributes:
        previewer: of the last release that compiled; None when none has yet.
        stale: the files as they are now do not compile; the previewer shows them as they were.
        version: counts up with every change of the files that concerns the campaign.
    """

    name: str
    previewer: Previewer | None
    findings: tuple[Finding, ...]
    stale: bool
    version: int

    @property
    def errors(self) -> int:
        """Findings that stop a run."""
        return sum(f.level is Level.ERROR for f in self.findings)

    @property
    def warnings(self) -> int:
        """Findings that are only told."""
        return len(self.findings) - self.errors


class Drafts:
    """Compiles campaigns and remembers them. Every verb may be called from any thread."""

    def __init__(self, catalog: Catalog, customers: Customers) -> None:
        self._catalog = catalog
        self.customers = customers
        self._states: dict[str, State] = {}

    @property
    def templates(self) -> Path:
        """The folder that is looked at."""
        return self._catalog.templates

    def warm(self) -> None:
        """Load what the first preview needs: slow imports, before anyone waits for them."""
        for channel in Channel:
            measure(channel, "x")

    def names(self) -> list[str]:
        """All campaigns. Raises FileError when the folder is not there."""
        return self._catalog.campaigns()

    def state(self, name: str) -> State | None:
        """How a campaign stood when it was last compiled; None before the first time."""
        return self._states.get(name)

    def standing(self) -> str:
        """How all campaigns stand, in a word: another one whenever one of them stands otherwise."""
        states = sorted(self._states.copy().items())
        return " ".join(f"{name}:{state.version}" for name, state in states)

    def examine(self, name: str) -> State:
        """Compile a campaign as its files are now. Raises NotFoundError; a wrong file is a
        finding, and so is a compiling process that fails."""
        before = self._states.get(name)
        try:
            compiled = self._catalog.examine(name)
            release, findings = compiled.release, compiled.findings
        except NotFoundError:
            self._states.pop(name, None)
            raise
        except (FileError, FilesError) as error:
            release, findings = None, _findings(error)
        except (CampaignsError, OSError) as error:
            told = Finding("file", Level.ERROR, str(error), "", str(self._catalog.templates))
            release, findings = None, (told,)
        earlier = before.previewer if before else None
        previewer = Previewer(release, findings) if release else earlier
        after = State(name, previewer, findings, release is None, before.version if before else 0)
        if before is None or not _same(before, after):
            after = replace(after, version=after.version + 1)
            self._states[name] = after
        return self._states[name]

    def stamp(self) -> Stamp:
        """What the files look like from outside; cheap enough to ask four times a second."""
        seen = []
        for path in _files(self._catalog.templates):
            try:
                stat = path.stat()
            except OSError:
                continue
            seen.append((str(path), stat.st_mtime_ns, stat.st_size))
        return tuple(seen)


def open_drafts(templates: Path | None = None) -> Drafts:
    """The templates folder and the database of the settings."""
    settings = load_settings()
    SHARED.start()  # the compiling process imports while this one does
    return Drafts(Catalog(templates or settings.templates), Customers(settings))


def _same(one: State, other: State) -> bool:
    hashes = [s.previewer.release.hash if s.previewer else "" for s in (one, other)]
    return hashes[0] == hashes[1] and one.findings == other.findings and one.stale == other.stale


def _findings(error: FileError | FilesError) -> tuple[Finding, ...]:
    errors: Sequence[FileError] = error.errors if isinstance(error, FilesError) else (error,)
    return tuple(Finding("file", Level.ERROR, e.message, "", str(e.path), e.line) for e in errors)


def _files(templates: Path) -> list[Path]:
    found = [templates / "brand.yaml", templates / "attributes.yaml"]
    found += sorted((templates / "layouts").glob("*.j2"))
    found += sorted((templates / "campaigns").glob("*/*.yaml"))
    return found
