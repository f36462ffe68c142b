"""X's own rules for texts (twitter-text), as a package applies them.

The package reads one file of its own by `pkg_resources`. That looks at every package that is
installed, which is half the time its import takes (90 of 180 ms, November 2026), and from Python
3.12 on a new environment has none. So it gets the one function that it asks for.
"""

from __future__ import annotations

import pkgutil
import sys
import threading
from functools import cache
from types import ModuleType
from typing import Any, Final

_ASKED: Final = "pkg_resources"
_importing: Final = threading.Lock()


@cache
def x_rules() -> Any:
    """The module `twitter_text`: `parse_tweet`, `extract_urls`. Slow to import, so when asked."""
    with _importing:
        stand_in = ModuleType(_ASKED)
        stand_in.__dict__["resource_string"] = pkgutil.get_data
        ours = sys.modules.setdefault(_ASKED, stand_in) is stand_in
        try:
            import twitter_text
        finally:
            if ours:
                del sys.modules[_ASKED]  # whoever else asks gets the real one
    return twitter_text
