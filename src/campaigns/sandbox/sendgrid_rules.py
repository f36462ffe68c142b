"""SendGrid's rules of mail/send.

Limits: https://www.twilio.com/docs/sendgrid/api-reference/mail-send/limitations.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import orjson

from campaigns.sandbox.sendgrid_words import Error, error

MAX_BYTES = 30 * 1024 * 1024
_MAX_RECIPIENTS = 1000
_MAX_SUBSTITUTIONS = 10_000
_MAX_TAGS = 100
_MAX_ARGS = 10_000
_MAX_AHEAD = 72 * 3600

_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@"
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)
_RESERVED = frozenset(
    [
        *("x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "to", "from"),
        *("content-transfer-encoding", "subject", "reply-to", "cc", "bcc"),
    ]
)
_FIELDS: dict[str, type] = {
    **dict.fromkeys(("from", "reply_to", "headers", "custom_args", "asm"), dict),
    **dict.fromkeys(("mail_settings", "tracking_settings"), dict),
    **dict.fromkeys(("personalizations", "reply_to_list", "content", "attachments"), list),
    **dict.fromkeys(("subject", "template_id", "batch_id", "ip_pool_name"), str),
    "categories": list,
    "send_at": int,
}
_PERSONAL_FIELDS: dict[str, type] = {
    **dict.fromkeys(("to", "cc", "bcc"), list),
    **dict.fromkeys(("from", "headers", "substitutions", "custom_args"), dict),
    "dynamic_template_data": dict,
    "subject": str,
    "send_at": int,
}
_JSON_NAMES: dict[type, str] = {
    dict: "object",
    list: "array",
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    type(None): "null",
}


def check(mail: Any, *, now: float) -> list[Error]:
    """All that SendGrid would refuse in this mail; empty when it would accept it."""
    found: list[Error] = []
    _check_fields(mail, _FIELDS, "", found)
    if found:
        return found
    _check_head(mail, found, now)
    _check_content(mail.get("content") or [], found)
    personalizations = mail.get("personalizations") or []
    if not personalizations:
        found.append(error("personalizations", "personalizations"))
    elif len(personalizations) > _MAX_RECIPIENTS:
        count = len(personalizations)
        found.append(error("too many personalizations", "personalizations", count=count))
    else:
        _check_personalizations(mail, personalizations, found, now)
    return found


def is_verified(mail: dict[str, Any], verified: Iterable[str]) -> bool:
    """Whether each `from` of a checked mail is one of these addresses or domains."""
    allowed = {v.lower() for v in verified}
    senders = [mail["from"], *(p["from"] for p in mail["personalizations"] if "from" in p)]
    addresses = [str(s["email"]).lower() for s in senders]
    return all(a in allowed or a.rpartition("@")[2] in allowed for a in addresses)


def is_address(value: Any) -> bool:
    """Whether SendGrid takes this as an e-mail address."""
    return isinstance(value, str) and _ADDRESS.fullmatch(value) is not None


def _check_fields(given: Any, fields: dict[str, type], prefix: str, found: list[Error]) -> None:
    if not isinstance(given, dict):
        _wrong_type(given, dict, prefix.rstrip("."), found)
        return
    for name, value in given.items():
        wanted = fields.get(name)
        if wanted is None:
            found.append(error("property", prefix + name, name=name))
        elif type(value) is not wanted:
            _wrong_type(value, wanted, prefix + name, found)


def _wrong_type(value: Any, wanted: type, field: str, found: list[Error]) -> None:
    anchor = re.sub(r"\.\d+", "", field)
    names = {"expected": _JSON_NAMES[wanted], "given": _JSON_NAMES[type(value)]}
    found.append(error("type", field, anchor=anchor, **names))


def _check_head(mail: dict[str, Any], found: list[Error], now: float) -> None:
    if not mail.get("from"):
        found.append(error("from", "from.email"))
    elif not is_address(mail["from"].get("email")):
        found.append(error("from address", "from.email"))
    if "reply_to" in mail and not is_address(mail["reply_to"].get("email")):
        found.append(error("reply_to", "reply_to.email"))
    if "reply_to" in mail and "reply_to_list" in mail:
        found.append(error("reply_to_list", "reply_to"))
    if "template_id" in mail:
        found.append(error("template_id", "template_id", given=mail["template_id"]))
    if "batch_id" in mail:
        found.append(error("batch_id", "batch_id"))
    _check_categories(mail.get("categories", []), found)
    _check_headers(mail.get("headers", {}), "headers", found)
    _check_args(mail.get("custom_args", {}), "custom_args", found)
    _check_send_at(mail.get("send_at"), "send_at", found, now)


def _check_categories(categories: list[Any], found: list[Error]) -> None:
    if len(categories) > 10:
        found.append(error("categories", "categories"))
    if len(set(map(str, categories))) < len(categories):
        found.append(error("same category", "categories"))
    for i, category in enumerate(categories):
        if not isinstance(category, str) or len(category) > 255:
            found.append(error("category", f"categories.{i}"))


def _check_content(content: list[Any], found: list[Error]) -> None:
    if not content:
        found.append(error("content", "content"))
    rank = 0
    for i, block in enumerate(content):
        kind = block.get("type") if isinstance(block, dict) else None
        if not isinstance(kind, str) or "/" not in kind:
            found.append(error("content type", f"content.{i}.type"))
            continue
        kind = kind.partition(";")[0].strip().lower()
        this = {"text/plain": 1, "text/html": 2}.get(kind, 3)
        if this < rank:
            found.append(error("content order", "content"))
        rank = this
        if not isinstance(block.get("value"), str) or not block["value"]:
            found.append(error("content value", f"content.{i}.value"))


def _check_personalizations(
    mail: dict[str, Any], personalizations: list[Any], found: list[Error], now: float
) -> None:
    recipients = 0
    subjects = True
    for i, p in enumerate(personalizations):
        known = len(found)
        _check_fields(p, _PERSONAL_FIELDS, f"personalizations.{i}.", found)
        if len(found) == known:
            recipients += _check_personalization(p, f"personalizations.{i}.", found, now)
            subjects = subjects and "subject" in p
    if recipients > _MAX_RECIPIENTS:
        found.append(error("too many recipients", "personalizations"))
    if not mail.get("subject") and not subjects:
        found.append(error("subject", "subject"))


def _check_personalization(p: dict[str, Any], where: str, found: list[Error], now: float) -> int:
    """Check one personalization; returns how many recipients it has."""
    count = _check_everyone(p, where, found)
    if "subject" in p and not p["subject"]:
        found.append(error("empty subject", where + "subject"))
    if "from" in p and not is_address(p["from"].get("email")):
        found.append(error("from address", where + "from.email"))
    if "dynamic_template_data" in p:
        found.append(error("template data", where + "dynamic_template_data"))
    if "substitutions" in p:
        _check_substitutions(p["substitutions"], where + "substitutions", found)
    if "custom_args" in p:
        _check_args(p["custom_args"], where + "custom_args", found)
    if "headers" in p:
        _check_headers(p["headers"], where + "headers", found)
    if "send_at" in p:
        _check_send_at(p["send_at"], where + "send_at", found, now)
    return count


def _check_everyone(p: dict[str, Any], where: str, found: list[Error]) -> int:
    if not p.get("to"):
        found.append(error("to", where + "to"))
        return 0
    people = [(k, j, who) for k in ("to", "cc", "bcc") if k in p for j, who in enumerate(p[k])]
    seen = set()
    for key, j, person in people:
        if not isinstance(person, dict) or not is_address(person.get("email")):
            found.append(error("address", f"{where}{key}.{j}.email", key=key))
            continue
        name = person.get("name", "")
        if not isinstance(name, str) or ";" in name or "," in name:
            found.append(error("name", f"{where}{key}.{j}.name", key=key))
        address = person["email"].lower()
        if address in seen:
            place = {"address": address, "where": where + key}
            found.append(error("duplicate", "personalizations", **place))
        seen.add(address)
    return len(people)


def _check_substitutions(tags: dict[str, Any], where: str, found: list[Error]) -> None:
    for value in tags.values():
        if type(value) is not str:
            found.append(error("substitution", where))
            return
    if len(tags) > _MAX_TAGS:
        found.append(error("too many tags", where))
    # Which bytes count is not documented; the object as JSON is the strictest reading.
    elif len(orjson.dumps(tags)) > _MAX_SUBSTITUTIONS:
        found.append(error("substitutions", where))


def _check_args(args: dict[str, Any], where: str, found: list[Error]) -> None:
    for value in args.values():
        if type(value) is not str:
            found.append(error("custom arg", where))
            return
    if args and len(orjson.dumps(args)) > _MAX_ARGS:
        found.append(error("custom_args", where))


def _check_headers(headers: dict[str, Any], where: str, found: list[Error]) -> None:
    for name, value in headers.items():
        if name.lower() in _RESERVED:
            found.append(error("reserved header", f"{where}.{name}", name=name))
        elif type(value) is not str:
            found.append(error("header", f"{where}.{name}"))
        elif not (name.isascii() and value.isascii()):
            found.append(error("header encoding", f"{where}.{name}", name=name))


def _check_send_at(moment: int | None, where: str, found: list[Error], now: float) -> None:
    if moment is not None and moment > now + _MAX_AHEAD:
        found.append(error("send_at", where))
