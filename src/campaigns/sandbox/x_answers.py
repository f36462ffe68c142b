"""Errors as X writes them."""

from __future__ import annotations

from campaigns.sandbox.call import Answer, json_answer

PROBLEMS = "https://api.twitter.com/2/problems/"


def problem(status: int, title: str, detail: str, kind: str = "about:blank") -> Answer:
    """An error as X writes it."""
    return json_answer(status, {"title": title, "type": kind, "status": status, "detail": detail})


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
