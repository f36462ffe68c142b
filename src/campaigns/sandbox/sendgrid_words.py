"""What SendGrid says when it refuses a mail.

The texts are those of https://www.twilio.com/docs/sendgrid/api-reference/mail-send/errors and of
answers that users have reported (November 2026). Where neither has the words, the limit is
documented and the sentence is ours.
"""

from __future__ import annotations

from typing import Any

_HELP = "http://sendgrid.com/docs/API_Reference/Web_API_v3/Mail/errors.html#"

#: name → (text, anchor of the help page)
_WORDS = {
    "property": ("Additional property {name} is not allowed", None),
    "type": ("Invalid type. Expected: {expected}, given: {given}.", "message.{anchor}"),
    "personalizations": (
        "The personalizations field is required and must have at least one personalization.",
        "-Personalizations-Errors",
    ),
    "too many personalizations": (
        "The personalization block is limited to 1000 personalizations per API request. You have "
        "provided {count} personalizations. Please consider splitting this into multiple requests "
        "and resending your request.",
        "message.personalizations",
    ),
    "too many recipients": (
        "There is a limit of 1000 total recipients (to + cc + bcc) per request.",
        "message.recipient-errors",
    ),
    "to": (
        "The to array is required for all personalization objects, and must have at least one "
        "email object with a valid email address.",
        "message.personalizations.to",
    ),
    "address": ("Does not contain a valid address.", "message.personalizations.{key}"),
    "name": ("The name must be a string without ';' and ','.", "message.personalizations.{key}"),
    "duplicate": (
        "Each email address in the personalization block should be unique between to, cc, and "
        "bcc. We found the first duplicate instance of [{address}] in the {where} field.",
        "message.recipient-errors",
    ),
    "from": (
        "The from object must be provided for every email send. It is an object that requires the "
        "email parameter, but may also contain a name parameter.  e.g. "
        '{{"email" : "example@example.com"}}  or {{"email" : "example@example.com", "name" : '
        '"Example Recipient"}}.',
        "message.from",
    ),
    "from address": ("The from email does not contain a valid address.", "message.from"),
    "reply_to": ("The reply_to email does not contain a valid address.", "message.reply_to"),
    "reply_to_list": ("reply_to is mutually exclusive with reply_to_list.", "message.reply_to"),
    "template_id": (
        "The template_id must be a valid GUID, you provided '{given}'.",
        "message.template_id",
    ),
    "template data": (
        "The dynamic_template_data can only be used with a dynamic template.",
        "message.personalizations.dynamic_template_data",
    ),
    "batch_id": ("The batch_id is not valid.", "message.batch_id"),
    "categories": ("You may not have more than 10 categories per request.", "message.categories"),
    "same category": ("Categories must be unique.", "message.categories"),
    "category": (
        "Each category must be a string of at most 255 characters.",
        "message.categories",
    ),
    "subject": (
        "The subject is required. You can get around this requirement if you use a template with "
        "a subject defined or if every personalization has a subject defined.",
        "message.subject",
    ),
    "empty subject": (
        "The subject must be at least one character in length.",
        "message.personalizations.subject",
    ),
    "content": (
        "Unless a valid template_id is provided, the content parameter is required. There must be "
        "at least one defined content block. We typically suggest both text/plain and text/html "
        "blocks are included, but only one block is required.",
        "message.content",
    ),
    "content type": ("The content type must be a valid MIME type.", "message.content.type"),
    "content order": (
        "If present, text/plain and text/html may only be provided in this order: text/plain must "
        "be first, then text/html, then any other content.",
        "message.content.type",
    ),
    "content value": (
        "The content value must be a string at least one character in length.",
        "message.content.value",
    ),
    "substitution": (
        "Each substitution must be a string.",
        "message.personalizations.substitutions",
    ),
    "too many tags": (
        "You may not have more than 100 substitutions per personalization block.",
        "message.personalizations.substitutions",
    ),
    "substitutions": (
        "Substitutions are limited to 10000 bytes per personalization block.",
        "message.personalizations.substitutions",
    ),
    "custom arg": ("Each custom arg must be a string.", "message.custom_args"),
    "custom_args": ("The custom_args may not exceed 10000 bytes.", "message.custom_args"),
    "reserved header": ("The header {name} is reserved and cannot be set.", "message.headers"),
    "header": ("Each header must be a string.", "message.headers"),
    "header encoding": (
        "Headers must be encoded: {name} contains non-ASCII characters.",
        "message.headers",
    ),
    "send_at": (
        "Scheduling delivery more than 72 hours in advance is forbidden.",
        "message.send_at",
    ),
}

Error = dict[str, str | None]


def error(word: str, field: str | None, **values: Any) -> Error:
    """One error as SendGrid writes it."""
    message, anchor = _WORDS[word]
    return {
        "message": message.format(**values),
        "field": field,
        "help": _HELP + anchor.format(**values) if anchor else None,
    }
