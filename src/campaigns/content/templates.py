"""Running one template, with every failure told at its file and line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from jinja2 import Template, TemplateNotFound, TemplateSyntaxError
from jinja2.exceptions import TemplateAssertionError

from campaigns.content.sandbox import Layouts, Sandbox
from campaigns.content.slot_value import SlotMarks
from campaigns.content.sources import CopyText, Sources
from campaigns.errors import FileError

#: No part of any message is longer; a template that makes more is a mistake.
MAX_OUTPUT: Final = 500_000

#: Told before each template what runs, so that a compile that has to be stopped can be placed.
Progress = Callable[[Path], None]


class OutOfTime(BaseException):
    """The processor time of a compile is used up (raised by a timer, see child.py)."""


class Stopped(Exception):  # noqa: N818 - carries the error to tell
    """The compile ends here: there is no time to look for more errors."""

    def __init__(self, error: FileError) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(frozen=True, slots=True)
class Place:
    """A file, and the line at which a template in it starts."""

    path: Path
    first_line: int = 1


class Templates:
    """The compiled templates of one campaign: its copy and the shared layouts."""

    def __init__(self, sources: Sources, progress: Progress) -> None:
        self._progress = progress
        self._places: dict[str, Place] = {}
        self._compiled: dict[str, Template] = {}
        layouts = Layouts(sources.layouts, self._remember_layout(sources))
        self.html = Sandbox(html=True, layouts=layouts)
        self.plain = Sandbox(html=False, layouts=layouts)

    def start(self, kinds: Mapping[int, str]) -> SlotMarks:
        """Begin a new skeleton: its marks, and names for its context's dicts in errors."""
        marks = SlotMarks()
        for sandbox in (self.html, self.plain):
            sandbox.marks = marks
            sandbox.kinds = dict(kinds)
        return marks

    def copy(self, text: CopyText, context: Mapping[str, Any]) -> list[str]:
        """A copy text's pieces, rendered. Raises FileError."""
        return [
            self._run_copy(piece, Place(text.document.path, line), context)
            for piece, line in text.pieces()
        ]

    def _run_copy(self, piece: str, place: Place, context: Mapping[str, Any]) -> str:
        if "{" not in piece:
            return piece
        key = f"{place.path}:{place.first_line}:{hash(piece)}"
        self._places[key] = place
        return self._run(place, context, lambda: self._of_text(piece, key))

    def _of_text(self, piece: str, key: str) -> Template:
        template = self._compiled.get(key)
        if template is None:
            code = self.plain.compile(piece, filename=key)
            variables = self.plain.make_globals(None)
            template = Template.from_code(self.plain, code, variables)
            self._compiled[key] = template
        return template

    def layout(self, name: str, path: Path, context: Mapping[str, Any], *, html: bool) -> str:
        """A layout, rendered. Raises FileError."""
        sandbox = self.html if html else self.plain
        return self._run(Place(path), context, lambda: sandbox.get_template(name))

    def _run(
        self, place: Place, context: Mapping[str, Any], template: Callable[[], Template]
    ) -> str:
        self._progress(place.path)
        try:
            text = template().render(context)
        except MemoryError:
            raise FileError("this template needs too much memory.", path=place.path) from None
        except OutOfTime as error:
            told = "this template does not end in its processor time; look at its loops."
            raise Stopped(self._error(told, place, error)) from None
        except RecursionError:
            told = "this template includes or calls itself without end."
            raise FileError(told, path=place.path) from None
        except Exception as error:
            raise self._error(_told(error), place, error) from None
        if len(text) > MAX_OUTPUT:
            told = f"this template makes {len(text)} characters; {MAX_OUTPUT} is the most."
            raise FileError(told, path=place.path)
        return text

    def _error(self, told: str, place: Place, error: BaseException) -> FileError:
        """The failure at the innermost line of a template that was running."""
        line = None
        if isinstance(error, TemplateSyntaxError):
            place, line = self._places.get(error.filename or "", place), error.lineno
        trace = error.__traceback__
        while trace is not None:
            inner = self._places.get(trace.tb_frame.f_code.co_filename)
            if inner is not None:
                # Jinja2 rewrites the lines of errors to the template's, but not for a timer's.
                compiled = trace.tb_frame.f_globals.get("__jinja_template__")
                here = trace.tb_lineno
                place, line = inner, compiled.get_corresponding_lineno(here) if compiled else here
            trace = trace.tb_next
        return FileError(told, path=place.path, line=place.first_line - 1 + (line or 1))

    def _remember_layout(self, sources: Sources) -> Callable[[str], str]:
        for name in sources.layouts:
            path = sources.layout_path(name)
            self._places[str(path)] = Place(path)
        return lambda name: str(sources.layout_path(name))


def _told(error: Exception) -> str:
    text = str(error).rstrip(".")
    if isinstance(error, TemplateAssertionError):
        return f"{text[:1].lower()}{text[1:]}."
    if isinstance(error, TemplateSyntaxError):
        return f"this is not a Jinja2 template: {text[:1].lower()}{text[1:]}."
    if isinstance(error, TemplateNotFound):
        return f"{error.message}."
    return f"{text}."
