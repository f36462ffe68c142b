"""The one composition root: settings in, a ready application out.

Names are loaded when asked for: a command that needs no application does not wait for one.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from campaigns.bootstrap.app import POST_SHARD, App, connect
    from campaigns.bootstrap.workers import Workers

__all__ = ["POST_SHARD", "App", "Workers", "connect"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(name)
    module = "workers" if name == "Workers" else "app"
    return getattr(import_module(f"campaigns.bootstrap.{module}"), name)
