"""What we ask SendGrid to send: the shared text once, each person's values beside it. Pure.

SendGrid replaces tags in subject and content, one after another and raw: a value that held a tag
would be replaced again, and a tag that begins another would be cut short. So a tag starts with a
character that stands nowhere else, in no literal and no value of the request, and closes after its
number: `^0;`. Wherever that character is, there is exactly one tag.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from campaigns.domain.delivery import Envelope, NotSent, Outcome, Rejected
from campaigns.domain.message import Hole, Part, Skeleton, escape

#: SendGrid's limits of one personalization.
LONGEST_SUBSTITUTIONS = 10_000
MOST_TAGS = 100
#: SendGrid takes less than 30 MB; the SDK's JSON may write a two-byte letter in six.
LARGEST_REQUEST = 28_000_000
_JSON_GROWTH = 3
#: So that people fit in beside it. Gmail cuts an e-mail at 0.1 MB anyway.
LARGEST_CONTENT = 4_000_000
#: What a personalization weighs besides its substitutions: address, headers, names of fields.
_FRAME = 1_000

#: What a tag may start with: plain first, since people read these when something is wrong; then
#: Unicode's private use area, where nobody's name lives.
DELIMITERS = ("^", "~", "|", "`", "¦", "§", "¶", *map(chr, range(0xE000, 0xE100)))

#: Our own pages count clicks, with consent; SendGrid must not rewrite links or add pixels.
_TRACKING = {
    "click_tracking": {"enable": False, "enable_text": False},
    "open_tracking": {"enable": False},
    "subscription_tracking": {"enable": False},
}
#: SendGrid wants the plain part first.
_CONTENT = (("text", "text/plain"), ("html", "text/html"))


@dataclass(slots=True)
class MailRequest:
    """One request.

    Attributes:
        body: for `POST /v3/mail/send`; without personalizations there is nothing to send.
        sent: for each personalization in order, the index of its envelope.
        kept: envelope index → outcome, for those that must not or cannot travel.
    """

    body: dict[str, Any]
    sent: list[int] = field(default_factory=list)
    kept: dict[int, Outcome] = field(default_factory=dict)


def mail_request(
    skeleton: Skeleton,
    envelopes: Sequence[Envelope],
    sender: Mapping[str, str],
    now: datetime,
) -> MailRequest:
    """The request for these envelopes. `sender` has `address`, and maybe `name`, `reply_to`."""
    holes = holes_of(skeleton)
    values = [_escaped(holes, e.values) for e in envelopes]
    delimiter, clashes = _delimiter(skeleton, values)
    tags = {hole: f"{delimiter}{n};" for n, hole in enumerate(holes)}
    request = MailRequest(_shared(skeleton, tags, sender))
    room = LARGEST_REQUEST - _JSON_GROWTH * len(orjson.dumps(request.body))
    for index, (envelope, own) in enumerate(zip(envelopes, values, strict=True)):
        substitutions = dict(zip(tags.values(), own, strict=True))
        size = len(orjson.dumps(substitutions))
        room -= _JSON_GROWTH * size + _FRAME
        clash = clashes and any(delimiter in value for value in own)
        kept = _why_kept(clash, size, room, now)
        if kept is not None:
            request.kept[index] = kept
            continue
        request.sent.append(index)
        request.body["personalizations"].append(_personalization(envelope, substitutions))
    return request


def holes_of(skeleton: Skeleton) -> tuple[Hole, ...]:
    """Each slot once per way of escaping it: HTML and plain text need tags of their own."""
    return tuple(dict.fromkeys(hole for part in _parts(skeleton) for hole in part.holes))


def _parts(skeleton: Skeleton) -> Iterator[Part]:
    for name in ("subject", "text", "html"):
        if name in skeleton.parts:
            yield skeleton.parts[name]


def _escaped(holes: Sequence[Hole], values: Mapping[str, str]) -> list[str]:
    """One person's values, each safe for its hole. Plain letters and digits are so anywhere, and
    most values are nothing else: seeing that costs a tenth of escaping them."""
    return [
        value
        if (value := values[h.slot]).isalnum() and value.isascii()
        else escape(value, h.escape)
        for h in holes
    ]


def _delimiter(skeleton: Skeleton, values: Sequence[Sequence[str]]) -> tuple[str, bool]:
    """What tags start with, and whether somebody's values hold it all the same."""
    literals = "".join(literal for part in _parts(skeleton) for literal in part.literals)
    free = [d for d in DELIMITERS if d not in literals]
    everything = "".join(value for own in values for value in own)
    # When somebody's values hold every one of them, it is theirs that stay behind.
    unused = next((d for d in free if d not in everything), None)
    return (free[-1], True) if unused is None else (unused, False)


def _shared(
    skeleton: Skeleton, tags: Mapping[Hole, str], sender: Mapping[str, str]
) -> dict[str, Any]:
    body: dict[str, Any] = {
        "personalizations": [],
        "from": _person(sender["address"], sender.get("name")),
        "subject": _tagged(skeleton.parts["subject"], tags),
        "content": [
            {"type": mime, "value": _tagged(skeleton.parts[name], tags)}
            for name, mime in _CONTENT
            if name in skeleton.parts
        ],
        "tracking_settings": _TRACKING,
    }
    if reply_to := sender.get("reply_to"):
        body["reply_to"] = _person(reply_to, None)
    return body


def _tagged(part: Part, tags: Mapping[Hole, str]) -> str:
    pairs = zip(part.holes, part.literals[1:], strict=True)
    return part.literals[0] + "".join(tags[hole] + literal for hole, literal in pairs)


def _why_kept(clash: bool, size: int, room: int, now: datetime) -> Outcome | None:
    if clash:
        return Rejected("sendgrid:characters", "the values hold characters that mark our tags")
    if size > LONGEST_SUBSTITUTIONS:
        return Rejected(
            "sendgrid:substitutions",
            f"this person's values take {size:,} bytes; SendGrid takes {LONGEST_SUBSTITUTIONS:,}",
        )
    if room < 0:
        return NotSent("sendgrid:size", "the request is full; it goes with the next", now)
    return None


def _personalization(envelope: Envelope, substitutions: dict[str, str]) -> dict[str, Any]:
    personalization: dict[str, Any] = {
        "to": [{"email": envelope.address}],
        # SendGrid keeps custom_args as 'not personal': an opaque number only.
        "custom_args": {"delivery_id": str(envelope.delivery_id)},
    }
    if substitutions:
        personalization["substitutions"] = substitutions
    if envelope.headers:
        personalization["headers"] = dict(envelope.headers)
    return personalization


def _person(address: str, name: str | None) -> dict[str, str]:
    return {"email": address, "name": name} if name else {"email": address}
