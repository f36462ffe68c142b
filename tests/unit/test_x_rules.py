"""X's rules load where Python comes without `pkg_resources`, and leave nothing in its place."""

from __future__ import annotations

import subprocess
import sys

LOADS = """
import sys, importlib.abc
class Without(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "pkg_resources":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Without())
from campaigns.x_rules import x_rules
told = x_rules().parse_tweet("Sí 🙋🏽 example.com")
print(told.weightedLength, told.valid, "pkg_resources" in sys.modules)
"""


def test_a_post_is_measured_without_pkg_resources_which_newer_pythons_do_not_bring() -> None:
    told = subprocess.run([sys.executable, "-c", LOADS], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["29", "True", "False"]  # 2 + 1, an emoji 2, 1, a link 23
