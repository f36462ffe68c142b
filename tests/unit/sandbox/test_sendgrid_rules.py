"""SendGrid's limits, each at its edge."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.sandbox.sendgrid_rules import check, is_address, is_verified
from tests.sandbox_clients import mail

_NOW = 1_800_000_000.0


def _fields(document: Any) -> list[tuple[str | None, str]]:
    return [(e["field"], str(e["message"])) for e in check(document, now=_NOW)]


def _personal(**more: Any) -> dict[str, Any]:
    document = mail("ana@example.com")
    document["personalizations"][0] |= more
    return document


def test_a_sound_mail_is_taken() -> None:
    assert check(mail("ana@example.com", "tom@example.com"), now=_NOW) == []


@pytest.mark.parametrize("missing", ["from", "subject", "content", "personalizations"])
def test_a_mail_without_an_essential_is_refused_at_its_field(missing: str) -> None:
    document = mail("ana@example.com")
    del document[missing]
    assert [f.split(".")[0] for f, _ in _fields(document) if f] == [missing]


def test_a_subject_in_every_personalization_stands_in_for_the_common_one() -> None:
    document = _personal(subject="Mine")
    del document["subject"]
    assert check(document, now=_NOW) == []


def test_all_that_is_wrong_is_told_at_once() -> None:
    fields = [f for f, _ in _fields({"from": {"email": "no"}, "content": []})]
    assert fields == ["from.email", "content", "personalizations"]


def test_a_thousand_personalizations_pass_and_one_more_does_not() -> None:
    people = [f"p{i}@example.com" for i in range(1001)]
    assert check(mail(*people[:1000]), now=_NOW) == []
    ((field, message),) = _fields(mail(*people))
    assert field == "personalizations"
    assert "You have provided 1001 personalizations" in message


def test_a_thousand_recipients_count_copies_too() -> None:
    to = [{"email": f"p{i}@example.com"} for i in range(999)]
    assert check(_personal(to=to, cc=[{"email": "cc@example.com"}]), now=_NOW) == []
    more = _personal(to=to, cc=[{"email": "cc@example.com"}], bcc=[{"email": "bcc@example.com"}])
    ((_, message),) = _fields(more)
    assert message == "There is a limit of 1000 total recipients (to + cc + bcc) per request."


def test_an_address_twice_in_one_personalization_is_refused_whatever_its_case() -> None:
    twice = _personal(to=[{"email": "ana@example.com"}], cc=[{"email": "ANA@example.com"}])
    ((_, message),) = _fields(twice)
    assert "first duplicate instance of [ana@example.com] in the personalizations.0.cc" in message


def test_an_address_twice_in_two_personalizations_is_two_mails() -> None:
    assert check(mail("ana@example.com", "ana@example.com"), now=_NOW) == []


@pytest.mark.parametrize(
    "address", ["ana", "ana@", "@example.com", "a b@example.com", "ana@exämple.com", ""]
)
def test_what_is_no_address_is_refused_where_it_stands(address: str) -> None:
    assert not is_address(address)
    assert _fields(_personal(to=[{"email": address}])) == [
        ("personalizations.0.to.0.email", "Does not contain a valid address.")
    ]


def test_names_with_commas_or_semicolons_are_refused() -> None:
    to = [{"email": "ana@example.com", "name": "Puig, Ana"}]
    assert [f for f, _ in _fields(_personal(to=to))] == ["personalizations.0.to.0.name"]


def test_substitutions_may_take_ten_thousand_bytes_together() -> None:
    frame = len('{"-a-":""}')
    assert check(_personal(substitutions={"-a-": "x" * (10_000 - frame)}), now=_NOW) == []
    too_long = _personal(substitutions={"-a-": "x" * (10_001 - frame)})
    assert _fields(too_long) == [
        (
            "personalizations.0.substitutions",
            "Substitutions are limited to 10000 bytes per personalization block.",
        )
    ]


def test_bytes_count_not_letters() -> None:
    assert check(_personal(substitutions={"-a-": "é" * 4990}), now=_NOW) == []
    assert check(_personal(substitutions={"-a-": "é" * 5000}), now=_NOW) != []


def test_a_hundred_tags_pass_and_one_more_does_not() -> None:
    tags = {f"-{i}-": "x" for i in range(101)}
    assert [f for f, _ in _fields(_personal(substitutions=tags))] == [
        "personalizations.0.substitutions"
    ]
    tags.popitem()
    assert check(_personal(substitutions=tags), now=_NOW) == []


def test_substitutions_and_custom_args_are_strings() -> None:
    wrong = _personal(substitutions={"-a-": 1}, custom_args={"delivery_id": 1})
    assert [f for f, _ in _fields(wrong)] == [
        "personalizations.0.substitutions",
        "personalizations.0.custom_args",
    ]


def test_custom_args_may_take_ten_thousand_bytes() -> None:
    assert check(mail("ana@example.com", custom_args={"a": "x" * 9_990}), now=_NOW) == []
    assert [f for f, _ in _fields(mail("ana@example.com", custom_args={"a": "x" * 10_000}))] == [
        "custom_args"
    ]


def test_ten_categories_of_255_characters_pass() -> None:
    ten = [f"{i}" * 255 for i in range(10)]
    assert check(mail("ana@example.com", categories=ten), now=_NOW) == []
    assert check(mail("ana@example.com", categories=[*ten, "more"]), now=_NOW) != []
    assert check(mail("ana@example.com", categories=["x" * 256]), now=_NOW) != []
    assert check(mail("ana@example.com", categories=["x", "x"]), now=_NOW) != []


def test_delivery_may_be_scheduled_72_hours_ahead() -> None:
    edge = int(_NOW) + 72 * 3600
    assert check(mail("ana@example.com", send_at=edge), now=_NOW) == []
    assert [f for f, _ in _fields(mail("ana@example.com", send_at=edge + 1))] == ["send_at"]
    assert [f for f, _ in _fields(_personal(send_at=edge + 1))] == ["personalizations.0.send_at"]


@pytest.mark.parametrize("name", ["To", "subject", "Reply-To", "DKIM-Signature", "x-sg-id"])
def test_reserved_headers_cannot_be_set(name: str) -> None:
    assert [f for f, _ in _fields(_personal(headers={name: "x"}))] == [
        f"personalizations.0.headers.{name}"
    ]


def test_the_headers_of_one_click_unsubscribing_pass() -> None:
    headers = {
        "List-Unsubscribe": "<https://news.example.com/u/1>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    assert check(_personal(headers=headers), now=_NOW) == []


def test_a_header_outside_ascii_must_be_encoded_by_the_sender() -> None:
    assert check(_personal(headers={"X-Name": "Mercè"}), now=_NOW) != []


def test_plain_text_comes_before_html() -> None:
    blocks = mail("ana@example.com")["content"]
    assert [m for _, m in _fields(mail("ana@example.com", content=blocks[::-1]))] == [
        "If present, text/plain and text/html may only be provided in this order: text/plain must "
        "be first, then text/html, then any other content."
    ]


def test_empty_content_is_refused() -> None:
    empty = mail("ana@example.com", content=[{"type": "text/plain", "value": ""}])
    assert [f for f, _ in _fields(empty)] == ["content.0.value"]


def test_unknown_and_wrongly_typed_fields_are_refused_in_json_schemas_words() -> None:
    wrong = mail("ana@example.com", custom_args="text", colour="red")
    assert _fields(wrong) == [
        ("custom_args", "Invalid type. Expected: object, given: string."),
        ("colour", "Additional property colour is not allowed"),
    ]
    assert _fields([]) == [("", "Invalid type. Expected: object, given: array.")]


def test_templates_and_batches_that_do_not_exist_are_refused() -> None:
    wrong = mail("ana@example.com", template_id="d-1", batch_id="b")
    assert [f for f, _ in _fields(wrong)] == ["template_id", "batch_id"]


def test_a_sender_is_verified_by_address_or_by_domain() -> None:
    document = mail("ana@example.com")
    assert is_verified(document, ["HELLO@news.example.com"])
    assert is_verified(document, ["news.example.com"])
    assert not is_verified(document, ["example.com"])
    document["personalizations"][0]["from"] = {"email": "other@shop.example.com"}
    assert not is_verified(document, ["news.example.com"])
