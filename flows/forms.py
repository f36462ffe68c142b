"""Prefect's forms, made for people: what `campaigns deploy` does to a flow's parameter schema.

Prefect shows an optional field as a switch between types ("int | None") and calls each field by
its name in code. Both are changed where the form lives, in the deployment's schema; the flow itself
takes what it always took, and checks it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field
from pydantic.fields import FieldInfo

from campaigns.bootstrap.offering import Offered

Schema = Mapping[str, Any]
_LABEL = "label"


def labelled(label: str, **more: Any) -> Any:
    """A parameter that the form calls so. `more`: a pydantic Field's, and `choices`."""
    choices = more.pop("choices", ())
    extra: dict[str, Any] = {_LABEL: label} | ({"enum": list(choices)} if choices else {})
    field: FieldInfo = Field(json_schema_extra=extra, **more)
    return field


def friendly(schema: Schema, *, campaign: Offered | None = None) -> dict[str, Any]:
    """The schema as the form should show it; with `campaign` there is no other to choose, and its
    own channels and languages alone."""
    fields = {name: _field(field) for name, field in schema.get("properties", {}).items()}
    if campaign is not None:
        fields["campaign"]["enum"] = [campaign.name]
        fields["channels"]["items"]["enum"] = [str(channel) for channel in campaign.channels]
        fields["locales"]["items"]["enum"] = list(campaign.locales)
    return {**schema, "properties": fields}


def _field(field: Schema) -> dict[str, Any]:
    plain = {k: v for k, v in field.items() if k != _LABEL}
    kinds = [kind for kind in plain.get("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) == 1:  # empty is what leaving it out means
        plain |= kinds[0]
        del plain["anyOf"]
        if plain.get("default", 0) is None:
            del plain["default"]
    words = " ".join(str(plain.get("description", "")).split())
    if words:
        plain["description"] = words[0].upper() + words[1:]
    return plain | {"title": field.get(_LABEL, plain.get("title", ""))}
