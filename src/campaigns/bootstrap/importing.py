"""Importing a file of customers; a large one is read ahead in a process beside.

Reading, checking and hashing is Python, and a process has one core of it. It takes as long as
writing does, and which process does it makes no difference: the rows come in their order, and only
this process writes. What goes between the two is what is written of a customer whom nobody knows
(store.newcomers), in the plainest form; rows themselves cost more to hand over than to read anew
(docs/decisions/0050-read-ahead.md).
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from itertools import islice
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeAlias

from campaigns.bootstrap.workers import app_of, begin_worker, main_module_hidden
from campaigns.domain.intake import (
    BatchResult,
    BlankRow,
    CustomerRow,
    FileRow,
    PageRow,
    ReadRow,
    ReadyRow,
    RefusedRow,
    SameRow,
    SeenCustomers,
    UnreadRow,
)
from campaigns.services.collecting import seldom_collecting
from campaigns.services.import_customers import BATCH, ImportReport
from campaigns.services.import_customers import import_customers as bring_in

if TYPE_CHECKING:
    from campaigns.bootstrap.app import App
    from campaigns.sources.customer_file import CustomerFile
    from campaigns.sources.table import RawRow
    from campaigns.store.customers import SqlProfiles
    from campaigns.store.newcomers import Preparing

ACTOR = "import"
#: Bytes. A smaller file (some 50,000 customers) is read before a process would have paid.
WORTH_IT = 8_000_000
#: After so many rows it is seen whether most customers are new; of those who are known the rows
#: are compared field by field, here, and reading ahead would only be reading twice.
TRIED = 4_000
#: So many rows more are read here meanwhile: about what a process takes to start.
MEANWHILE = 20_000


class CustomerFileAt(NamedTuple):
    """A customer file, and how it is to be read: what `import_customers` is told."""

    path: Path
    mapping: Path | None = None
    encoding: str | None = None


def import_customers(
    app: App, file: CustomerFileAt, progress: Callable[[int], None] | None = None
) -> ImportReport:
    """Bring customers in from a file, and learn from their past; the counts of the report add up
    to its rows.

    Raises FileError or FilesError when the file or the mapping as a whole is wrong, and for a file
    without rows: most often an export that went wrong.
    """
    from campaigns.bootstrap.customers import require_known_topics
    from campaigns.sources.refusal_file import RefusalFile

    if file.mapping is not None:
        require_known_topics(app, file.mapping)
    source = opened(app, file)
    now = app.clock.now()
    name = f"{file.path.stem}-{now:%Y%m%d-%H%M%S}-refused.csv"
    with (
        RefusalFile(app.settings.home / "reports" / name) as refusals,
        ReadingAhead(app, file, source) as ahead,
    ):
        report = bring_in(ahead, ahead, refusals, now=now, actor=ACTOR, progress=progress)
    if report.interactions:
        from campaigns.bootstrap.learning import learn

        learn(app)  # the past that came with them counts from the first campaign on
    return report


def opened(app: App, file: CustomerFileAt) -> CustomerFile:
    """The file, opened. Raises FileError or FilesError."""
    from campaigns.sources.customer_file import open_customer_file
    from campaigns.sources.mapping import Defaults

    brand = app.catalog.brand()
    return open_customer_file(
        file.path,
        mapping=file.mapping,
        encoding=file.encoding,
        attributes=app.catalog.attributes(),
        defaults=Defaults(locale=brand.default_locale, time_zone=brand.time_zone),
    )


class ReadingAhead:
    """Stands between the file and the profiles, and so sees whether reading ahead pays. Leaving it
    ends the process beside, which writes nothing."""

    def __init__(self, app: App, file: CustomerFileAt, source: CustomerFile) -> None:
        self.name, self.title = source.name, source.title
        self.unused, self.repeated = source.unused, source.repeated
        self._app = app
        self._file = file
        self._source = source
        self._profiles: SqlProfiles = app.profiles
        self._created = 0
        self._reader: _Reader | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._reader is not None:
            self._reader.end()

    def unchanged(self, rows: Sequence[UnreadRow]) -> list[UnreadRow | SameRow]:
        """As services.import_customers.Profiles says."""
        return self._profiles.unchanged(rows)

    def upsert(
        self,
        rows: Sequence[PageRow],
        *,
        now: datetime,
        actor: str,
        seen: SeenCustomers,
    ) -> BatchResult:
        """As services.import_customers.Profiles says."""
        result = self._profiles.upsert(rows, now=now, actor=actor, seen=seen)
        self._created += result.created
        return result

    def unread(self, now: datetime) -> Iterator[FileRow]:
        """Every row in order, from here and from beside. What a process left undone because it was
        ended is read here."""
        done, ahead_from = 0, -1
        for row in self._source.unread(now):
            if done == TRIED and self._pays():
                ahead_from = done + MEANWHILE
                self._reader = _Reader(self._app, self._file, now, ahead_from)
            elif done == ahead_from:
                break
            done += 1
            yield row
        else:
            return
        assert self._reader is not None  # it was made before the row that it begins with
        for read in unpacked(self._reader.pages(), self._source, now):
            done += 1
            yield read
        if not self._reader.finished:
            yield from islice(self._source.unread(now), done, None)

    def _pays(self) -> bool:
        large = self._file.path.stat().st_size >= WORTH_IT
        return large and self._created >= TRIED // 4 and self._app.settings.worker_count > 1


#: What a row is on its way from the process beside.
_READY, _PLAIN, _REFUSED, _BLANK = range(4)
#: One of these, the line, the cells, and what was worked out of them, or why they are none.
_Told: TypeAlias = tuple[int, int, bytes, Any]


class _Reader:
    """The process beside, and what it sends."""

    def __init__(self, app: App, file: CustomerFileAt, now: datetime, first: int) -> None:
        self.finished = False
        context = get_context("spawn")
        self._pages, theirs = context.Pipe(duplex=False)
        given = (app.settings.revealed(), file, now, first, theirs)
        self._process = context.Process(target=_read_ahead, args=given, name="reading-ahead")
        with main_module_hidden():
            self._process.start()
        theirs.close()

    def pages(self) -> Iterator[bytes]:
        """Every page from the first row asked for. `finished` tells afterwards whether that was
        all, or the process came to an end before."""
        with suppress(EOFError, OSError):
            while page := self._pages.recv_bytes():
                yield page
            self.finished = True

    def end(self) -> None:
        """Let it end, whatever it is doing."""
        if not self.finished:
            self._process.kill()
        self._process.join()
        self._process.close()
        self._pages.close()


def _read_ahead(
    settings: Mapping[str, object],
    file: CustomerFileAt,
    now: datetime,
    first: int,
    pages: Connection,
) -> None:
    """In the process beside: read from row `first` on (from 0), and send it page by page. It waits
    where nobody takes them, so it holds one page."""
    begin_worker()
    # Whatever goes wrong, who started this goes on from the same row, meets it too, and tells it.
    with suppress(Exception), seldom_collecting():
        app: App = app_of(tuple(sorted(settings.items())))
        preparing = app.profiles.preparing(now=now, actor=ACTOR)
        for page in packed(opened(app, file), preparing, now, first):
            pages.send_bytes(page)
        pages.send_bytes(b"")


def packed(
    source: CustomerFile, preparing: Preparing, now: datetime, first: int
) -> Iterator[bytes]:
    """The file from row `first` on (from 0), page by page, in the plainest form; never empty."""
    build = source.builder(now)
    rows = islice(source.raw_rows(), first, None)

    def told(raw: RawRow) -> _Told:
        if isinstance(raw, BlankRow):
            return _BLANK, raw.line, b"", None
        if isinstance(raw, RefusedRow):
            return _REFUSED, raw.line, b"", tuple(raw[1:])
        line, cells = raw
        row = build(line, cells)
        new = preparing.newcomer(row) if isinstance(row, CustomerRow) else None
        return (_PLAIN if new is None else _READY), line, marshal.dumps(cells), new

    while page := [told(raw) for raw in islice(rows, BATCH)]:
        yield marshal.dumps(page)


def unpacked(pages: Iterable[bytes], source: CustomerFile, now: datetime) -> Iterator[ReadRow]:
    """The rows of these pages. What is out of the ordinary is read once more, here."""
    build = source.builder(now)

    def plain(line: int, cells: bytes) -> CustomerRow:
        row = build(line, marshal.loads(cells))  # noqa: S302  our own process wrote it
        assert isinstance(row, CustomerRow)  # it was one there
        return row

    for page in pages:
        for kind, line, cells, told in marshal.loads(page):  # noqa: S302
            if kind == _READY:
                yield ReadyRow(line, told, partial(plain, line, cells))
            elif kind == _PLAIN:
                yield build(line, marshal.loads(cells))  # noqa: S302
            else:
                yield RefusedRow(line, *told) if kind == _REFUSED else BlankRow(line)
