"""Wrong settings: each is told by name, and no key is told with it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from campaigns.errors import ConfigurationError
from campaigns.settings import load_settings, unread_names


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("SANDBOX_URL", "http://sandbox.example", "CAMPAIGNS_SANDBOX_URL must be on this machine"),
        ("SMTP_URL", "smtp://user:word@mail.example", "CAMPAIGNS_SMTP_URL must be on this machine"),
        ("PUBLIC_URL", "http://news.example.com", "CAMPAIGNS_PUBLIC_URL must begin with https://"),
        ("LEASE_SECONDS", "soon", "CAMPAIGNS_LEASE_SECONDS: write a whole number (found 'soon')"),
        ("LIVE", "perhaps", "CAMPAIGNS_LIVE: write true or false (found 'perhaps')"),
        ("CLUSTER", "dusk", "CAMPAIGNS_CLUSTER: write dask or ray"),
        ("HOME", "", "CAMPAIGNS_HOME: write a folder, or leave the variable out"),
        ("TEMPLATES", "", "CAMPAIGNS_TEMPLATES: write a folder, or leave the variable out"),
        ("WEB_PROXIES", "10.0.0.7, proxy.example", "CAMPAIGNS_WEB_PROXIES: `proxy.example` is no"),
    ],
)
def test_a_wrong_setting_is_told_by_its_name_and_without_keys(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv("CAMPAIGNS_SENDGRID_API_KEY", "SG.a-key")
    monkeypatch.setenv("CAMPAIGNS_DATABASE_URL", "postgresql://me:a-word@db.example/campaigns")
    monkeypatch.setenv(f"CAMPAIGNS_{name}", value)
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert str(caught.value).startswith(f"wrong settings: {told}")
    for secret in ("SG.a-key", "a-word", "user:word"):
        assert secret not in str(caught.value)


@pytest.fixture
def nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without a .env, and an environment without settings."""
    for name in [n for n in os.environ if n.upper().startswith("CAMPAIGNS_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("CAMPAIGNS_SANBOX_URL", "CAMPAIGNS_SANDBOX_URL"),
        ("CAMPAIGNS_LIFE", "CAMPAIGNS_LIVE"),
        ("CAMPAIGNS_DB_URL", "CAMPAIGNS_DATABASE_URL"),
        ("campaigns_worker", "CAMPAIGNS_WORKERS"),
    ],
)
@pytest.mark.parametrize("where", ["the environment", "the file"])
def test_a_misspelt_setting_is_refused_with_the_nearest_and_without_its_value(
    nothing_set: Path, monkeypatch: pytest.MonkeyPatch, name: str, near: str, where: str
) -> None:
    if where == "the file":
        (nothing_set / ".env").write_text(f"{name}=a-value\n", encoding="utf-8")
    else:
        monkeypatch.setenv(name, "a-value")
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert f"{name.upper()} is no setting; did you mean " in str(caught.value)
    assert near in str(caught.value)
    assert "a-value" not in str(caught.value)


def test_variables_of_others_are_let_be_and_told_by_doctor_alone(
    nothing_set: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [
        "CAMPAIGNS_PORT",  # what Kubernetes sets for a service called `campaigns`
        "CAMPAIGNS_PORT_8027_TCP_ADDR",
        "CAMPAIGNS_SERVICE_HOST",
        "CAMPAIGNS_SERVICE_PORT",
        "CAMPAIGNS_TEST_POSTGRES_URL",
    ]
    for name in others:
        monkeypatch.setenv(name, "x")
    load_settings()
    assert unread_names() == others


def test_a_file_of_settings_in_another_encoding_is_told_so(nothing_set: Path) -> None:
    (nothing_set / ".env").write_bytes("CAMPAIGNS_NOTIFY=canción\n".encode("latin-1"))
    with pytest.raises(ConfigurationError, match="save it as UTF-8"):
        load_settings()


@pytest.mark.parametrize("line", ["CAMPAIGNS_LIVE: true", "CAMPAIGNS_LIVE true"])
def test_a_line_that_is_no_setting_is_told_with_its_number(nothing_set: Path, line: str) -> None:
    (nothing_set / ".env").write_text(f"# ours\nCAMPAIGNS_LANES=2\n{line}\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"\.env:3: write NAME=value"):
        load_settings()


def test_a_sound_file_of_settings_is_read(nothing_set: Path) -> None:
    (nothing_set / ".env").write_text(
        "# ours\nexport CAMPAIGNS_LANES=2\n\nOTHER='a b'\nCAMPAIGNS_WEB_PROXIES=10.0.0.0/24, ::1\n",
        encoding="utf-8",
    )
    settings = load_settings()
    assert (settings.lanes, settings.web_proxies) == (2, "10.0.0.0/24, ::1")
    (nothing_set / ".env").write_text("CAMPAIGNS_LANES=3\n", encoding="utf-8-sig")
    assert load_settings().lanes == 3, "a byte order mark is no part of the first name"
