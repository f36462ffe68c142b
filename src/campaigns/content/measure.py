"""How long a text is on each channel, by the vendors' own rules.

SMS: GSM 03.38 with its extension table, UCS-2 otherwise (smsutil). X: weighted length by
twitter-text's rules, a URL counts 23 (twitter-text-parser). WhatsApp: characters of a template
body. E-mail: bytes, since Gmail clips a message from 102 KB.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from campaigns.domain.channel import Channel
from campaigns.x_rules import x_rules

#: Twilio refuses a longer Body, whatever its segments.
SMS_CHARACTERS = 1600
WHATSAPP_CHARACTERS = 1024
X_WEIGHTED = 280
#: X allows 10,000 characters in a direct message.
X_DM_CHARACTERS = 10_000
#: Gmail clips what is larger, and with it the unsubscribe link.
EMAIL_BYTES = 102 * 1024


@dataclass(frozen=True, slots=True)
class SmsMeasure:
    """`encoding` is GSM-7 or UCS-2; `units` are septets or 16-bit code units; `characters` count
    as Twilio counts the body's limit, in UTF-16 code units."""

    channel: Channel
    encoding: str
    units: int
    segments: int
    characters: int
    valid: bool


@dataclass(frozen=True, slots=True)
class PostMeasure:
    """`weighted_length` of 280; not valid when empty, too long or holding refused characters."""

    channel: Channel
    weighted_length: int
    valid: bool


@dataclass(frozen=True, slots=True)
class SizeMeasure:
    """`units` of `limit`: characters for WhatsApp and direct messages, bytes for e-mail."""

    channel: Channel
    encoding: str
    units: int
    limit: int
    valid: bool


Measure = SmsMeasure | PostMeasure | SizeMeasure


def measure(channel: Channel, text: str) -> Measure:
    """How long the text is on the channel, and whether it fits."""
    match channel:
        case Channel.SMS:
            return measure_sms(text)
        case Channel.X_POST:
            return measure_post(text)
        case Channel.EMAIL:
            size = len(text.encode("utf-8"))
            return SizeMeasure(channel, "UTF-8", size, EMAIL_BYTES, 0 < size <= EMAIL_BYTES)
        case Channel.WHATSAPP | Channel.X_DM:
            limit = WHATSAPP_CHARACTERS if channel is Channel.WHATSAPP else X_DM_CHARACTERS
            return SizeMeasure(channel, "Unicode", len(text), limit, 0 < len(text) <= limit)


def measure_sms(text: str) -> SmsMeasure:
    """Encoding, units and segments of an SMS."""
    import smsutil

    split = smsutil.split(text)
    gsm = split.encoding == "gsm0338" or not text
    characters = len(text.encode("utf-16-le", "surrogatepass")) // 2
    return SmsMeasure(
        channel=Channel.SMS,
        encoding="GSM-7" if gsm else "UCS-2",
        units=split.total_bytes if gsm else split.total_bytes // 2,
        segments=len(split.parts) if text else 0,
        characters=characters,
        valid=0 < characters <= SMS_CHARACTERS,
    )


def measure_post(text: str) -> PostMeasure:
    """Weighted length of an X post."""
    parsed = x_rules().parse_tweet(text)
    return PostMeasure(Channel.X_POST, parsed.weightedLength, parsed.valid)


def as_json(measured: Measure) -> dict[str, object]:
    """For `--json`."""
    return asdict(measured)
