"""Verbs for those who write campaigns: begin one, and give their editor the schemas."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from campaigns.bootstrap.app import App

if TYPE_CHECKING:
    from campaigns.content.starter import Begun


def new_campaign(app: App, name: str) -> Begun:
    """Begin a campaign from the example. Raises UserError."""
    from campaigns.content.starter import begin

    return begin(app.catalog, name, today=app.clock.now().date())


def write_schemas(app: App) -> list[Path]:
    """Write every schema into templates/schemas; their paths."""
    schemas = _schemas(app)
    for path, document in schemas.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(document)
    return list(schemas)


def stale_schemas(app: App) -> list[Path]:
    """Schemas that are missing in templates/schemas or not what they would be now."""
    return [
        path
        for path, document in _schemas(app).items()
        if not path.exists() or path.read_bytes() != document
    ]


def _schemas(app: App) -> dict[Path, bytes]:
    folder = app.settings.templates / "schemas"
    return {
        folder / f"{name}.schema.json": orjson.dumps(
            schema, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
        )
        for name, schema in app.schemas().items()
    }
