"""Everything fits, for the longest values that the slots let through. Nothing is ever cut."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from campaigns.content.checks.checked import Checked
from campaigns.content.checks.view import View
from campaigns.content.measure import (
    EMAIL_BYTES,
    SMS_CHARACTERS,
    WHATSAPP_CHARACTERS,
    X_DM_CHARACTERS,
    X_WEIGHTED,
    SmsMeasure,
    measure_post,
    measure_sms,
)
from campaigns.domain.channel import Channel
from campaigns.domain.counting import counted
from campaigns.domain.findings import Finding
from campaigns.domain.message import SlotType
from campaigns.domain.slots import units

_SHORTEN: Final = "Shorten the text."
#: Of which no customer's value is longer than its letters say.
_NARROW: Final = (SlotType.CODE, SlotType.URL, SlotType.INTEGER, SlotType.NUMBER)


def check(checked: Checked) -> Iterator[Finding]:
    """`too-long`: a message can be longer than its channel, or the brand, allows."""
    for view in checked.views:
        match view.channel:
            case Channel.EMAIL:
                yield from _email(checked, view)
            case Channel.SMS:
                yield from _sms(checked, view)
            case Channel.WHATSAPP:
                yield from _longer(checked, view, units(view.longest["body"]), WHATSAPP_CHARACTERS)
            case Channel.X_DM:
                yield from _longer(checked, view, len(view.longest["body"]), X_DM_CHARACTERS)
            case Channel.X_POST:
                weight = measure_post(view.longest["body"]).weighted_length
                yield from _longer(checked, view, weight, X_WEIGHTED)
    yield from _texts(checked)


def _longer(checked: Checked, view: View, length: int, most: int) -> Iterator[Finding]:
    if length > most:
        told = f"this can be {length} characters long; {most} is the most."
        yield checked.in_copy("too-long", told, _shorten(view), view, "body")


def _shorten(view: View) -> str:
    slots = ", ".join(f"{s.name} up to {s.max_length}" for s in view.skeleton.slots.values())
    return f"{_SHORTEN} Customers' values count in full: {slots}." if slots else _SHORTEN


def _texts(checked: Checked) -> Iterator[Finding]:
    """The brand's limits of single copy texts, facts and longest values included."""
    limits = checked.limits.of_texts
    slots = {s.name: s.max_length for v in checked.views for s in v.skeleton.slots.values()}
    for locale, piece in checked.every_copy():
        most = limits.get(piece.key)
        if most is None:
            continue
        facts = {name: written[locale] for name, written in checked.release.facts.items()}
        length = piece.length(facts, slots)
        if length > most:
            told = f"`{piece.key}` can be {length} characters long; {most} is the most."
            yield checked.finding("too-long", told, _SHORTEN, piece.file, piece.line)


def _sms(checked: Checked, view: View) -> Iterator[Finding]:
    most = checked.limits.sms_segments
    sms = measure_sms(view.longest["body"])
    if sms.segments <= most and sms.characters <= SMS_CHARACTERS:
        return
    size = f"{counted(sms.segments, 'segment')} ({sms.encoding}, {sms.units} units)"
    told = f"this text can take {size}; {most} is the most."
    mend = f"{_shorten(view)}{_why_wide(view, sms)}"
    yield checked.in_copy("too-long", told, mend, view, "body")


def _why_wide(view: View, sms: SmsMeasure) -> str:
    """What forces the wide alphabet, if that is in use."""
    if sms.encoding != "UCS-2":
        return ""
    if wide := _wide(view):
        return f" Without {wide} a segment holds 153 characters instead of 67."
    slots = [s.name for s in view.skeleton.slots.values() if s.type not in _NARROW]
    return (
        f" A customer's {' or '.join(slots)} can bring a letter that makes a segment hold 67 "
        f"characters instead of 153."
    )


def _wide(view: View) -> str:
    """The characters of the fixed text that an SMS's own alphabet lacks."""
    import smsutil

    fixed = "".join(view.skeleton.parts["body"].literals)
    odd = dict.fromkeys(c for c in fixed if not smsutil.is_valid_gsm(c))
    return ", ".join(f"`{c}`" for c in odd)


def _email(checked: Checked, view: View) -> Iterator[Finding]:
    most = checked.limits.subject_characters
    subject = len(view.longest["subject"])
    if subject > most:
        told = f"the subject can be {subject} characters long; {most} is the most."
        yield checked.in_copy("too-long", told, _SHORTEN, view, "subject", "subject")
    size = len(view.longest["html"].encode())
    if size > EMAIL_BYTES:
        told = f"the HTML can be {size // 1024} KB; Gmail cuts off what is over 102 KB."
        yield checked.in_layout("too-long", told, _SHORTEN, view, "html")
