"""Telling a running sandbox how to misbehave (docs/sandbox.md)."""

from __future__ import annotations

import json
from urllib.request import Request, urlopen


def misbehave(sandbox_url: str, **rule: object) -> None:
    """One more rule, from now on."""
    request = Request(
        f"{sandbox_url}/sandbox/faults",
        data=json.dumps([rule]).encode(),
        headers={"Content-Type": "application/json"},
    )
    urlopen(request, timeout=60).close()


def behave(sandbox_url: str) -> None:
    """No more rules."""
    urlopen(Request(f"{sandbox_url}/sandbox/faults", method="DELETE"), timeout=60).close()
