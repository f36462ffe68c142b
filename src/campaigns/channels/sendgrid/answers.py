"""SendGrid's answers as outcomes. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson

from campaigns.channels.answers import (
    UNREACHABLE_PAUSE,
    Headers,
    broke_off,
    too_many,
    without_addresses,
)
from campaigns.domain.delivery import (
    Accepted,
    Envelope,
    NotSent,
    Outcome,
    Refused,
    Rejected,
    Unknown,
)

_PERSONALIZATION = re.compile(r"personalizations\.(\d+)(?:\.(\w+))?")


@dataclass(frozen=True, slots=True)
class _Trouble:
    """One entry of SendGrid's `errors`; `index` and `part` when it names a personalization."""

    message: str
    index: int | None = None
    part: str = ""


def accepted(headers: Headers, count: int) -> list[Outcome]:
    """One id for the whole request: events carry ours, so it need not be the person's own."""
    return [Accepted(headers.get("x-message-id"))] * count


def refused(
    status: int,
    headers: Headers,
    body: bytes,
    envelopes: Sequence[Envelope],
    now: datetime,
) -> list[Outcome]:
    """Outcomes of a status that is not 2xx, one for each envelope of the request, in order."""
    troubles = _troubles(body)
    if status == 429:
        return [too_many("sendgrid", headers, now)] * len(envelopes)
    if status == 400 and any(t.index is not None and t.index < len(envelopes) for t in troubles):
        return _without_the_wrong_ones(troubles, envelopes, now)
    if status == 400 and broke_off(body):
        said = "SendGrid answered 400, and its reason was lost on the way"
        return [NotSent("sendgrid:400", said, now + UNREACHABLE_PAUSE)] * len(envelopes)
    if 400 <= status < 500 and status != 408:
        said = "; ".join(t.message for t in troubles) or f"SendGrid answered {status}"
        reason = without_addresses(said, (e.address for e in envelopes))
        return [Refused(f"sendgrid:{status}", _advice(status) + reason)] * len(envelopes)
    return [Unknown(f"sendgrid:{status}", f"SendGrid answered {status}")] * len(envelopes)


def _without_the_wrong_ones(
    troubles: Sequence[_Trouble], envelopes: Sequence[Envelope], now: datetime
) -> list[Outcome]:
    """SendGrid refuses the whole request for one person: the others go again without them."""
    again = NotSent("sendgrid:400", "another message of the request was refused", now)
    outcomes: list[Outcome] = [again] * len(envelopes)
    for trouble in troubles:
        if trouble.index is not None and trouble.index < len(envelopes):
            reason = without_addresses(trouble.message, [envelopes[trouble.index].address])
            outcomes[trouble.index] = Rejected(
                "sendgrid:400", f"SendGrid: {reason}", invalid_address=trouble.part == "to"
            )
    return outcomes


def _advice(status: int) -> str:
    match status:
        case 401:
            return "SendGrid does not know this API key (CAMPAIGNS_SENDGRID_API_KEY): "
        case 403:
            return "this SendGrid key may not send, or the sender is not verified there: "
        case 413:
            return "the e-mail is larger than SendGrid takes: "
        case _:
            return "SendGrid refuses the request: "


def _troubles(body: bytes) -> list[_Trouble]:
    try:
        errors = orjson.loads(body)["errors"]
        return [_trouble(e) for e in errors if isinstance(e, dict)]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return []


def _trouble(error: Mapping[str, object]) -> _Trouble:
    message = str(error.get("message") or "no reason given")
    place = _PERSONALIZATION.match(str(error.get("field") or ""))
    if place is None:
        return _Trouble(message)
    return _Trouble(message, int(place[1]), place[2] or "")
