"""No request makes the public app fail: schemathesis makes them, for every address there is.

Webhooks, pages and click links stand in no public document, so one is made of their routes here.
Half of the requests carry links, keys and refs that are real ones: else nothing would lie behind
a 403 or 404. What is signed, and customers' forms: test_web_signed_requests.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, seed, settings
from sqlalchemy import update

from campaigns.bootstrap.app import App
from campaigns.bootstrap.business import create_key
from campaigns.domain.api_key import Scope
from campaigns.domain.message import message_hash
from campaigns.settings import Settings
from campaigns.store import schema
from campaigns.web import api as apis
from campaigns.web.app import PARTS
from tests.pages_world import ROOT, Shop
from tests.web_server import serving

schemathesis = pytest.importorskip(
    "schemathesis", reason="schemathesis is not installed: no requests to make"
)

#: One handler for GET and HEAD is what is meant; this document is for no program to be made of.
pytestmark = pytest.mark.filterwarnings("ignore:Duplicate Operation ID")

#: Requests per address and method: such as the document asks for, and others.
EXAMPLES = {"positive": 8, "negative": 25}
_APIS = "/v1/"


@dataclass
class Target:
    """The running app, the document of all its addresses, and what is real in it."""

    url: str
    schema: Any
    key: str
    known: dict[str, str]


@pytest.fixture
def target(database_url: str, tmp_path: Path) -> Iterator[Target]:
    settings = Settings(
        _env_file=None, home=tmp_path, database_url=database_url, templates=ROOT / "templates"
    )
    with App(settings) as app:
        shop = Shop(app, world=_world(app))
        customer = shop.customer(ref="c")
        delivery = shop.delivery(customer)
        _prove(shop, delivery)
        values = app.links.values(delivery)
        known = {
            "/u/": values["unsubscribe_url"].rpartition("/")[2],
            "/p/": values["preferences_url"].rpartition("/")[2],
            "/c/": app.links.clicks_url(delivery).rpartition("/")[2],
            "/webhooks/": app.links.inbound_url.rpartition("/")[2],
            "message": str(delivery),
        }
        _, key = create_key(app, "till", set(Scope), by="Ana")
        operations = schemathesis.openapi.from_dict(document(app))
        with serving(app) as url:
            yield Target(url, operations, key, known)


def _prove(shop: Shop, delivery: int) -> None:
    """Give the message the hash that proves its words; the world gives it any."""
    view = shop.app.profiles.delivery(delivery)
    assert view.values is not None
    proof = message_hash(view.skeleton_hash, view.values)
    shop.world.execute(update(schema.messages).values(hash=proof))


def _world(app: App) -> Any:
    from tests.contract.store_world import World

    return World(app.database)


def document(app: App) -> dict[str, Any]:
    """Every address of the public app, with a body for whatever takes one."""
    every = FastAPI(title="all", version="1")
    for part in (*PARTS, apis):
        every.include_router(part.router(app))
    made = every.openapi()
    texts = {"type": "object", "additionalProperties": {"type": "string"}}
    body = {
        "content": {
            "application/x-www-form-urlencoded": {"schema": texts},
            "application/json": {"schema": {}},
        }
    }
    for methods in made["paths"].values():
        if "post" in methods:
            methods["post"].setdefault("requestBody", body)
    return made


@pytest.mark.parametrize("mode", ["positive", "negative"])
def test_no_request_makes_the_public_app_fail(target: Target, mode: str) -> None:
    answers: Counter[tuple[str, int]] = Counter()
    operations = sorted(
        (found.ok() for found in target.schema.get_all_operations()),
        key=lambda operation: operation.path.endswith("/delete"),  # then nobody is left
    )
    if mode == "negative":  # elsewhere any text is a right one
        operations = [o for o in operations if o.path.startswith(_APIS)]
    for operation in operations:
        strategy = operation.as_strategy(schemathesis.GenerationMode(mode))
        _try(target, strategy, EXAMPLES[mode], answers)
    assert {f"{o.method.upper()} {o.path}" for o in operations} == {a for a, _ in answers}
    if mode == "positive":
        assert "POST /webhooks/twilio" in {a for a, _ in answers}  # not the APIs alone
        # Real links and keys: the requests came through to what lies behind.
        assert {200, 404} <= {status for _, status in answers}


def _try(target: Target, strategy: Any, examples: int, answers: Counter[tuple[str, int]]) -> None:
    turns = count()

    @seed(1)
    @settings(
        max_examples=examples,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def one(case: Any) -> None:
        if next(turns) % 2:
            _make_real(target, case)
        headers = {"Authorization": f"Bearer {target.key}"} if _APIS in case.path else None
        answer = case.call(base_url=target.url, headers=headers, allow_redirects=False)
        answers[f"{case.method} {case.operation.path}", answer.status_code] += 1
        assert answer.status_code < 500, case.as_curl_command()

    one()


def _make_real(target: Target, case: Any) -> None:
    for prefix, token in target.known.items():
        if "token" in case.path_parameters and case.operation.path.startswith(prefix):
            case.path_parameters["token"] = token
    if "message" in case.path_parameters:
        case.path_parameters["message"] = target.known["message"]
    if "ref" in case.path_parameters:
        case.path_parameters["ref"] = "c"
    if case.operation.path == "/v1/events" and isinstance(case.body, list):
        for event in case.body:
            if isinstance(event, dict):
                event |= {"customer": {"ref": "c"}, "at": "2027-02-28T18:30:00Z"}
