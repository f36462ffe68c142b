"""Twilio's answers as outcomes."""

from __future__ import annotations

from datetime import datetime

import orjson

from campaigns.channels.answers import UNREACHABLE_PAUSE, broke_off, too_many
from campaigns.channels.twilio.errors import MEANINGS, Verdict, meaning_of
from campaigns.channels.wire import Answer
from campaigns.domain.delivery import Accepted, Holds, NotSent, Outcome, Refused, Rejected, Unknown


def outcome_of(answer: Answer, now: datetime) -> Outcome:
    """What an answer without a readable message in it says about the message."""
    if answer.ok:
        return Accepted(None)  # a 2xx status line: Twilio has it, whatever became of the body
    code = _code(answer)
    if answer.status == 429:
        return _too_many(answer, code, now)
    if answer.status == 401 or (answer.status == 403 and code not in MEANINGS):
        return Refused(f"twilio:{code or answer.status}", meaning_of(20003).reason)
    if not 400 <= answer.status < 500 or answer.status == 408:
        return Unknown(f"twilio:{code or answer.status}", f"Twilio answered {answer.status}")
    if code is None:
        return _without_a_code(answer, now)
    return outcome_of_code(code, now)


def _without_a_code(answer: Answer, now: datetime) -> Outcome:
    """A refusal cut short on the way; or none of Twilio's words: a wrong address, a proxy."""
    name = f"twilio:{answer.status}"
    if answer.status == 400 and broke_off(answer.body):
        said = "Twilio answered 400, and its reason was lost on the way"
        return NotSent(name, said, now + UNREACHABLE_PAUSE)
    return Refused(name, f"Twilio answered {answer.status}, no reason")


def outcome_of_code(code: int, now: datetime) -> Outcome:
    """What an error code says about the message."""
    meaning = meaning_of(code)
    name = f"twilio:{code}"
    match meaning.verdict:
        case Verdict.INVALID_ADDRESS:
            return Rejected(name, meaning.reason, invalid_address=True)
        case Verdict.OPTED_OUT:
            return Rejected(name, meaning.reason, opted_out=True)
        case Verdict.REFUSED:
            return Refused(name, meaning.reason)
        case Verdict.RETRY | Verdict.SLOW as verdict:
            holds = Holds.PACE if verdict is Verdict.SLOW else Holds.MESSAGE
            return NotSent(name, meaning.reason, now + meaning.pause, holds)
        case Verdict.UNKNOWN:
            return Unknown(name, meaning.reason)
        case Verdict.REJECTED:
            return Rejected(name, meaning.reason)


def _too_many(answer: Answer, code: int | None, now: datetime) -> NotSent:
    """Twilio seldom says until when; the table knows how long each kind of 'too many' lasts."""
    meaning = MEANINGS.get(code or 0)
    if meaning is None or answer.headers.get("retry-after"):
        return too_many("twilio", answer.headers, now)
    return NotSent(f"twilio:{code}", meaning.reason, now + meaning.pause, Holds.PACE)


def _code(answer: Answer) -> int | None:
    try:
        document = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return None
    code = document.get("code") if isinstance(document, dict) else None
    return code if isinstance(code, int) else None
