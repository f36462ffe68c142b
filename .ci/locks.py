"""Are the lock files those of pyproject.toml? Looks at files only, so it is quick and offline."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ \\;]+)")


def pins(path: Path) -> dict[str, str]:
    """Package → locked version."""
    found = (PIN.match(line) for line in path.read_text().splitlines())
    return {canonicalize_name(m["name"]): m["version"] for m in found if m}


def direct(path: Path) -> set[str]:
    """The packages that the lock says pyproject.toml asks for."""
    names: set[str] = set()
    current = ""
    for line in path.read_text().splitlines():
        if match := PIN.match(line):
            current = canonicalize_name(match["name"])
        elif "campaigns (pyproject.toml)" in line:
            names.add(current)
    return names


def problems(path: Path, requirements: list[Requirement]) -> list[str]:
    """What pyproject.toml and the lock disagree on, in words."""
    locked = pins(path)
    told = []
    for requirement in requirements:
        version = locked.get(canonicalize_name(requirement.name))
        if version is None:
            told.append(f"{path.name}: {requirement.name} is missing")
        elif not requirement.specifier.contains(version, prereleases=True):
            told.append(f"{path.name}: {requirement.name} is {version}, not {requirement}")
    wanted = {canonicalize_name(r.name) for r in requirements}
    told += [f"{path.name}: {n} is no longer asked for" for n in sorted(direct(path) - wanted)]
    text = path.read_text()
    if "://" in text:
        told.append(f"{path.name}: holds an address; lock files name no index")
    return told


def main() -> int:
    """Tell what is stale; 1 when something is."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = [Requirement(r) for r in project["dependencies"]]
    extra = [Requirement(r) for r in project["optional-dependencies"]["dev"]]
    run, dev = ROOT / "requirements.lock", ROOT / "requirements-dev.lock"
    told = problems(run, needed) + problems(dev, needed + extra)
    other = pins(dev)
    told += [
        f"{dev.name}: {name} is {other.get(name)}, but {version} in {run.name}"
        for name, version in pins(run).items()
        if other.get(name) != version
    ]
    for line in told:
        print(line, file=sys.stderr)
    if told:
        print("The lock files are stale: `make lock` writes them anew.", file=sys.stderr)
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
