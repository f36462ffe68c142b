"""The Jinja2 environment that copy and layouts run in: sandboxed, strict, and pure.

Plain dicts, strings and numbers go in; nothing in it reaches a file, the clock, chance or a
Python attribute. The limits on time and memory are set around it (see child.py); what can be
refused here is refused here, because here the line is known.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from jinja2 import StrictUndefined, TemplateNotFound, Undefined, nodes
from jinja2.exceptions import SecurityError, TemplateAssertionError
from jinja2.loaders import BaseLoader
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from campaigns.content.slot_value import MARK, SlotMarks, SlotValue
from campaigns.yaml_files.document import FORBIDDEN
from campaigns.yaml_files.validate import listing, nearest, unknown

#: Left out: what is random, reaches Python attributes, or pads to any length.
_FILTERS: Final = (
    *("abs", "batch", "capitalize", "default", "d", "dictsort", "e", "escape", "first", "float"),
    *(
        "forceescape",
        "groupby",
        "indent",
        "int",
        "items",
        "join",
        "last",
        "length",
        "count",
        "list",
    ),
    *("lower", "map", "max", "min", "reject", "rejectattr", "replace", "reverse", "round"),
    *("select", "selectattr", "slice", "sort", "string", "sum", "title", "trim"),
    *("truncate", "unique", "upper", "urlencode", "wordcount", "wordwrap"),
)
#: Filters that leave printed values as they are, and so may take text that holds some.
_TRANSPARENT: Final = frozenset(
    {"batch", "default", "d", "e", "escape", "first", "forceescape", "indent", "items", "join"}
    | {"last", "list", "map", "reject", "select", "slice", "trim", "reverse"}
)
_TEXT_METHODS: Final = frozenset({"strip", "lstrip", "rstrip", "startswith", "endswith", "split"})
_DICT_METHODS: Final = frozenset({"items", "keys", "values", "get"})
#: Methods that pad to any length, or make any character, a slot's mark among them.
_METHODS_REFUSED: Final = frozenset(
    {"format", "format_map", "center", "ljust", "rjust", "zfill", "expandtabs", "translate"}
    | {"encode", "decode", "to_bytes", "unescape", "striptags"}
)
#: Begins the kind of what stands in brand.yaml per language; the place follows, and after LACKING
#: the names that other languages have and this one lacks.
BRANDS: Final = "brand: "
LACKING: Final = " lacks "
_LONGEST_RANGE: Final = 1000
_ESCAPED: Final = "all that is printed in HTML is escaped; `safe` and `autoescape` are not for here"
_SCALARS: Final = (str, int, float)
_PRINTABLE: Final = (*_SCALARS, Undefined)


class Layouts(BaseLoader):
    """The texts of templates/layouts, and nothing else: no path leads out of a dict."""

    def __init__(self, texts: Mapping[str, str], file_of: Callable[[str], str]) -> None:
        self._texts = texts
        self._file_of = file_of

    def get_source(
        self,
        environment: Any,  # noqa: ARG002 - Jinja2's signature
        template: str,
    ) -> tuple[str, str | None, Callable[[], bool] | None]:
        """The text and file of a layout."""
        if template not in self._texts:
            hint = f"{nearest(template, self._texts)}layouts are: {listing(sorted(self._texts))}"
            raise TemplateNotFound(template, f"there is no layout `{template}`; {hint}")
        return self._texts[template], self._file_of(template), lambda: True


class Sandbox(ImmutableSandboxedEnvironment):
    """See the module. Not shared between skeletons that are rendered at the same time."""

    intercepted_binops = frozenset({"*", "**", "%", "+"})

    def __init__(self, *, html: bool, layouts: BaseLoader | None = None) -> None:
        super().__init__(
            autoescape=html,
            undefined=StrictUndefined,
            finalize=self._finalize,
            loader=layouts,
            keep_trailing_newline=False,
            trim_blocks=False,
            cache_size=400,
            auto_reload=False,
        )
        self.marks = SlotMarks()
        #: id of a context dict → what one of its entries is called in errors.
        self.kinds: dict[int, str] = {}
        self.globals = {"range": _range, "dict": dict, "namespace": self.globals["namespace"]}
        self.filters = {n: _guarded(n, self.filters[n]) for n in _FILTERS}
        self.filters["or_else"] = _or_else
        self.tests = {n: _guarded(n, f, test=True) for n, f in self.tests.items()}

    def _finalize(self, value: Any) -> Any:
        """The one way from a value to text."""
        if isinstance(value, SlotValue):
            mark = self.marks.print(value)
            return Markup(mark) if self.autoescape else mark  # noqa: S704 - one private-use letter
        if value is None or isinstance(value, bool):
            raise SecurityError(f"`{str(value).lower()}` is printed here; test it with `if`")
        if isinstance(value, _PRINTABLE):
            return value
        raise SecurityError(f"a {type(value).__name__} is printed here; print one of its values")

    def _generate(self, source: nodes.Template, *args: Any, **kwargs: Any) -> str:
        """Refuse control characters and marks that a template spells out (`"\\u0007"`), and
        turning the escaping off."""
        for node in source.find_all((nodes.EvalContextModifier, nodes.Filter)):
            if not isinstance(node, nodes.Filter) or node.name == "safe":
                raise TemplateAssertionError(_ESCAPED, node.lineno, *args[:2])
        for constant in source.find_all(nodes.Const):
            found = FORBIDDEN.search(constant.value) if isinstance(constant.value, str) else None
            if found:
                told = f"control character U+{ord(found[0]):04X}; remove it"
                raise TemplateAssertionError(told, constant.lineno, *args[:2])
        return super()._generate(source, *args, **kwargs)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """`a.b`: an entry of a dict, before any method; never a private name."""
        return self._entry(obj, attribute, super().getattr)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """`a[b]`: the same rules."""
        return self._entry(obj, argument, super().getitem)

    def _entry(self, obj: Any, key: Any, otherwise: Callable[[Any, Any], Any]) -> Any:
        if isinstance(obj, SlotValue):
            obj.refuse(f"with `.{key}`")
        if isinstance(key, SlotValue):
            key.refuse("as a key")
        if isinstance(key, str) and (key.startswith("_") or key in _METHODS_REFUSED):
            raise SecurityError(f"`{key}` is not allowed in a template")
        if type(obj) is not dict:
            return otherwise(obj, key)
        if key in obj:
            return obj[key]
        if key in _DICT_METHODS:
            return otherwise(obj, key)
        kind, known = self.kinds.get(id(obj), "name"), [str(k) for k in obj]
        told = unknown(kind, str(key), known)
        if kind.startswith(BRANDS):  # a layout's word that the brand lacks: the brand is to mend
            told = _lacking(kind, str(key), known)
        return self.undefined(hint=told, name=str(key))

    def call(__self, __context: Any, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805
        """Call from a template: text methods do not see printed values."""
        for value in (*args, *kwargs.values()):
            if isinstance(value, SlotValue) and not _is_macro(__obj):
                value.refuse("as an argument")
        owner = getattr(__obj, "__self__", None)
        if isinstance(owner, str) and MARK.search(owner) and __obj.__name__ not in _TEXT_METHODS:
            raise SecurityError(
                f"`.{__obj.__name__}()` would not reach the customer's value in this text"
            )
        return super().call(__context, __obj, *args, **kwargs)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Multiplying is for numbers of a sane size; `**` and `%` on text are not needed."""
        for value in (left, right):
            if isinstance(value, SlotValue):
                value.refuse("in arithmetic")
        numbers = all(isinstance(v, int | float) and abs(v) < 10**12 for v in (left, right))
        if operator == "**" or not (numbers or operator == "+"):
            raise SecurityError(f"`{operator}` is only for small numbers here")
        return super().call_binop(context, operator, left, right)


