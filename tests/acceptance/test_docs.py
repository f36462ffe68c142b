"""Every command that the docs show works as shown, in a fresh folder, against a sandbox."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from campaigns.cli import cli
from campaigns.sandbox.process import SandboxProcess

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/*.md")])
_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
#: Commands named in a sentence.
_INLINE = re.compile(r"`(campaigns [a-z][^`]*)`")
#: Commands that other tests run for real, or that start what this test starts itself.
_ELSEWHERE = ("source ", "campaigns sandbox", "campaigns studio", "prefect ", "git ", "export ")


def commands(page: Path) -> list[str]:
    """The shell lines of a page, comments cut, continued lines joined."""
    text = page.read_text(encoding="utf-8")
    lines = [
        line for block in _BLOCK.findall(text) for line in block.replace("\\\n", " ").splitlines()
    ]
    return [line.split(" # ")[0].split("  #")[0].strip() for line in lines if line.strip()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder such as a clean checkout: the shipped templates and nothing else."""
    made = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / "templates", made / "templates")
    return made


@pytest.fixture(scope="module")
def environment(folder: Path) -> Iterator[dict[str, str]]:
    with SandboxProcess(folder / "sandbox") as sandbox:
        clean = {k: v for k, v in os.environ.items() if not k.startswith("CAMPAIGNS_")}
        binaries = str(Path(sys.executable).parent)
        yield clean | {
            "PATH": binaries + os.pathsep + clean["PATH"],
            "CAMPAIGNS_SANDBOX_URL": sandbox.url,
            "CAMPAIGNS_SANDBOX_QUIET_HOURS": "false",  # it may be night somewhere
        }


def test_the_first_campaign_of_the_readme_runs_as_written(
    folder: Path, environment: dict[str, str]
) -> None:
    ran = 0
    for command in commands(ROOT / "README.md"):
        if command.startswith(_ELSEWHERE) or command.startswith("make "):
            continue
        done = subprocess.run(  # noqa: PLW1510
            ["bash", "-euc", command], cwd=folder, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        ran += 1
    assert ran >= 8


def test_the_fault_that_the_readme_shows_is_told_as_it_is_shown(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    shutil.copytree(ROOT / "templates", tmp_path / "templates")
    files = tmp_path / "templates/campaigns/spring_sale"
    for name, old, new in [
        ("copy.es.yaml", "short: >-\n  {{ facts.discount }}", "short: >-\n  25 %"),
    ]:
        text = (files / name).read_text(encoding="utf-8")
        assert old in text
        (files / name).write_text(text.replace(old, new), encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"^```\n\$ (campaigns check .*?)\n(.*?)^```", readme, re.M | re.S)
    done = subprocess.run(  # noqa: PLW1510
        shown[0].split(), cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (2, shown[1])


def test_what_knows_a_channel_by_its_name_is_listed_for_who_adds_one() -> None:
    source = ROOT / "src/campaigns"
    knows = re.compile(
        r"Channel\.WHATSAPP|['\"](whatsapp|whatsapp\.txt)['\"]|^    whatsapp: ", re.M
    )
    naming = {
        str(path.relative_to(source))
        for path in source.rglob("*.py")
        if knows.search(path.read_text(encoding="utf-8"))
        and path.relative_to(source).parts[0] not in ("sandbox", "sample")
        and path.parent.name != "twilio"
    }
    section = (
        (ROOT / "docs/channels.md").read_text(encoding="utf-8").split("## Adding a channel")[1]
    )
    assert set(re.findall(r"`([a-z_/]+\.py)`", section.split("Then: ")[0])) == naming


def test_every_page_of_the_docs_is_named_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [
        p.name for p in PAGES if p.parent.name == "docs" and f"docs/{p.name}" not in readme
    ] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_command_in_the_docs_exists_with_the_options_shown(page: Path) -> None:
    for command in [*commands(page), *_INLINE.findall(page.read_text(encoding="utf-8"))]:
        _exists(" ".join(command.split()), page.name)


def test_every_example_in_a_commands_help_exists_with_the_options_shown() -> None:
    from campaigns.cli import COMMANDS
    from campaigns.cli.examples import EXAMPLES

    assert set(EXAMPLES) <= set(COMMANDS)
    for name, lines in EXAMPLES.items():
        for line in lines:
            assert f"campaigns {name}" in line
            assert _exists(line, f"--help of {name}") == 1


def test_no_help_cuts_a_line_off() -> None:
    for name in ("show", "inbox", "matches", "keys"):
        told = CliRunner().invoke(cli, [name, "--help"], terminal_width=80).output
        assert "..." not in told.split("Commands:")[1], told


def _exists(command: str, place: str) -> int:
    """How many commands of ours a line holds; each of them exists as it is written."""
    ours = 0
    for part in re.split(r"[|;&]+ ", command):
        words = shlex.split(part, comments=True)
        if not words or words[0] != "campaigns":
            continue
        ours += 1
        node: click.Command = cli
        context = cli.make_context("campaigns", [], resilient_parsing=True)
        options: set[str] = {"--help", "--version"}
        for word in words[1:]:
            if isinstance(node, click.Group) and re.fullmatch(r"[a-z][a-z-]*", word):
                found = node.get_command(context, word)
                assert found is not None, f"{place}: there is no `{word}` in `{command}`"
                node = found
                options = {o for p in node.params for o in p.opts} | {"--help"}
            elif word.startswith("--"):
                name = word.split("=")[0]
                assert name in options, f"{place}: `{name}` is no option in `{command}`"
    return ours


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_make_target_in_the_docs_exists(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for command in commands(page):
        if command.startswith("make "):
            target = command.split()[1]
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"no `make {target}`"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_link_between_the_docs_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", text):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"
