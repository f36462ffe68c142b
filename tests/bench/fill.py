"""`python -m tests.bench.fill`: filling a skeleton against rendering the same e-mail with Jinja2.

Both make the shipped spring e-mail for the same 2,000 made-up customers, hostile ones among them,
from values that are validated and written already, and both must give the same bytes. Everything
that can be done once is done once on either side, and on Jinja2's more than is usual: its
templates are compiled, the layouts' loops and branches are resolved and their CSS is inlined, so
that per customer it renders the texts of the copy and puts them into a flat layout.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from campaigns.content.compile import compile_campaign
from campaigns.content.context import Contexts, Key
from campaigns.content.reading import read_sources
from campaigns.content.render import Renderer
from campaigns.domain.channel import Channel
from campaigns.domain.message import Skeleton, fill
from campaigns.domain.slots import Writer

TEMPLATES = Path(__file__).parents[2] / "templates"
CUSTOMERS = 2000
SEED = 20270331
LOCALE = "en_GB"
#: What is promised.
TIMES_AS_FAST = 20.0

_HOSTILE = (
    "<script>alert(1)</script>",
    'O\'Neil "Bob" & sons',
    "{{ customer.last_name }} {% raw %}",
    "Zoë\u00a0Ñandú",
    "👩‍👩‍👧 Núria",
    "&amp; &#39; &nbsp;",
    "%s %(name)s {0} $name",
    "</td></tr></table>",
    "أحمد 王小明",
    "a" * 40,
)


def profiles() -> Iterator[tuple[bool, dict[str, object]]]:
    """Customers, the same each time: whether a member, and raw slot values."""
    chance = random.Random(SEED)
    for number in range(CUSTOMERS):
        letters = chance.choices("abcdefghijklmnopqrstuvwxyzàéíñ'<&\" ", k=chance.randint(1, 40))
        name = chance.choice([*_HOSTILE, "Ana", "Jordi", "".join(letters), None])
        signed = f"{chance.getrandbits(128):032x}"
        yield (
            chance.random() < 0.5,
            {
                "first_name": name,
                "points": chance.choice([None, chance.randint(0, 999_999)]),
                "nearest_shop": chance.choice([None, "Brotanell Gràcia", "L'Hospitalet <2>", "&"]),
                "unsubscribe_url": f"https://news.example.com/u/{number}?k={signed}&l=en",
                "preferences_url": f"https://news.example.com/p/{number}?k={signed}&l=en",
            },
        )


class JinjaMail:
    """The spring e-mail by Jinja2, for members or for others."""

    def __init__(self, *, member: bool) -> None:
        self._sources = read_sources(TEMPLATES, "spring_sale")
        self._contexts = Contexts(self._sources)
        self._key = Key(Channel.EMAIL, LOCALE, "a", (("is_member", member),))
        self._context, _ = self._contexts.make(self._key)
        self._html = _environment(html=True)
        self._plain = _environment(html=False)
        self._copy = {
            key: [self._plain.from_string(piece) for piece, _ in text.pieces()]
            for key, text in self._sources.wording(LOCALE, "a").items()
            if key not in ("short", "post")
        }
        self._layouts = {
            "subject": self._plain.from_string("{{ copy.subject[0] }}"),
            "html": self._html.from_string(self._flat("html")),
            "text": self._plain.from_string(self._flat("text")),
        }

    def _flat(self, part: str) -> str:
        """A layout with loops, branches and styles resolved, and its texts as expressions."""
        context = dict(self._context)
        copy: dict[str, Any] = {key: Markup(f"{{{{ copy.{key}[0] }}}}") for key in self._copy}
        for key in ("body", "closing"):
            told = self._paragraphs(key)
            copy[key] = [Markup(f"{{{{ copy.{key}[{index}] }}}}") for index in range(told)]
        for name in ("facts", "words", "labels"):
            context[name] = {k: Markup(f"{{{{ {name}.{k} }}}}") for k in context[name]}
        context["links"] = {k: Markup(f"{{{{ links.{k} }}}}") for k in context["links"]}
        context["legal"] = Markup("{{ legal }}")
        renderer = Renderer(self._sources, self._contexts, lambda _path: None)
        layout = {"html": "email.html.j2", "text": "email.txt.j2"}[part]
        return renderer._layout(layout, part, {**context, "copy": copy})

    def _paragraphs(self, key: str) -> int:
        customer = dict.fromkeys(("first_name", "points", "nearest_shop"), "x")
        context = {**self._context, "customer": customer}
        return sum(bool(text.render(context).strip()) for text in self._copy[key])

    def render(self, values: Mapping[str, str]) -> dict[str, str]:
        """One customer's e-mail."""
        context = {
            **self._context,
            "customer": values,
            "links": {
                "unsubscribe": values["unsubscribe_url"],
                "preferences": values["preferences_url"],
            },
        }
        context["copy"] = {
            key: [text.render(context) for text in texts] for key, texts in self._copy.items()
        }
        return {name: layout.render(context) for name, layout in self._layouts.items()}


def _environment(*, html: bool) -> Environment:
    environment = Environment(autoescape=html)
    environment.filters["or_else"] = lambda value, fallback: value or fallback
    return environment


def skeletons() -> dict[bool, Skeleton]:
    """The e-mail's skeleton for members and for others."""
    release = compile_campaign(TEMPLATES, "spring_sale").release
    assert release is not None
    return {
        member: release.skeleton(Channel.EMAIL, LOCALE, (("is_member", member),))
        for member in (False, True)
    }


def written() -> list[tuple[bool, dict[str, str]]]:
    """Each customer's values as they stand in the message."""
    writers = {member: Writer(skeleton) for member, skeleton in skeletons().items()}
    return [(member, writers[member].write(raw)) for member, raw in profiles()]


def different() -> int:
    """How many of the customers' e-mails differ in any byte."""
    jinja = {member: JinjaMail(member=member) for member in (False, True)}
    known = skeletons()
    return sum(
        jinja[member].render(values) != fill(known[member], values) for member, values in written()
    )


def microseconds(
    make: Mapping[bool, Callable[[Mapping[str, str]], object]],
    customers: Sequence[tuple[bool, dict[str, str]]],
    *,
    rounds: int = 5,
) -> float:
    """Processor time per message: of several rounds over all customers the quickest, which other
    work on the machine disturbed least."""
    best = float("inf")
    for _ in range(rounds):
        started = time.process_time()
        for member, values in customers:
            make[member](values)
        best = min(best, time.process_time() - started)
    return best / len(customers) * 1e6


def measure() -> tuple[float, float]:
    """µs per message by filling and by Jinja2."""
    customers = written()
    fillers = {member: partial(fill, skeleton) for member, skeleton in skeletons().items()}
    jinja = {member: JinjaMail(member=member).render for member in (False, True)}
    return microseconds(fillers, customers, rounds=9), microseconds(jinja, customers, rounds=3)


def main() -> int:
    """Print both, and say whether filling is quick enough and the bytes the same."""
    unlike = different()
    filling, jinja = measure()
    member, values = written()[0]
    size = sum(len(p.encode()) for p in fill(skeletons()[member], values).values())
    print(f"the e-mail has {size / 1000:.1f} KB; {CUSTOMERS} customers, {unlike} of them different")
    print(f"filling  {filling:8.1f} µs per message")
    print(f"Jinja2   {jinja:8.1f} µs per message")
    print(f"ratio    {jinja / filling:8.1f} (at least {TIMES_AS_FAST:.0f} is asked for)")
    return int(unlike > 0 or jinja / filling < TIMES_AS_FAST)


if __name__ == "__main__":
    sys.exit(main())
