"""What the recipient sees."""

from __future__ import annotations

from urllib.parse import urlencode

import orjson

from campaigns.sandbox.rendering import mail as seen_mail
from campaigns.sandbox.rendering import post, text
from campaigns.sandbox.twilio_content import Content
from tests.sandbox_clients import mail


def test_each_recipient_sees_their_own_values_in_subject_and_both_parts() -> None:
    document = mail("ana@example.com", "tom@example.com")
    seen = [seen_mail(document, part) for part in (0, 1)]
    assert [s.subject for s in seen] == ["Hello ana", "Hello tom"]
    assert [s.text for s in seen] == ["Dear ana", "Dear tom"]
    assert [s.html for s in seen] == ["<p>Dear <b>ana</b></p>", "<p>Dear <b>tom</b></p>"]


def test_a_value_that_holds_a_later_tag_is_replaced_again() -> None:
    document = mail("ana@example.com", subject="-a-")
    document["personalizations"][0]["substitutions"] = {"-a-": "-b-", "-b-": "caught"}
    assert seen_mail(document, 0).subject == "caught"


def test_a_personalizations_own_subject_sender_and_headers_win() -> None:
    document = mail("ana@example.com", headers={"X-A": "1", "X-B": "1"})
    document["personalizations"][0] |= {
        "subject": "Mine",
        "from": {"email": "me@news.example.com"},
        "headers": {"X-B": "2"},
    }
    seen = seen_mail(document, 0)
    assert (seen.subject, seen.sender) == ("Mine", "me@news.example.com")
    assert dict(seen.headers) == {"X-A": "1", "X-B": "2"}


def test_a_template_is_shown_filled_with_its_buttons() -> None:
    kind = {"body": "Hi {{1}}, {{ 2 }}!", "actions": [{"type": "URL", "title": "Shop"}]}
    content = Content(
        "HX1", 0, {"variables": {"2": "sample"}, "types": {"twilio/call-to-action": kind}}
    )
    form = {"To": "whatsapp:+34600000001", "From": "whatsapp:+447700900001", "ContentSid": "HX1"}
    body = urlencode({**form, "ContentVariables": '{"1": "Ana"}'}).encode()
    seen = text(body, {"HX1": content}.get)
    assert (seen.text, seen.buttons, seen.sender) == ("Hi Ana, sample!", ("Shop",), "+447700900001")


def test_a_text_is_shown_as_it_was_written() -> None:
    body = urlencode(
        {"To": "+34600000001", "From": "Shop", "Body": "Sí, 20% & més\n+1 😀"}
    ).encode()
    assert text(body, {}.get).text == "Sí, 20% & més\n+1 😀"


def test_a_post_is_its_text() -> None:
    assert post(orjson.dumps({"text": "Hola"}), "demo_shop").text == "Hola"
