"""From a parsed file to its model, with every error at its line and in plain words."""

from __future__ import annotations

import types
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from campaigns.errors import WHAT_TO_WRITE, FileError, FilesError
from campaigns.yaml_files.document import Document, Loc

Model = TypeVar("Model", bound=BaseModel)


def validate(document: Document, model: type[Model]) -> Model:
    """The document as its model. Raises FilesError with all errors at once."""
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        details = _a_day_once(_without_misspelt(error.errors(include_url=False)))
        raise FilesError(_unique(file_error(document, model, d) for d in details)) from None


def _without_misspelt(details: Sequence[ErrorDetails]) -> list[ErrorDetails]:
    """A misspelt key is one mistake: not also the absence of the right one."""
    found = [d["loc"] for d in details if d["type"] == "extra_forbidden"]

    def misspelt(detail: ErrorDetails) -> bool:
        if detail["type"] != "missing":
            return False
        *parent, name = detail["loc"]
        beside = [str(loc[-1]) for loc in found if list(loc[:-1]) == parent]
        return bool(nearest(str(name), beside))

    return [d for d in details if not misspelt(d)]


def _a_day_once(details: Sequence[ErrorDetails]) -> list[ErrorDetails]:
    """What may be a day or a moment, and is neither, is one mistake: told as a day."""
    days = {d["loc"][:-1] for d in details if d["type"].startswith("date_")}
    return [d for d in details if d["type"][:9] != "datetime_" or d["loc"][:-1] not in days]


def nearest(word: str, allowed: Iterable[str]) -> str:
    """`did you mean …? ` for a misspelt word, or nothing."""
    close = get_close_matches(word, list(allowed), n=1, cutoff=0.6)
    return f"did you mean `{close[0]}`? " if close else ""


def listing(words: Iterable[str]) -> str:
    """`a, b, c`, or `none`."""
    return ", ".join(words) or "none"


def unknown(what: str, word: str, allowed: Sequence[str]) -> str:
    """What was found, what is allowed, and what was probably meant."""
    return f"unknown {what} `{word}`; {nearest(word, allowed)}allowed: {listing(allowed)}."


def file_error(document: Document, model: type[BaseModel], detail: ErrorDetails) -> FileError:
    """One of pydantic's errors, told for this file."""
    loc = document_loc(document, detail["loc"])
    if detail["type"] == "missing":
        loc = (*loc, detail["loc"][-1])
    return document.error(_told(model, detail, loc), loc)


def document_loc(document: Document, loc: Loc) -> Loc:
    """Pydantic's place without the names of union members, which no file contains."""
    found: Loc = ()
    for step in loc:
        if (*found, step) in document.lines:
            found = (*found, step)
    return found


def _told(model: type[BaseModel], detail: ErrorDetails, loc: Loc) -> str:
    name = _dotted(loc)
    context = detail.get("ctx", {})
    match detail["type"]:
        case "extra_forbidden":
            return unknown("key", str(detail["loc"][-1]), _keys_at(model, detail["loc"][:-1]))
        case "missing":
            return f"`{name}` is missing."
        case "enum" | "literal_error":
            allowed = [w.strip("' ") for w in _expected(context)]
            return f"`{name}`: " + unknown("value", str(detail["input"]), allowed)
        case "value_error" | "assertion_error":
            return f"`{name}`: {context['error']}." if loc else f"{context['error']}."
        case "string_pattern_mismatch":
            found, pattern = detail["input"], context["pattern"]
            return f"`{name}`: `{found}` is not written as it must be ({pattern})."
        case kind:
            told = WHAT_TO_WRITE.get(kind) or detail["msg"][:1].lower() + detail["msg"][1:]
            return f"`{name}`: {told}; found {_shown(detail['input'])}."


def _expected(context: dict[str, Any]) -> list[str]:
    return str(context.get("expected", "")).replace(" or ", ", ").split(", ")


def _dotted(loc: Loc) -> str:
    text = ""
    for step in loc:
        text += f"[{step + 1}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".") or "the file"


def _shown(value: object) -> str:
    text = str(value)
    return f"`{text[:60]}…`" if len(text) > 60 else f"`{text}`"


def _keys_at(model: type[BaseModel], loc: Loc) -> list[str]:
    """The keys that the model allows at a place."""
    here = [model]
    for step in loc:
        here = [m for annotation in here for m in _models(_child(annotation, step))] or here
    return list(dict.fromkeys(f.alias or n for m in here for n, f in m.model_fields.items()))


def _child(model: type[BaseModel], step: str | int) -> Any:
    if "root" in model.model_fields:
        return model.model_fields["root"].annotation
    for name, field in model.model_fields.items():
        if step in (name, field.alias):
            return field.annotation
    return None


def _models(annotation: Any) -> list[type[BaseModel]]:
    """The models an annotation may hold, through lists, mappings, unions and options."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (Annotated, Union, types.UnionType, dict, tuple, list):
        return [m for part in get_args(annotation) for m in _models(part)]
    return []


def _unique(errors: Iterable[FileError]) -> list[FileError]:
    return sorted({str(e): e for e in errors}.values(), key=lambda e: e.line or 0)
