"""Wrong settings: each is told by name, and no key is told with it."""

from __future__ import annotations

import pytest

from campaigns.errors import ConfigurationError
from campaigns.settings import load_settings


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("SANDBOX_URL", "http://sandbox.example", "CAMPAIGNS_SANDBOX_URL must be on this machine"),
        ("SMTP_URL", "smtp://user:word@mail.example", "CAMPAIGNS_SMTP_URL must be on this machine"),
        ("PUBLIC_URL", "http://news.example.com", "CAMPAIGNS_PUBLIC_URL must begin with https://"),
        ("LEASE_SECONDS", "soon", "CAMPAIGNS_LEASE_SECONDS: write a whole number (found 'soon')"),
        ("LIVE", "perhaps", "CAMPAIGNS_LIVE: write true or false (found 'perhaps')"),
        ("CLUSTER", "dusk", "CAMPAIGNS_CLUSTER: write dask or ray"),
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
