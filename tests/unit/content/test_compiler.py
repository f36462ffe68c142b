"""Compiling in a process with limits: bombs end in one error, and this process stays small."""

from __future__ import annotations

import io
import json
import os
import pickle
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from campaigns.content import child
from campaigns.content.child import WALL_SECONDS
from campaigns.content.compiler import Compiler
from campaigns.content.frames import COMPILED
from campaigns.errors import NotFoundError
from tests.unit.content.files import Files

DOUBLING = (
    "{% set ns = namespace(x=START) %}{% for i in range(60) %}{% set ns.x = STEP %}{% endfor %}"
)
LOOPS = "{% for a in range(1000) %}{% for b in range(1000) %}{% for c in range(1000) %}"
ENDS = "{% endfor %}" * 3

BOMBS = {
    "a range of a billion": "{{ range(1000000000) | list | length }}",
    "a range of a power": "{{ range(10**9) | list | length }}",
    "a tower of powers": "{{ 9**9**9 }}",
    "a text times a power": "{{ 'a' * 10**9 }}",
    "a text times a billion": "{{ 'a' * 1000000000 }}",
    "a list times a billion": "{{ [0] * 1000000000 }}",
    "lorem ipsum without end": "{{ lipsum(n=1000000) }}",
    "nested loops with output": f"{LOOPS}x{ENDS}",
    "nested loops without output": f"{LOOPS}{ENDS}",
    "nested loops of a million pieces": f"{LOOPS}{{{{ facts.discount }}}}{ENDS}",
    "doubling a text": DOUBLING.replace("START", "'a'").replace("STEP", "ns.x ~ ns.x"),
    "doubling a list": DOUBLING.replace("START", "[1]").replace("STEP", "ns.x + ns.x"),
    "doubling by replacing": DOUBLING.replace("START", "'a'").replace(
        "STEP", "ns.x | replace('a', 'aa')"
    ),
    "doubling by joining": DOUBLING.replace("START", "'a'").replace("STEP", "[ns.x, ns.x] | join"),
    "squaring a number": DOUBLING.replace("START", "9").replace("STEP", "ns.x * ns.x"),
    "a width in a format": "{{ '%1000000000d' % 1 }}",
    "a width in a format method": "{{ '{:1000000000}'.format(1) }}",
    "padding by a method": "{{ 'x'.ljust(1000000000) }}",
    "a wide indent, folded while parsing": "{{ 'x\\ny' | indent(1000000000) }}",
    "a huge batch": "{{ [1] | batch(1000000000, 'x') | list | length }}",
    "a huge slice": "{{ [1] | slice(1000000000) | list | length }}",
    "a macro that calls itself twice": ("{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}"),
    "a macro with a deep tree": (
        "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}"
    ),
    "a loop in itself": "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
    "a layout in itself": "{% include 'sms.txt.j2' %}",
}


@pytest.fixture(scope="module")
def compiler() -> Iterator[Compiler]:
    compiler = Compiler()
    yield compiler
    compiler.close()


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_in_a_layout_ends_in_one_error_that_names_the_file(
    name: str, files: Files, compiler: Compiler
) -> None:
    files.change("layouts/sms.txt.j2", "{{ legal }}", "{{ legal }}" + BOMBS[name])
    compiler.start()
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.monotonic()
    compiled = compiler.compile(files.root, "sale")
    took = time.monotonic() - started
    assert compiled.release is None
    (finding,) = {f.file for f in compiled.findings}
    assert finding == str(files.root / "layouts/sms.txt.j2")
    assert took < 2 * WALL_SECONDS  # in two seconds, on a machine that has a processor free
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - size
    assert grown < 50 * 1024  # KiB


MEMORY = """
import resource, sys
from pathlib import Path
from campaigns.content.compiler import Compiler
layout, root = Path(sys.argv[1]), Path(sys.argv[2])
compiler = Compiler()
for bomb in sys.argv[3:]:
    layout.write_text(bomb)
    assert compiler.compile(root, "sale").release is None
compiler.close()
status = Path("/proc/self/status").read_text()
print(int(status.split("VmHWM:")[1].split()[0]) // 1024)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
"""


def test_no_process_takes_more_than_600_mib_whatever_a_template_asks_for(files: Files) -> None:
    """Neither the one that asks nor the ones that compile, for every bomb that wants memory."""
    hungry = [bomb for name, bomb in BOMBS.items() if re.search("doubl|huge|times|pieces", name)]
    assert len(hungry) >= 9
    command = [sys.executable, "-c", MEMORY, files.root / "layouts/sms.txt.j2", files.root]
    told = subprocess.run([*command, *hungry], capture_output=True, text=True, check=True)
    asking, compiling = map(int, told.stdout.split())
    # (getrusage would count into the first figure what this test run holds, which started it.)
    assert asking < 600
    assert compiling < 600


def test_a_bomb_in_copy_names_the_copy(files: Files, compiler: Compiler) -> None:
    line = files.english("Buy now", f'"{LOOPS}x{ENDS}"')
    (finding,) = compiler.compile(files.root, "sale").findings
    assert str(finding) == (
        f"{files.root}/campaigns/sale/copy.en.yaml:{line}: "
        "this template does not end in its processor time; look at its loops."
    )


@pytest.mark.parametrize(
    ("bomb", "limit"),
    [
        ("a macro with a deep tree", "processor time"),
        ("squaring a number", "small numbers"),
        ("doubling a list", "memory"),
        ("a layout in itself", "includes or calls itself without end"),
    ],
)
def test_the_error_says_which_limit_was_met(
    bomb: str, limit: str, files: Files, compiler: Compiler
) -> None:
    files.change("layouts/sms.txt.j2", "{{ legal }}", "{{ legal }}" + BOMBS[bomb])
    (told,) = {f.message for f in compiler.compile(files.root, "sale").findings}
    assert limit in told


