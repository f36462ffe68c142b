"""Twilio's error codes that the sandbox answers with: https://www.twilio.com/docs/api/errors."""

from __future__ import annotations

from typing import Any

from campaigns.sandbox.call import RefusedError, json_answer

#: code → (HTTP status, text). The texts are those of reported answers (November 2026).
_ERRORS = {
    20001: (400, "{detail}"),
    20003: (401, "Authenticate"),
    20004: (405, "Method not allowed"),
    20404: (404, "The requested resource {path} was not found"),
    20429: (429, "Too Many Requests"),
    20500: (500, "An internal server error has occurred"),
    21211: (400, "The 'To' number {to} is not a valid phone number."),
    21212: (
        400,
        "The 'From' number {sender} is not a valid phone number, shortcode, or alphanumeric "
        "sender ID.",
    ),
    21408: (
        400,
        "Permission to send an SMS has not been enabled for the region indicated by the 'To' "
        "number: {to}",
    ),
    21603: (400, "A 'From' phone number is required."),
    21604: (400, "A 'To' phone number is required."),
    21606: (
        400,
        "The 'From' phone number provided ({sender}) is not a valid message-capable Twilio phone "
        "number for this destination",
    ),
    21609: (400, "The 'StatusCallback' URL {detail} is not a valid URL."),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21611: (429, "This 'From' number has exceeded the maximum number of queued messages"),
    21612: (
        400,
        "Message cannot be sent with the current combination of 'To' ({to}) and/or 'From' "
        "({sender}) parameters",
    ),
    21614: (400, "'To' number: {to}, is not a mobile number"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit"),
    21619: (400, "A text message body or media urls must be specified."),
    21624: (400, "The ValidityPeriod must be an integer between 1 and 36000 seconds"),
    21655: (400, "The ContentSid is Invalid"),
    21656: (400, "The Content Variables parameter is invalid."),
    21658: (400, "Parameter exceeded character limit"),
    21701: (404, "The Messaging Service does not exist"),
    21910: (
        400,
        "Invalid From and To pair. From and To should be of the same channel",
    ),
}

#: Errors that arrive after the message was accepted: in the message's status, not in the answer.
LATER = {
    63016: "Failed to send freeform message because you are outside the allowed window. If you "
    "are using WhatsApp, please use a Message Template.",
    63028: "Number of parameters provided does not match the expected number of parameters",
    63040: "Template rejected",
    63049: "Meta chose not to deliver this WhatsApp marketing message",
}


def refuse(code: int, **values: Any) -> RefusedError:
    """The answer Twilio gives with an error code, to be raised."""
    status, message = _ERRORS[code]
    return RefusedError(
        json_answer(
            status,
            {
                "code": code,
                "message": message.format(**values),
                "more_info": f"https://www.twilio.com/docs/errors/{code}",
                "status": status,
            },
        )
    )
