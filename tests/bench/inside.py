"""What of a flow process's CPU is the product's own work: put into the process by a
`sitecustomize` that `hooked` writes; no part of the product knows of it.

Every function and method of the product's packages that touch the outside (`WRAPPED`) is timed by
its thread's own CPU clock while the outermost of them runs; so what a flow gets from the product
(a run begun, figures counted, the report) counts for the product, and all else in the process for
Prefect: its engine, client and threads, imports, and our flows' own lines. A generator of the
product's counts for Prefect, too, but for what it calls. So Prefect gets rather too much.
"""

from __future__ import annotations

import atexit
import functools
import importlib.abc
import importlib.machinery
import inspect
import json
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

#: Where the figures go, one file per process.
FOLDER = "BENCH_INSIDE"
WRAPPED = ("campaigns.bootstrap", "campaigns.services", "campaigns.store", "campaigns.content")
#: The thread that looks at the others.
WATCHING = "bench"
#: Any Python process below reads it; only a flow's pays for it.
_HOOK = """
import sys
if "prefect.engine" in sys.orig_argv:
    from tests.bench import inside
    inside.begin()
"""


@contextmanager
def hooked(folder: Path) -> Iterator[dict[str, str]]:
    """The environment under which flow processes tell of themselves into `folder`."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(_HOOK)
    paths = [str(folder), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    root = str(Path(__file__).resolve().parents[2])
    yield {
        "PYTHONPATH": os.pathsep.join([*paths, *([] if root in paths else [root])]),
        FOLDER: str(folder),
    }


def told(folder: Path) -> dict[str, dict[str, float]]:
    """The figures of all flow processes together: `product` by function, `threads` by name."""
    sums: dict[str, Counter[str]] = {"product": Counter(), "threads": Counter()}
    for file in folder.glob("*.json"):
        for what, figures in json.loads(file.read_text()).items():
            sums[what].update(figures)
    return {what: dict(counter) for what, counter in sums.items()}


class _Within(threading.local):
    """Whether this thread is in a function of the product's."""

    now = False


_within = _Within()
_spent: Counter[str] = Counter()


def _timed(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    @functools.wraps(function)
    def timed(*args: Any, **kwargs: Any) -> Any:
        if _within.now:
            return function(*args, **kwargs)
        _within.now = True
        before = time.thread_time()
        try:
            return function(*args, **kwargs)
        finally:
            _spent[name] += time.thread_time() - before
            _within.now = False

    return timed


def _wrap(module: ModuleType) -> None:
    for name, value in list(vars(module).items()):
        if getattr(value, "__module__", "") != module.__name__:
            continue
        if isinstance(value, FunctionType) and not inspect.isgeneratorfunction(value):
            setattr(module, name, _timed(value, f"{module.__name__}.{name}"))
        elif isinstance(value, type):
            _wrap_methods(value)


def _wrap_methods(kind: type) -> None:
    for name, value in list(vars(kind).items()):
        plain = isinstance(value, FunctionType) and not inspect.isgeneratorfunction(value)
        if plain and (not name.startswith("__") or name in ("__enter__", "__exit__", "__init__")):
            setattr(kind, name, _timed(value, f"{kind.__module__}.{kind.__qualname__}.{name}"))


class _Finder(importlib.abc.MetaPathFinder):
    """Finds what the others find, and wraps it once it is loaded."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if not fullname.startswith(WRAPPED):
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            loader = spec.loader
            run = loader.exec_module

            def exec_module(module: ModuleType) -> None:
                run(module)
                _wrap(module)

            loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


_names: dict[int, str] = {}
_threads: dict[int, float] = {}


def _look() -> None:
    """The CPU of every thread so far: of one that has ended, what it had at the last look."""
    for thread in threading.enumerate():
        if thread.ident is not None and thread.is_alive():
            _names[thread.native_id or 0] = thread.name
            try:
                clock = time.pthread_getcpuclockid(thread.ident)
                _threads[thread.native_id or 0] = time.clock_gettime(clock)
            except OSError:
                continue


def _watch() -> None:
    while True:
        _look()
        time.sleep(0.25)


def begin() -> None:
    """In a flow's process, before it imports anything."""
    sys.meta_path.insert(0, _Finder())
    threading.Thread(target=_watch, name=WATCHING, daemon=True).start()
    atexit.register(_tell)


def _tell() -> None:
    _look()
    threads: Counter[str] = Counter()
    for native, seconds in _threads.items():
        threads[_names[native]] += seconds
    figures = {"product": dict(_spent), "threads": dict(threads)}
    (Path(os.environ[FOLDER]) / f"{os.getpid()}.json").write_text(json.dumps(figures))
