"""What each Twilio error code means for a message: data, from twilio.com/docs/api/errors.

30xxx and 63xxx codes mostly arrive later, by status callback; the same table reads them there.
A code that is not here is a refusal of this one message.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Verdict(StrEnum):
    """What a code asks of us."""

    INVALID_ADDRESS = "invalid_address"
    OPTED_OUT = "opted_out"
    REJECTED = "rejected"
    REFUSED = "refused"
    RETRY = "retry"
    SLOW = "slow"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Meaning:
    """A code's verdict, a sentence for people, and when to try again (RETRY, SLOW)."""

    verdict: Verdict
    reason: str
    pause: timedelta = timedelta(0)


_MINUTE = timedelta(minutes=1)
_V = Verdict

MEANINGS: dict[int, Meaning] = {
    # The number: never again.
    21211: Meaning(_V.INVALID_ADDRESS, "this is not a phone number"),
    21217: Meaning(_V.INVALID_ADDRESS, "this number seems not to be in use"),
    21612: Meaning(_V.INVALID_ADDRESS, "this number cannot be reached from our sender"),
    21614: Meaning(_V.INVALID_ADDRESS, "this number is not a mobile number"),
    21635: Meaning(_V.INVALID_ADDRESS, "this number is a landline"),
    30005: Meaning(_V.INVALID_ADDRESS, "this number is unknown or no longer in service"),
    30006: Meaning(_V.INVALID_ADDRESS, "this number is a landline or its carrier is unreachable"),
    63003: Meaning(_V.INVALID_ADDRESS, "this number is not on WhatsApp"),
    63024: Meaning(_V.INVALID_ADDRESS, "this number is not on WhatsApp"),
    # The person.
    21610: Meaning(_V.OPTED_OUT, "this person has replied STOP to our sender"),
    # This message only.
    21604: Meaning(_V.REJECTED, "the message has no recipient"),
    21656: Meaning(_V.REJECTED, "WhatsApp does not take these values in its template"),
    63032: Meaning(_V.REJECTED, "WhatsApp does not deliver to this person now"),
    63049: Meaning(_V.REJECTED, "WhatsApp takes no marketing message for this person now"),
    # The campaign or the account: everyone would get the same answer.
    20003: Meaning(_V.REFUSED, "Twilio does not know this account or its token"),
    20404: Meaning(_V.REFUSED, "Twilio does not know this account"),
    21212: Meaning(_V.REFUSED, "the sender is not a number Twilio knows"),
    21408: Meaning(_V.REFUSED, "the account may not send to this country; allow it in Twilio"),
    21602: Meaning(_V.REFUSED, "the message is empty"),
    21603: Meaning(_V.REFUSED, "the brand names no sender"),
    21606: Meaning(_V.REFUSED, "the sender is not a number of this account that can send texts"),
    21608: Meaning(_V.REFUSED, "a trial account sends to verified numbers only"),
    21609: Meaning(_V.REFUSED, "Twilio cannot report to this public URL (CAMPAIGNS_PUBLIC_URL)"),
    21617: Meaning(_V.REFUSED, "the text is longer than 1,600 characters"),
    21619: Meaning(_V.REFUSED, "the message is empty"),
    21624: Meaning(_V.REFUSED, "the brand's validity_seconds is not between 1 and 36,000"),
    21655: Meaning(_V.REFUSED, "Twilio does not know this content template"),
    21660: Meaning(_V.REFUSED, "the sender belongs to another account"),
    21701: Meaning(_V.REFUSED, "Twilio does not know this messaging service"),
    21703: Meaning(_V.REFUSED, "the messaging service has no sender"),
    21705: Meaning(_V.REFUSED, "Twilio does not know this messaging service"),
    21910: Meaning(_V.REFUSED, "the sender is not one of this channel"),
    30007: Meaning(_V.REFUSED, "carriers filter this text as unwanted; change it"),
    30034: Meaning(_V.REFUSED, "the US sender is not registered for A2P 10DLC"),
    63007: Meaning(_V.REFUSED, "the sender is not a WhatsApp sender of this account"),
    63016: Meaning(_V.REFUSED, "outside the 24-hour window WhatsApp takes approved templates only"),
    63028: Meaning(_V.REFUSED, "the WhatsApp template has other slots than the message"),
    63040: Meaning(_V.REFUSED, "WhatsApp has rejected the template; change the copy"),
    63041: Meaning(_V.REFUSED, "WhatsApp has paused the template"),
    63042: Meaning(_V.REFUSED, "WhatsApp has disabled the template"),
    # The sender is too quick: everyone would get the same answer for a while.
    20429: Meaning(_V.SLOW, "Twilio asks to slow down", timedelta(seconds=5)),
    21611: Meaning(_V.SLOW, "the sender's queue at Twilio is full", _MINUTE),
    30001: Meaning(_V.SLOW, "the sender's queue at Twilio is full", _MINUTE),
    63018: Meaning(_V.SLOW, "the WhatsApp sender is too quick", _MINUTE),
    63038: Meaning(_V.SLOW, "the account's messages for today are used up", 60 * _MINUTE),
    # This phone is out of reach for the moment.
    30003: Meaning(_V.RETRY, "the phone is switched off or out of reach", 30 * _MINUTE),
    30008: Meaning(_V.RETRY, "the carrier gave no reason", 30 * _MINUTE),
    # It may have been sent.
    20500: Meaning(_V.UNKNOWN, "Twilio failed inside"),
}


def meaning_of(code: int) -> Meaning:
    """The meaning of a code; one that is not in the table rejects the message."""
    known = MEANINGS.get(code)
    if known is not None:
        return known
    return Meaning(
        Verdict.REJECTED, f"Twilio refused it: https://www.twilio.com/docs/api/errors/{code}"
    )
