"""Errors as X writes them."""

from __future__ import annotations

from campaigns.sandbox.call import Answer, json_answer

PROBLEMS = "https://api.twitter.com/2/problems/"


def problem(status: int, title: str, detail: str) -> Answer:
    """An error as X writes it."""
    told = {"title": title, "type": "about:blank", "status": status, "detail": detail}
    return json_answer(status, told)


def invalid(message: str, parameter: str) -> Answer:
    """400 for one parameter."""
    return json_answer(
        400,
        {
            "errors": [{"parameters": {parameter: []}, "message": message}],
            "title": "Invalid Request",
            "detail": "One or more parameters to your request was invalid.",
            "type": PROBLEMS + "invalid-request",
        },
    )
