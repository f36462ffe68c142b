"""Requests and answers held against the vendors' own OpenAPI files.

They check shape only: state, limits and error codes are beyond them. Oddities are mended here:
`nullable` becomes a type, and every property of a form must be one that the file knows.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qsl

import orjson
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from tests.shared import shared

SENDGRID = "specs/sendgrid/mail_v3_openapi.json"
TWILIO = ("specs/twilio/twilio_api_v2010.json", "specs/twilio/twilio_content_v1.json")
_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"


class Request(Protocol):
    """What is needed of a recorded request."""

    @property
    def method(self) -> str:
        """GET, POST …"""

    @property
    def path(self) -> str:
        """Without the query."""

    @property
    def body(self) -> bytes:
        """As sent."""


def assert_matches_sendgrid(request: Request) -> None:
    """The request's body is one that SendGrid's file allows."""
    file, operation = _operation([SENDGRID], request.method, request.path)
    _validate(
        orjson.loads(request.body),
        file,
        f"{operation}/requestBody/content/application~1json/schema",
    )


def assert_matches_twilio(request: Request) -> None:
    """The request's body is one that Twilio's files allow, form or JSON."""
    file, operation = _operation(TWILIO, request.method, request.path)
    kinds = _at(_contents(file), operation).get("requestBody", {}).get("content", {})
    if _JSON in kinds:
        _validate(
            orjson.loads(request.body),
            file,
            f"{operation}/requestBody/content/application~1json/schema",
        )
    elif _FORM in kinds:
        properties = kinds[_FORM]["schema"]["properties"]
        pairs = parse_qsl(request.body.decode(), keep_blank_values=True, strict_parsing=True)
        form = {name: _typed(value, properties.get(name, {})) for name, value in pairs}
        assert not form.keys() - properties.keys(), f"unknown fields {form.keys() - properties}"
        pointer = f"{operation}/requestBody/content/application~1x-www-form-urlencoded/schema"
        _validate(form, file, pointer)


def assert_answer_of_twilio(method: str, path: str, status: int, body: bytes) -> None:
    """The answer is one that Twilio's files promise."""
    file, operation = _operation(TWILIO, method, path)
    pointer = f"{operation}/responses/{status}/content/application~1json/schema"
    _validate(orjson.loads(body), file, pointer)


def assert_answer_of_sendgrid(method: str, path: str, status: int, body: bytes) -> None:
    """The answer is one that SendGrid's file promises."""
    file, operation = _operation([SENDGRID], method, path)
    pointer = f"{operation}/responses/{status}/content/application~1json/schema"
    _validate(orjson.loads(body), file, pointer)


def assert_error_of_sendgrid(status: int, body: bytes) -> None:
    """The answer is a refusal as SendGrid's file promises for mail/send."""
    file, operation = _operation([SENDGRID], "POST", "/v3/mail/send")
    response = _at(_contents(file), f"{operation}/responses/{status}")
    target = file
    if "$ref" in response:
        relative, _, pointer = response["$ref"].partition("#")
        target = (file.parent / relative).resolve()
        response = _at(_contents(target), pointer)
    document = orjson.loads(body)
    for error in document["errors"]:
        # The file says object; the API answers a string or null.
        assert error.pop("help", None) is None or isinstance(error, dict)
    _validate(document, target, f"{pointer}/content/application~1json/schema")


def _operation(files: Any, method: str, path: str) -> tuple[Path, str]:
    """The file of an operation and its place there, references followed."""
    for name in files:
        file = shared(name)
        for template, item in _contents(file)["paths"].items():
            if not re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
                continue
            if "$ref" in item:
                relative, _, pointer = item["$ref"].partition("#")
                return (file.parent / relative).resolve(), f"{pointer}/{method.lower()}"
            if method.lower() in item:
                escaped = template.replace("~", "~0").replace("/", "~1")
                return file, f"/paths/{escaped}/{method.lower()}"
    raise AssertionError(f"the vendor knows no {method} {path}")


def _validate(document: Any, file: Path, pointer: str) -> None:
    schema = {"$ref": f"{file.as_uri()}#{_quoted(pointer)}"}
    validator = Draft202012Validator(schema, registry=_registry(), format_checker=FormatChecker(()))
    found = sorted(validator.iter_errors(document), key=lambda e: list(map(str, e.path)))
    assert not found, "\n".join(f"{'.'.join(map(str, e.path))}: {e.message}" for e in found)


def _quoted(pointer: str) -> str:
    return pointer.replace("{", "%7B").replace("}", "%7D")


@cache
def _registry() -> Registry[Any]:
    return Registry(retrieve=_resource)  # type: ignore[call-arg]


@cache
def _resource(uri: str) -> Resource[Any]:
    return Resource.from_contents(_contents(Path(uri.removeprefix("file://"))), DRAFT202012)


@cache
def _contents(file: Path) -> Any:
    return _mended(orjson.loads(file.read_bytes()))


def _mended(node: Any) -> Any:
    """OpenAPI 3.0's `nullable` as JSON Schema says it."""
    if isinstance(node, list):
        return [_mended(item) for item in node]
    if not isinstance(node, dict):
        return node
    mended = {key: _mended(value) for key, value in node.items() if key != "examples"}
    if node.get("nullable") is True and isinstance(node.get("type"), str):
        mended["type"] = [node["type"], "null"]
    return mended


def _at(document: Any, pointer: str) -> Any:
    for part in pointer.strip("/").split("/"):
        document = document[part.replace("~1", "/").replace("~0", "~")]
    return document


def _typed(value: str, schema: dict[str, Any]) -> Any:
    """A form's text as the type the schema names."""
    match schema.get("type"):
        case "integer":
            return int(value) if re.fullmatch(r"-?\d+", value) else value
        case "number":
            return float(value) if re.fullmatch(r"-?\d+(\.\d+)?", value) else value
        case "boolean":
            return {"true": True, "false": False}.get(value, value)
        case "array":
            return [value]
    return value