def test_a_compile_that_ends_without_a_result_is_told_by_what_it_worked() -> None:
    assert "more than 1.5 s of processor time" in child.limit_met(1.97, stalled=False)
    assert "more than 256 MB of memory" in child.limit_met(0.4, stalled=False)
    busy = child.limit_met(0.1, stalled=True)
    assert "not compiled within 60 s on the clock, of which it worked 0.1" in busy
    assert "template" not in busy


def test_a_process_that_waits_longer_than_it_works_is_ended_by_the_clock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(child, "WALL_SECONDS", 0.05)
    readable, writable = os.pipe()
    with os.fdopen(readable, "rb", buffering=0) as stream, os.fdopen(writable, "wb"):
        assert child._listen(stream) == (None, b"", "", True)


def test_after_a_bomb_the_next_campaign_compiles(files: Files, compiler: Compiler) -> None:
    original = (files.root / "layouts/sms.txt.j2").read_text()
    files.write("layouts/sms.txt.j2", BOMBS["doubling a text"])
    assert compiler.compile(files.root, "sale").release is None
    files.write("layouts/sms.txt.j2", original)
    assert compiler.compile(files.root, "sale").findings == ()


def test_the_process_gives_what_compiling_here_gives(files: Files, compiler: Compiler) -> None:
    assert compiler.compile(files.root, "sale") == files.compile()


def test_several_are_answered_in_the_order_they_were_asked_for_whichever_ends_first(
    files: Files, compiler: Compiler
) -> None:
    names = ["sale", *(f"sale_{n}" for n in range(1, 7))]
    for name in names[1:]:
        shutil.copytree(files.root / "campaigns/sale", files.root / "campaigns" / name)
    slow = files.root / "campaigns/sale_2/copy.en.yaml"
    slow.write_text(slow.read_text().replace("Buy now", f"{LOOPS}x{ENDS}"))
    compiled = compiler.compile_all(files.root, names)
    told = [c.release.campaign if c.release else c.findings[0].file for c in compiled]
    assert told == [*names[:2], str(slow), *names[3:]]
    assert compiled[-1] == compiler.compile(files.root, "sale_6")


def test_who_ends_without_having_asked_does_not_wait_for_the_process_to_be_ready() -> None:
    compiler = Compiler()
    compiler.start()
    process = compiler._process
    assert process is not None
    compiler.close()
    assert process.poll() == -signal.SIGKILL


def test_the_process_that_asks_does_not_load_what_compiles(files: Files) -> None:
    asks = (
        "import sys; from pathlib import Path; from campaigns.content.catalog import Catalog\n"
        "catalog = Catalog(Path(sys.argv[1])); catalog.check_shared(); catalog.examine('sale')\n"
        "print(*{'jinja2', 'selectolax', 'css_inline', 'twitter_text'} & sys.modules.keys())"
    )
    told = subprocess.run(
        [sys.executable, "-c", asks, files.root], capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == ""


def test_an_unknown_campaign_is_told_as_such(files: Files, compiler: Compiler) -> None:
    with pytest.raises(NotFoundError, match="did you mean `sale`"):
        compiler.compile(files.root, "sael")


def test_paths_are_relative_to_where_the_asking_process_is_now(
    tmp_path: Path, compiler: Compiler, monkeypatch: pytest.MonkeyPatch
) -> None:
    Files(tmp_path / "here")
    monkeypatch.chdir(tmp_path)
    assert compiler.compile(Path("here"), "sale").findings == ()


def test_a_process_that_was_killed_is_started_again(files: Files, compiler: Compiler) -> None:
    compiler.compile(files.root, "sale")
    assert compiler._process is not None
    os.kill(compiler._process.pid, signal.SIGKILL)
    assert compiler.compile(files.root, "sale").findings == ()


def test_threads_may_compile_at_the_same_time(files: Files, compiler: Compiler) -> None:
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: compiler.compile(files.root, "sale"), range(8)))
    hashes = {r.release.hash for r in results if r.release}
    assert len(hashes) == 1
    assert len([r for r in results if r.release]) == 8


def test_no_secret_is_in_the_process_that_runs_templates(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMPAIGNS_TWILIO_AUTH_TOKEN", "canary-token")
    compiler = Compiler()
    try:
        compiler.compile(files.root, "sale")
        assert compiler._process is not None
        environment = Path(f"/proc/{compiler._process.pid}/environ").read_bytes()
        assert b"PYTHONPATH" in environment
        assert b"canary-token" not in environment
    finally:
        compiler.close()


def test_closing_ends_the_process(files: Files) -> None:
    compiler = Compiler()
    compiler.compile(files.root, "sale")
    process = compiler._process
    assert process is not None
    compiler.close()
    assert process.poll() == 0


def test_it_ends_without_a_word_when_who_asked_is_gone(files: Files) -> None:
    request = {"root": str(files.root), "name": "sale", "edition": "", "cwd": str(files.root)}
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "campaigns.content.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PYTHONPATH": str(Path(child.__file__).parents[2])},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        process.stdin.write(json.dumps(request).encode() + b"\n")
        process.stdin.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_a_mistake_of_the_program_is_not_taken_for_the_templates(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("rcs")

    monkeypatch.setattr(child, "compile_campaign", broken)
    request = {"root": str(files.root), "name": "sale", "edition": ""}
    kind, content = child._compiled(request, io.BytesIO())
    assert kind == COMPILED
    (finding,) = pickle.loads(content).findings
    assert re.fullmatch(
        r"it could not be checked: KeyError at test_compiler\.py:\d+\. "
        "The mistake is the program's, not the file's.",
        finding.message,
    )
