"""Messages: a skeleton's hash, its way through JSON, and filling it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.domain.channel import Channel
from campaigns.domain.message import (
    Escape,
    Hole,
    Part,
    Skeleton,
    Slot,
    SlotType,
    escape,
    fill,
    message_hash,
)

NAMES = ("first_name", "points", "link")

holes = st.builds(Hole, st.sampled_from(NAMES), st.sampled_from(Escape))


@st.composite
def parts(draw: st.DrawFn) -> Part:
    inside = draw(st.lists(holes, max_size=6))
    literals = draw(st.lists(st.text(), min_size=len(inside) + 1, max_size=len(inside) + 1))
    return Part(tuple(literals), tuple(inside))


skeletons = st.builds(
    Skeleton,
    channel=st.sampled_from(Channel),
    locale=st.sampled_from(["en_GB", "ca_ES"]),
    variant=st.just("a"),
    traits=st.sampled_from([(), (("is_member", True),), (("tier", "gold"), ("new", False))]),
    parts=st.dictionaries(st.sampled_from(["subject", "html", "text", "body"]), parts()),
    slots=st.just({n: Slot(n, SlotType.TEXT, 40, f) for n, f in zip(NAMES, "xyz", strict=True)}),
)
values = st.fixed_dictionaries({name: st.text() for name in NAMES})

HELLO = Skeleton(
    Channel.EMAIL,
    "en_GB",
    "a",
    (),
    {
        "subject": Part(("Hi ", ""), (Hole("first_name", Escape.HEADER),)),
        "html": Part(("<p>", "</p>"), (Hole("first_name", Escape.HTML),)),
    },
    {"first_name": Slot("first_name", SlotType.TEXT, 40, "friend")},
)


@given(skeletons)
def test_a_skeleton_survives_json_with_its_hash(skeleton: Skeleton) -> None:
    again = Skeleton.from_json(skeleton.to_json())
    assert again == skeleton
    assert again.hash == skeleton.hash


def test_filling_escapes_for_the_place() -> None:
    assert fill(HELLO, {"first_name": "<b>&'\""}) == {
        "subject": "Hi <b>&'\"",
        "html": "<p>&lt;b&gt;&amp;&#39;&#34;</p>",
    }


@pytest.mark.parametrize(
    ("how", "escaped"),
    [
        (Escape.HTML, "&lt;a b=&#34;1&#34;&gt;&amp;é"),
        (Escape.QUERY, "%3Ca%20b%3D%221%22%3E%26%C3%A9"),
        (Escape.PLAIN, '<a b="1">&é'),
        (Escape.HEADER, '<a b="1">&é'),
    ],
)
def test_each_place_has_its_escape(how: Escape, escaped: str) -> None:
    assert escape('<a b="1">&é', how) == escaped


def test_the_hash_changes_with_anything_in_the_skeleton() -> None:
    changed = [
        replace(HELLO, locale="en_US"),
        replace(HELLO, channel=Channel.SMS),
        replace(HELLO, variant="b"),
        replace(HELLO, traits=(("is_member", True),)),
        replace(HELLO, slots={"first_name": Slot("first_name", SlotType.TEXT, 40, "you")}),
        replace(HELLO, parts={**HELLO.parts, "text": Part(("x",), ())}),
    ]
    assert len({HELLO.hash, *(s.hash for s in changed)}) == 1 + len(changed)


def test_the_order_of_parts_and_slots_does_not_change_the_hash() -> None:
    turned = replace(HELLO, parts=dict(reversed(HELLO.parts.items())))
    assert turned.hash == HELLO.hash


def test_a_messages_hash_stands_for_its_values() -> None:
    one = message_hash(HELLO.hash, {"a": "1", "b": "2"})
    assert one == message_hash(HELLO.hash, {"b": "2", "a": "1"})
    assert one != message_hash(HELLO.hash, {"a": "1", "b": "3"})
    assert one != message_hash("other", {"a": "1", "b": "2"})
