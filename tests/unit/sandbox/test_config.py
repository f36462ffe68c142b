"""The sandbox's settings file."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from campaigns.errors import FileError
from campaigns.sandbox.config import SandboxConfig


def test_a_file_overrides_what_it_names(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.json"
    path.write_bytes(orjson.dumps({"sendgrid_key": "SG.mine", "twilio_numbers": ["+447700900001"]}))
    config = SandboxConfig.from_file(path)
    assert config.sendgrid_key == "SG.mine"
    assert config.twilio_numbers == ("+447700900001",)
    assert config.x_username == SandboxConfig().x_username


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{\n}}", ":2: not JSON"),
        ("[]", "expected a JSON object"),
        ('{"sendgird_key": "x"}', "unknown setting 'sendgird_key'"),
        ('{"x_dm_limit": "many"}', "x_dm_limit: "),
    ],
)
def test_a_wrong_file_is_refused_and_named(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "sandbox.json"
    path.write_text(content)
    with pytest.raises(FileError, match=words) as raised:
        SandboxConfig.from_file(path)
    assert str(path) in str(raised.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be read"):
        SandboxConfig.from_file(tmp_path / "none.json")
