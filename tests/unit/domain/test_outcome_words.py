"""What became of a message, as people read it."""

from __future__ import annotations

import pytest

from campaigns.domain.outcome_words import all_in_words, in_words


@pytest.mark.parametrize(
    ("stored", "words"),
    [
        ("twilio:21610: the customer opted out", "the customer opted out (Twilio 21610)"),
        ("twilio:interrupted: no complete answer in time", "no complete answer in time (Twilio)"),
        ("twilio:503: Twilio answered 503", "Twilio answered 503"),
        ("sendgrid:400: SendGrid: bad name", "SendGrid: bad name (SendGrid 400)"),
        ("smtp:550: the mail server said 550 no", "the mail server said 550 no"),
        ("smtp:address: this is no e-mail address", "this is no e-mail address (mail server)"),
        ("x:429: the provider asks to slow down", "the provider asks to slow down (X 429)"),
        ("x:connect: cannot reach api.x.example", "cannot reach api.x.example (X)"),
        ("slot:points: points is no number", "points is no number"),
        ("late: the worker was stopped too long", "the worker was stopped too long"),
        ("merged: the customer has it", "merged: the customer has it"),
        ("opted out: by link", "opted out: by link"),
        ("twilio:21211", "twilio:21211"),
    ],
)
def test_an_outcome_is_told_by_its_reason_not_by_its_code(stored: str, words: str) -> None:
    assert in_words(stored) == words


def test_outcomes_of_the_same_words_are_counted_together() -> None:
    stored = {"slot:a: too long": 2, "pace: waited": 1, "slot:b: too long": 3}
    assert all_in_words(stored) == {"too long": 5, "waited": 1}