def _lacking(kind: str, name: str, known: Sequence[str]) -> str:
    """That the brand has no such word, and which others it lacks: one round for a new language."""
    place, _, names = kind.removeprefix(BRANDS).partition(LACKING)
    lacking = names.split(", ")
    others = [f"`{other}`" for other in lacking if other != name] if name in lacking else []
    more = f" Missing, too: {', '.join(others)}." if others else ""
    return f"{place} has no `{name}`; {nearest(name, known)}add it there.{more}"


def _is_macro(obj: Any) -> bool:
    return type(obj).__module__ == "jinja2.runtime"


def _range(*args: int) -> range:
    numbers = range(*args)
    if len(numbers) > _LONGEST_RANGE:
        raise OverflowError(f"range() goes to {_LONGEST_RANGE} at most here")
    return numbers


def _or_else(value: Any, fallback: Any) -> SlotValue:
    if not isinstance(value, SlotValue):
        raise SecurityError("`or_else` is for customer.* values; everything else is known")
    if isinstance(fallback, SlotValue):
        fallback.refuse("as a fallback")
    if isinstance(fallback, bool) or not isinstance(fallback, _SCALARS):
        raise SecurityError("`or_else` takes a text or a number")
    if isinstance(fallback, str) and MARK.search(fallback):
        raise SecurityError("`or_else` takes a fixed text, without another customer value in it")
    return value.or_else(fallback)


def _guarded(name: str, function: Any, *, test: bool = False) -> Any:
    """A filter or test that refuses customers' values, printed or not."""

    @functools.wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        for value in (*args, *kwargs.values()):
            if isinstance(value, SlotValue):
                value.refuse("in a condition" if test else f"with the filter `{name}`")
            if test or name in _TRANSPARENT or not isinstance(value, str):
                continue
            if MARK.search(value):
                raise SecurityError(
                    f"the filter `{name}` would not reach the customer's value in this text; "
                    f"print the value after filtering"
                )
        return function(*args, **kwargs)

    return guarded
