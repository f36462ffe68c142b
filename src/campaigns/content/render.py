"""Making one skeleton: copy into layouts, marks into slots."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import css_inline

from campaigns.content.context import Contexts, Key
from campaigns.content.parts import layout_names
from campaigns.content.slot_value import MARK, SlotMarks
from campaigns.content.sources import PARAGRAPHS, CopyText, Sources, Wording
from campaigns.content.split import PlaceError, split_html, split_plain
from campaigns.content.templates import Progress, Templates
from campaigns.domain.campaign import Words
from campaigns.domain.channel import Channel
from campaigns.domain.message import Escape, Part, Skeleton, Slot
from campaigns.domain.slots import SlotError, write_value
from campaigns.errors import FileError, FilesError
from campaigns.yaml_files.document import FORBIDDEN

_BLANK_LINES: Final = re.compile(r"\n[ \t]*\n\s*")
_SPACES: Final = re.compile(r"[ \t]+")
#: Ends a headline that needs no full stop before more follows.
_STOPS: Final = (".", "!", "?", ":", "…")


class Renderer:
    """Makes the skeletons of one campaign."""

    def __init__(self, sources: Sources, contexts: Contexts, progress: Progress) -> None:
        self._sources = sources
        self._contexts = contexts
        self.templates = Templates(sources, progress)
        # What could not be inlined (@media, :hover) stays in <style>; nothing is ever fetched.
        self._inliner = css_inline.CSSInliner(
            keep_style_tags=True, remove_inlined_selectors=True, load_remote_stylesheets=False
        )

    def skeleton(self, key: Key) -> Skeleton:
        """One skeleton. Raises FilesError with all that went wrong in it."""
        context, kinds = self._contexts.make(key)
        wording = self._sources.wording(key.locale, key.variant, key.step)
        marks = self.templates.start(kinds)
        copy = self._copy(wording, context)
        kinds[id(copy)] = "copy text"
        self.templates.html.kinds = self.templates.plain.kinds = kinds
        errors: list[FileError] = []
        parts: dict[str, Part] = {}
        used: set[str] = set()
        for part, name in layout_names(self._sources.campaign.layouts, key.channel).items():
            try:
                self._needed(part, wording, key.locale)
                text = self._layout(name, part, {**context, "copy": copy})
                parts[part] = self._part(text, part, name, marks)
                used.update(MARK.findall(text))
            except FileError as error:
                errors.append(error)
        if errors:
            raise FilesError(errors)
        slots = self._slots(key, marks, used)
        return Skeleton(key.channel, key.locale, key.variant, key.traits, parts, slots, key.step)

    def _needed(self, part: str, wording: Wording, locale: str) -> None:
        """A subject that the copy lacks is told there, and not at the layout that prints it."""
        if part == "subject" and part not in wording and self._prints_alone(part):
            path, _ = self._sources.copy_place(locale)
            told = f"`subject` is missing in {locale}; e-mail needs it. Add `subject: …`."
            raise FileError(told, path=path)

    def _prints_alone(self, part: str) -> bool:
        """Whether the layout is made of that text and nothing else."""
        names = layout_names(self._sources.campaign.layouts, Channel.EMAIL)
        return self._sources.layouts[names[part]].strip() == f"{{{{ copy.{part} }}}}"

    def _copy(self, wording: Wording, context: Mapping[str, Any]) -> dict[str, str | list[str]]:
        """Every text of the copy; raises FilesError with all that fail."""
        copy: dict[str, str | list[str]] = {}
        errors: list[FileError] = []
        for key in Words.model_fields:
            text = wording.get(key)
            copy[key] = [] if key in PARAGRAPHS else ""
            if text is None:
                continue
            try:
                copy[key] = _tidy(text, self.templates.copy(text, context))
            except FileError as error:
                errors.append(error)
        if errors:
            raise FilesError(errors)
        copy["short"] = copy["short"] or self._short(str(copy["headline"]), context)
        copy["post"] = copy["post"] or copy["short"]
        return copy

    def _short(self, headline: str, context: Mapping[str, Any]) -> str:
        """The headline and the must-say facts that it does not hold, addresses last."""
        facts, kinds = context["facts"], context["kinds"]
        missing = [n for n in self._sources.campaign.must_say if facts[n] not in headline]
        told = ", ".join(facts[n] for n in missing if kinds[n] != "url")
        addresses = " ".join(facts[n] for n in missing if kinds[n] == "url")
        stop = "" if headline.endswith(_STOPS) else "."
        sentence = f"{headline}{stop} {told}" if told else headline
        return f"{sentence} {addresses}".strip()

    def _layout(self, name: str, part: str, context: Mapping[str, Any]) -> str:
        path = self._sources.layout_path(name)
        text = self.templates.layout(name, path, context, html=part == "html")
        if found := _control(text):
            raise FileError(f"its output holds the control character {found}.", path=path)
        match part:
            case "html":
                text = self._inliner.inline(text).strip()
            case "subject":
                text = " ".join(_SPACES.sub(" ", text).split("\n")).strip()
                text = _SPACES.sub(" ", text)
            case _:
                lines = (_SPACES.sub(" ", line).strip() for line in text.split("\n"))
                text = _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()
        if not text:
            raise FileError(f"it renders to nothing; a message needs a {part}.", path=path)
        return text

    def _part(self, text: str, part: str, layout: str, marks: SlotMarks) -> Part:
        try:
            if part == "html":
                return split_html(text, marks)
            return split_plain(text, marks, Escape.HEADER if part == "subject" else Escape.PLAIN)
        except PlaceError as error:
            path = self._sources.layout_path(layout)
            raise FileError(f"{error}; move it into the text.", path=path) from None

    def _slots(self, key: Key, marks: SlotMarks, used: set[str]) -> dict[str, Slot]:
        """The slots that were printed, each with its one fallback."""
        slots: dict[str, Slot] = {}
        errors: list[FileError] = []
        for name, given in sorted(marks.fallbacks(used).items()):
            try:
                slots[name] = self._with_fallback(marks.slot(name), given, key)
            except SlotError as error:
                errors.append(self._at_fallback(error, name, key))
        if errors:
            raise FilesError(errors)
        return slots

    def _at_fallback(self, error: SlotError, slot: str, key: Key) -> FileError:
        """At the layout that gives a value a fallback of its own, else at the copy."""
        for layout in layout_names(self._sources.campaign.layouts, key.channel).values():
            before, found, _ = self._sources.layouts[layout].partition(f"customer.{slot}")
            if found:
                path = self._sources.layout_path(layout)
                return FileError(f"{error}.", path=path, line=before.count("\n") + 1)
        path, line = self._sources.copy_place(key.locale, *self._printing(slot, key))
        return FileError(f"{error}.", path=path, line=line)

    def _with_fallback(self, slot: Slot, given: set[str | int | float | None], key: Key) -> Slot:
        default = self._contexts.default_fallback(slot.name, key.locale)
        written = {self._write(slot, f, key) if f is not None else default for f in given}
        if len(written) > 1:
            told = " and ".join(sorted(f"`{w}`" if w is not None else "none" for w in written))
            raise SlotError(slot.name, f"one message gives it different fallbacks: {told}")
        return Slot(slot.name, slot.type, slot.max_length, written.pop())

    def _write(self, slot: Slot, fallback: str | int | float, key: Key) -> str:
        """A text stands as it is; a number is written as the locale writes it."""
        if isinstance(fallback, str):
            if _control(fallback):
                raise SlotError(slot.name, "its fallback holds a control character")
            return fallback
        room = Slot(slot.name, slot.type, max(slot.max_length, 20))
        return write_value(room, fallback, key.locale)

    def _printing(self, slot: str, key: Key) -> Iterator[str]:
        """The copy texts that print a slot."""
        wording = self._sources.wording(key.locale, key.variant, key.step)
        for name, text in wording.items():
            if any(f"customer.{slot}" in piece for piece, _ in text.pieces()):
                yield name


def _tidy(text: CopyText, pieces: list[str]) -> str | list[str]:
    """One line for a text; for paragraphs a list without the empty ones."""
    if text.key in PARAGRAPHS:
        paragraphs = (p for piece in pieces for p in _BLANK_LINES.split(piece))
        return [p.strip() for p in paragraphs if p.strip()]
    return re.sub(r"[ \t\n]+", " ", pieces[0]).strip()


def _control(text: str) -> str | None:
    """The first character of rendered text that is neither text nor a mark."""
    for found in FORBIDDEN.finditer(text):
        if not MARK.match(found[0]):
            return f"U+{ord(found[0]):04X}"
    return None
