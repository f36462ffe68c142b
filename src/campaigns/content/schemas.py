"""JSON Schemas of a marketer's files, made from the models that read them."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel

from campaigns.content.reading import Attributes
from campaigns.domain.brand import Brand
from campaigns.domain.campaign import Campaign, Copy
from campaigns.domain.identity import IdentityRules

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_MODELS: Final[dict[str, type[BaseModel]]] = {
    "brand": Brand,
    "campaign": Campaign,
    "copy": Copy,
    "attributes": Attributes,
    "identities": IdentityRules,
}


def schemas() -> dict[str, dict[str, Any]]:
    """Draft 2020-12, by file kind."""
    return {name: _schema(name, model) for name, model in _MODELS.items()}


def _schema(name: str, model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema(by_alias=True, mode="validation")
    return {"$schema": _DIALECT, **schema, "title": f"campaigns: {name}"}
